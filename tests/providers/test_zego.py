"""ZEGO's calls as the documentation writes them, and the outcome rules of DeleteFriends."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qsl

import duckdb
import orjson
import pytest

from bulkdel.providers.protocol import App, Secret
from bulkdel.providers.zego import ZEGO
from bulkdel.words import Answer, Batch, Mode, Operation, Sweep, Verdict

BATCH = Batch(0, "me", ("a", "b", "c"))
ALONE = Batch(0, "me", ("a",))
SWEEP = Sweep(0, "me")
APP = App(app_id=12345, admin="", secret=Secret("9193cc662a4c0ec135ec71fb57194b38"))
NONCE = bytes.fromhex("4fd24687296dd9f3")


def reply(code: object, *errors: tuple[object, object], message: str = "") -> bytes:
    """A reply with these (UserId, SubCode) in ErrorList."""
    listed = [{"UserId": account, "SubCode": sub} for account, sub in errors]
    return orjson.dumps({"Code": code, "Message": message, "RequestId": "1", "ErrorList": listed})


def verdicts(answer: Answer) -> list[Verdict]:
    """The verdict for each id of BATCH, in its order."""
    return [answer.items.get(account, answer.rest).verdict for account in BATCH.to_accounts]


# --- encode ---------------------------------------------------------------------------------------

COMMON = [
    ("AppId", "12345"),
    ("SignatureNonce", "4fd24687296dd9f3"),
    ("Timestamp", "1615186943"),
    ("SignatureVersion", "2.0"),
    ("Signature", "43e5cfcca828314675f91b001390566a"),
]


@pytest.mark.parametrize(("mode", "number"), [(Mode.TWO_WAY, 0), (Mode.ONE_WAY, 1)])
def test_calls(mode: Mode, number: int) -> None:
    """DeleteFriends is a POST with JSON, DeleteAllFriends a GET; ZEGO's 0 is two-way."""
    credentials = ZEGO.credentials(APP, 1615186943.99)
    post, get = (
        ZEGO.encode(
            entry, mode, app=APP, credentials=credentials, now_s=1615186943.99, entropy=NONCE
        )
        for entry in (BATCH, SWEEP)
    )
    assert (post.method, post.path) == ("POST", "/")
    assert parse_qsl(post.query) == [("Action", "DeleteFriends"), *COMMON]
    assert orjson.loads(post.body or b"") == {
        "FromUserId": "me",
        "UserIds": ["a", "b", "c"],
        "DeleteType": number,
    }
    assert (get.method, get.path, get.body) == ("GET", "/", None)
    assert parse_qsl(get.query) == [
        ("Action", "DeleteAllFriends"),
        *COMMON,
        ("FromUserId", "me"),
        ("DeleteType", str(number)),
    ]


def test_second_signature_vector() -> None:
    """AppId, nonce, secret and second are joined without separators."""
    app = App(app_id=1234567890, admin="", secret=Secret("0123456789abcdef" * 2))
    call = ZEGO.encode(
        SWEEP,
        Mode.ONE_WAY,
        app=app,
        credentials=ZEGO.credentials(app, 0),
        now_s=1767225600,
        entropy=bytes.fromhex("0011223344556677"),
    )
    assert dict(parse_qsl(call.query))["Signature"] == "22849315074fad530c6ef0fac673fb1d"


@pytest.mark.parametrize("account", ["a&b", "a#b", "a+b", "100%", "a=b", "a b", "?[]{}|~", "用户é"])
def test_accounts_survive_the_query(account: str) -> None:
    """The account of a GET arrives as it is, and nothing else of the query changes."""
    call = ZEGO.encode(
        Sweep(0, account),
        Mode.TWO_WAY,
        app=APP,
        credentials=ZEGO.credentials(APP, 0),
        now_s=1615186943,
        entropy=NONCE,
    )
    assert call.query.isascii()
    assert not set(call.query) & set(' +#[]{}|"')
    assert parse_qsl(call.query, strict_parsing=True) == [
        ("Action", "DeleteAllFriends"),
        *COMMON,
        ("FromUserId", account),
        ("DeleteType", "0"),
    ]


def test_there_is_nothing_to_renew() -> None:
    """Each call is signed anew, so credentials are empty and never run out."""
    credentials = ZEGO.credentials(APP, 5.0)
    assert (credentials.token, credentials.renew_at_s) == ("", math.inf)


def test_what_is_documented() -> None:
    """Regions and limits are the documentation's."""
    assert ZEGO.regions == {
        "global": "https://zim-api.zego.im",
        "shanghai": "https://zim-api-sha.zego.im",
        "hong_kong": "https://zim-api-hkg.zego.im",
        "frankfurt": "https://zim-api-fra.zego.im",
        "california": "https://zim-api-lax.zego.im",
        "mumbai": "https://zim-api-bom.zego.im",
        "singapore": "https://zim-api-sgp.zego.im",
    }
    limits = ZEGO.limits[Operation.DELETE_FRIENDS]
    assert (limits.qps, limits.batch_size, limits.batch_size_most) == (20, 20, 50)
    assert ZEGO.limits[Operation.DELETE_ALL_FRIENDS].qps == 20


