"""What replies to deletions say as they stand: strictly read, nothing filled in."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import PROVIDERS
from bulkdel.providers.codes import Scope
from bulkdel.providers.rehearsal import Said
from bulkdel.words import UNREADABLE, Verdict


def tencent(*items: Any, code: int = 0, key: str = "ResultItem", status: str = "OK") -> bytes:
    """A reply of friend_delete."""
    return orjson.dumps({"ActionStatus": status, "ErrorCode": code, "ErrorInfo": "", key: items})


def zego(*items: Any, code: int = 0) -> bytes:
    """A reply of DeleteFriends."""
    return orjson.dumps({"Code": code, "Message": "", "ErrorList": items})


def read(provider: str, body: bytes, scope: Scope = Scope.SEVERAL, status: int = 200) -> Said:
    """The reply as it stands."""
    return PROVIDERS[provider].rehearsed.read(scope, status, body)


def test_results_stand_as_they_came() -> None:
    """In their order, as often as they are named, those that nobody sent as well."""
    deleted = {"To_Account": "b", "ResultCode": 0, "ResultInfo": ""}
    strange = {"To_Account": "x", "ResultCode": 31704, "ResultInfo": "Not_Friend"}
    said = read("tencent", tencent(strange, deleted, deleted))
    assert [(name, ruling.code) for name, ruling in said.items] == [
        ("x", 31704),
        ("b", 0),
        ("b", 0),
    ]
    assert [ruling.verdict for ruling in said.of("b")] == [Verdict.DELETED, Verdict.DELETED]
    assert said.of("c") == ()
    named = read("zego", zego({"UserId": "b", "SubCode": 660800034}, code=660800034))
    assert (named.own.code, [name for name, _ in named.items]) == (660800034, ["b"])


def test_a_reply_without_results_names_nobody() -> None:
    """Missing, null and empty are the same; the own code is there all the same."""
    for body in (tencent(), orjson.dumps({"ErrorCode": 0, "ResultItem": None}), b'{"ErrorCode":0}'):
        assert read("tencent", body) == Said(own=read("tencent", tencent()).own)
    assert read("zego", b'{"Code":660000002}').own.code == 660000002


def test_a_code_of_one_id_says_what_became_of_it() -> None:
    """Of one id "not a friend" is its answer; of several it is nobody's."""
    body = tencent(code=31704, status="FAIL")
    assert read("tencent", body, Scope.ONE).own.verdict is Verdict.ALREADY_GONE
    assert read("tencent", body).own.verdict is Verdict.SPLIT


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("tencent", tencent("b")),
        ("tencent", tencent({"To_Account": "b"})),
        ("tencent", tencent({"To_Account": 7, "ResultCode": 0})),
        ("tencent", tencent({"To_Account": "b", "ResultCode": False})),
        ("tencent", b'{"ErrorCode":0,"ResultItem":{}}'),
        ("tencent", tencent({"To_Account": "b", "ResultCode": 0}, status="FAIL")),
        ("zego", zego({"UserId": "b", "SubCode": "7"})),
        ("zego", b'{"Code":0,"ErrorList":"b"}'),
        ("zego", b'{"Code":"0"}'),
        ("zego", b"<html>"),
    ],
)
def test_what_is_malformed_is_no_answer(provider: str, body: bytes) -> None:
    """One result that cannot be read makes the reply unreadable: nothing of it is believed."""
    said = read(provider, body)
    assert (said.own.verdict, said.own.code) == (Verdict.TRANSIENT, UNREADABLE)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_another_status_says_nothing_was_done(provider: str) -> None:
    """Whatever such a reply claims, it names nobody and is no success."""
    body = {"tencent": tencent({"To_Account": "b", "ResultCode": 0}), "zego": zego()}[provider]
    for status in (429, 404, 500, 302):
        said = read(provider, body, status=status)
        assert said.items == ()
        assert said.own.verdict in (Verdict.TRANSIENT, Verdict.THROTTLED)


@given(st.sampled_from(list(PROVIDERS)), st.integers(100, 999), st.binary(max_size=200))
def test_any_bytes_are_read(provider: str, status: int, body: bytes) -> None:
    """Reading is total."""
    assert isinstance(read(provider, body, status=status), Said)
