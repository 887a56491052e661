"""How a reply is read: in one way or not at all."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import PROVIDERS, replies
from bulkdel.words import UNREADABLE, Batch, Verdict


class Pairs(list[tuple[str, Any]]):
    """An object whose keys may stand twice."""


BATCH = Batch(0, "a", ("b", "c"))
KEYS = st.text(max_size=3) | st.sampled_from(["Code", "ErrorCode", '"', "\\", '\\"', "é", "\x00"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | KEYS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=3).map(Pairs)
    ),
    max_leaves=8,
)


def written(value: Any, *, ascii_only: bool) -> str:
    """JSON of any value, Pairs as they stand."""
    if isinstance(value, Pairs):
        inner = (
            f"{json.dumps(key, ensure_ascii=ascii_only)} : {written(one, ascii_only=ascii_only)}"
            for key, one in value
        )
        return "{ " + ",\n".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(one, ascii_only=ascii_only) for one in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def has_a_key_twice(value: Any) -> bool:
    """Anywhere in it."""
    if isinstance(value, Pairs):
        keys = [key for key, _ in value]
        return len(set(keys)) < len(keys) or any(has_a_key_twice(one) for _, one in value)
    return isinstance(value, list) and any(has_a_key_twice(one) for one in value)


@given(st.lists(st.tuples(KEYS, VALUES), max_size=4).map(Pairs), st.booleans())
def test_an_object_with_a_key_twice_is_not_read(value: Pairs, ascii_only: bool) -> None:
    """At any depth, however keys and texts are written; all others are read."""
    body = written(value, ascii_only=ascii_only).encode()
    read = replies._read(body)
    assert read == ({} if has_a_key_twice(value) else orjson.loads(body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"ErrorCode":30006,"ErrorCode":0,"ResultItem":[{"To_Account":"b","ResultCode":0}]}',
        b'{"ErrorCode":0,"ResultItem":[{"To_Account":"b","ResultCode":30003,"ResultCode":0}]}',
        b'{"ErrorCode":0,"ResultItem":[],"ResultItem":[{"To_Account":"b","ResultCode":0}]}',
        b'{"ErrorCode":0,"ResultItem":[{"To_Account":"c","To_Account":"b","ResultCode":0}]}',
        b'{"ErrorCode":9,"Error\\u0043ode":0,"ResultItem":[{"To_Account":"b","ResultCode":0}]}',
        b'\xef\xbb\xbf{"ErrorCode":0,"ResultItem":[{"To_Account":"b","ResultCode":0}]}',
        b'{"ErrorCode":0,"ResultItem":[{"To_Account":"b","ResultCode":0,"x":NaN}]}',
        b'{"ErrorCode":0,"ResultItem":[{"To_Account":"b","ResultCode":0,"x":"\xff"}]}',
        b'{"ErrorCode":0,"x":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"ErrorCode":0,"ResultItem":[{"To_Account":"b","ResultCode":0}]}{}',
    ],
)
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_what_can_be_read_in_two_ways_settles_nothing(name: str, body: bytes) -> None:
    """It may have been carried out, and nobody knows."""
    if name == "zego":
        body = body.replace(b"Error\\u0043ode", b"C\\u006fde").replace(b"ErrorCode", b"Code")
        body = body.replace(b"ResultItem", b"ErrorList").replace(b"To_Account", b"UserId")
        body = body.replace(b"ResultCode", b"SubCode")
    answer = PROVIDERS[name].decode(BATCH, 200, body)
    assert (answer.rest.verdict, answer.rest.code) == (Verdict.TRANSIENT, UNREADABLE)
    assert answer.rest.lost
    assert not answer.items