def test_the_id_rule_reads_alike_in_python_and_re2() -> None:
    """Each character is allowed or not as documented, by Python's re and by DuckDB's RE2."""
    rule = ZEGO.id_rule
    assert rule is not None
    allowed = set(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&()+-:;<=.>?@[]^_{}~| "
    )
    characters = [chr(number) for number in range(1, 0x180)]
    in_python = {char for char in characters if re.fullmatch(rule.pattern, f"a{char}")}
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select char from unnest(?) t(char) where regexp_full_match('a' || char, ?)",
            [characters, rule.pattern],
        ).fetchall()
    assert in_python == allowed
    assert {row[0] for row in rows} == allowed
    assert re.fullmatch(rule.pattern, "") is None


# --- decode ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("errors", [b"", b',"ErrorList":null', b',"ErrorList":[]'])
def test_code_0_without_errors(errors: bytes) -> None:
    """An empty, absent or null ErrorList: all are deleted."""
    answer = ZEGO.decode(BATCH, 200, b'{"Code":0' + errors + b"}")
    assert verdicts(answer) == [Verdict.DELETED] * 3


def test_code_0_with_errors() -> None:
    """The listed ones failed, each for its own reason; the others are deleted."""
    answer = ZEGO.decode(BATCH, 200, reply(0, ("c", 660800034), ("a", 660700015)))
    assert verdicts(answer) == [Verdict.FAILED, Verdict.DELETED, Verdict.ALREADY_GONE]
    assert [answer.items[account].code for account in ("a", "c")] == [660700015, 660800034]


def test_another_code_with_errors() -> None:
    """Every target failed: the listed by their SubCode, and nobody is deleted."""
    answer = ZEGO.decode(BATCH, 200, reply(660000003, ("a", 660800034), ("c", 660700015)))
    assert verdicts(answer) == [Verdict.ALREADY_GONE, Verdict.TRANSIENT, Verdict.FAILED]


@pytest.mark.parametrize("code", [660800034, 660000002, 660500002])
def test_a_code_does_not_settle_those_its_list_leaves_out(code: int) -> None:
    """A reply with results for some ids says nothing final of the others."""
    answer = ZEGO.decode(BATCH, 200, reply(code, ("a", 660800034)))
    assert verdicts(answer) == [Verdict.ALREADY_GONE, Verdict.TRANSIENT, Verdict.TRANSIENT]
    assert (answer.rest.code, answer.rest.lost) == (code, True)


def test_another_code_without_errors() -> None:
    """The code speaks for the call, with the provider's message."""
    answer = ZEGO.decode(BATCH, 200, reply(660300005, message="rate limit"))
    assert (answer.rest.verdict, answer.rest.info) == (Verdict.THROTTLED, "rate limit")
    assert not answer.items


@pytest.mark.parametrize("errors", [{}, "", "x", 0, False, {"UserId": "a", "SubCode": 1}])
def test_an_error_list_that_is_none(errors: object) -> None:
    """An ErrorList of another type makes a success unreadable; a throttle stays one."""
    answer = ZEGO.decode(BATCH, 200, orjson.dumps({"Code": 0, "ErrorList": errors}))
    assert verdicts(answer) == [Verdict.TRANSIENT] * 3
    assert answer.rest.lost
    answer = ZEGO.decode(BATCH, 200, orjson.dumps({"Code": 7, "ErrorList": errors}))
    assert verdicts(answer) == [Verdict.THROTTLED] * 3


@pytest.mark.parametrize("error", [None, 1, "a", [], {"SubCode": 1}, {"UserId": 1, "SubCode": 1}])
def test_an_error_that_names_nobody_could_be_anybodys(error: object) -> None:
    """With Code 0 and an unreadable entry, "not listed" is no success any more."""
    listed = [{"UserId": "b", "SubCode": 660800034}, error]
    answer = ZEGO.decode(BATCH, 200, orjson.dumps({"Code": 0, "ErrorList": listed}))
    assert verdicts(answer) == [Verdict.TRANSIENT, Verdict.ALREADY_GONE, Verdict.TRANSIENT]
    assert answer.rest.lost


@pytest.mark.parametrize("sub", [0, "0", None, False, 1.5])
def test_an_error_without_a_code_is_unknown(sub: object) -> None:
    """An id that is listed as failed is never deleted, whatever its SubCode; others are."""
    answer = ZEGO.decode(BATCH, 200, reply(0, ("b", sub)))
    assert verdicts(answer) == [Verdict.DELETED, Verdict.TRANSIENT, Verdict.DELETED]
    assert answer.items["b"].lost


def test_a_batch_above_the_limit() -> None:
    """The whole call is refused for its size, also where the list repeats it for each id."""
    listed = [(account, 660800019) for account in BATCH.to_accounts]
    for body in (reply(660800019), reply(660800019, *listed)):
        answer = ZEGO.decode(BATCH, 200, body)
        assert (answer.rest.verdict, answer.rest.shrink) == (Verdict.SPLIT, True)
        assert not answer.items
    assert ZEGO.decode(ALONE, 200, reply(660800019)).rest.verdict is Verdict.FAILED


def test_ids_beyond_the_limit_go_again() -> None:
    """Where only the ids beyond the limit are refused, they are not failed: they go again."""
    answer = ZEGO.decode(BATCH, 200, reply(0, ("c", 660800019)))
    assert verdicts(answer) == [Verdict.DELETED, Verdict.DELETED, Verdict.TRANSIENT]
    assert answer.items["c"].shrink
