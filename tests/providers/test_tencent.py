"""Tencent's calls as the documentation writes them, and its replies read item by item."""

from __future__ import annotations

import timeit
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from bulkdel.providers.operations import Limits
from bulkdel.providers.protocol import App, Secret
from bulkdel.providers.tencent import TENCENT
from bulkdel.words import Answer, Batch, Mode, Operation, Ruling, Sweep, Verdict

APP = App(app_id=1400000000, admin="administrator", secret=Secret("0123456789abcdef" * 4))
NOW_S = 1_700_000_000.9
BATCH = Batch(0, "007", ("1e5", "null", "é"))
ALONE = Batch(0, "007", ("1e5",))
SWEEP = Sweep(0, "007")


def item(account: object, code: object, info: object = "") -> dict[str, object]:
    """One entry of ResultItem."""
    return {"To_Account": account, "ResultCode": code, "ResultInfo": info}


def reply(*items: object, code: object = 0, info: str = "", status: object = "OK") -> bytes:
    """A whole reply."""
    return orjson.dumps(
        {"ResultItem": items, "ActionStatus": status, "ErrorCode": code, "ErrorInfo": info}
    )


def verdicts(answer: Answer, batch: Batch = BATCH) -> list[Verdict]:
    """The verdict for each id of the batch, in its order."""
    return [answer.items.get(account, answer.rest).verdict for account in batch.to_accounts]


# --- encode ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "delete_type"),
    [(Mode.ONE_WAY, "Delete_Type_Single"), (Mode.TWO_WAY, "Delete_Type_Both")],
)
@pytest.mark.parametrize(
    ("entry", "path", "content"),
    [
        (
            BATCH,
            "/v4/sns/friend_delete",
            {"From_Account": "007", "To_Account": ["1e5", "null", "é"]},
        ),
        (SWEEP, "/v4/sns/friend_delete_all", {"From_Account": "007"}),
    ],
)
def test_calls(
    *, entry: Batch | Sweep, path: str, content: dict[str, Any], mode: Mode, delete_type: str
) -> None:
    """Both calls are POSTs with ids as strings and DeleteType always written out."""
    credentials = TENCENT.credentials(APP, NOW_S)
    call = TENCENT.encode(
        entry,
        mode,
        app=APP,
        credentials=credentials,
        now_s=NOW_S,
        entropy=b"\xff\xff\xff\xfe\0\0\0\0",
    )
    assert (call.method, call.path) == ("POST", path)
    assert orjson.loads(call.body or b"") == content | {"DeleteType": delete_type}
    assert parse_qsl(call.query, strict_parsing=True) == [
        ("sdkappid", "1400000000"),
        ("identifier", "administrator"),
        ("usersig", credentials.token),
        ("random", "4294967294"),
        ("contenttype", "json"),
    ]
    assert f"&usersig={credentials.token}&" in call.query


@pytest.mark.parametrize("admin", ["a&b=c", "a b", "100%", "a+b", "a#b/c", "@RBT#1", "用户é"])
def test_the_admin_survives_the_query(admin: str) -> None:
    """Any admin account arrives as it is, whatever characters it has."""
    app = App(app_id=1, admin=admin, secret=Secret("k"))
    call = TENCENT.encode(
        BATCH,
        Mode.ONE_WAY,
        app=app,
        credentials=TENCENT.credentials(app, NOW_S),
        now_s=NOW_S,
        entropy=bytes(8),
    )
    assert call.query.isascii()
    assert " " not in call.query
    pairs = dict(parse_qsl(call.query, strict_parsing=True))
    assert pairs["identifier"] == admin
    assert pairs["random"] == "0"
    assert len(pairs) == 5


def test_credentials_are_renewed_long_before_they_expire() -> None:
    """A UserSig is good for 24 hours and replaced after 12."""
    assert TENCENT.credentials(APP, NOW_S).renew_at_s == NOW_S + 43_200


def test_what_is_documented() -> None:
    """Regions and limits are the documentation's."""
    assert set(TENCENT.regions) == {
        *("china", "singapore", "seoul", "tokyo"),
        *("frankfurt", "silicon_valley", "jakarta", "mumbai"),
    }
    assert TENCENT.regions["china"] == "https://console.tim.qq.com"
    assert TENCENT.regions["tokyo"] == "https://adminapijpn.im.qcloud.com"
    assert TENCENT.limits[Operation.DELETE_FRIENDS] == Limits(
        qps=200, batch_size=1000, batch_size_most=1000
    )
    assert TENCENT.limits[Operation.DELETE_ALL_FRIENDS].qps == 200
    assert TENCENT.id_rule is None


# --- decode ---------------------------------------------------------------------------------------


def test_the_documented_sample() -> None:
    """The page's own reply, with "0" as ErrorInfo, is a success."""
    body = b"""{"ResultItem": [{"To_Account": "id1", "ResultCode": 0, "ResultInfo": ""},
        {"To_Account": "id2", "ResultCode": 0, "ResultInfo": ""}],
        "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "0", "ErrorDisplay": ""}"""
    answer = TENCENT.decode(Batch(0, "id", ("id1", "id2")), 200, body)
    assert answer == Answer(rest=Ruling(verdict=Verdict.DELETED, code=0))


def test_items_win_over_the_call() -> None:
    """An item's own result counts, also where the call as a whole failed."""
    answer = TENCENT.decode(
        BATCH,
        200,
        reply(item("é", 31704), item("1e5", 0), item("null", 30003), code=30006, status="FAIL"),
    )
    assert verdicts(answer) == [Verdict.DELETED, Verdict.FAILED, Verdict.ALREADY_GONE]


@pytest.mark.parametrize(
    ("code", "verdict", "lost"),
    [
        (0, Verdict.TRANSIENT, True),
        (30006, Verdict.TRANSIENT, True),
        (60007, Verdict.THROTTLED, False),
        (70009, Verdict.RESIGN, False),
        (70050, Verdict.FATAL, False),
        (30001, Verdict.TRANSIENT, True),
        (31704, Verdict.TRANSIENT, True),
        (30003, Verdict.TRANSIENT, True),
    ],
)
def test_an_id_without_an_item(code: int, verdict: Verdict, lost: bool) -> None:
    """Where others have results it is the call's, short of being settled or split by it."""
    answer = TENCENT.decode(BATCH, 200, reply(item("1e5", 0), item("é", 31704), code=code))
    assert verdicts(answer) == [Verdict.DELETED, verdict, Verdict.ALREADY_GONE]
    assert answer.items["null"].lost == lost


@pytest.mark.parametrize("items", [None, [], {}, "x", 0, False])
def test_success_without_items_is_unknown(items: object) -> None:
    """ErrorCode 0 deletes nobody: only an item does."""
    body = orjson.dumps({"ActionStatus": "OK", "ErrorCode": 0, "ResultItem": items})
    answer = TENCENT.decode(BATCH, 200, body)
    assert (answer.rest.verdict, answer.rest.code, answer.rest.lost) == (
        Verdict.TRANSIENT,
        -2,
        True,
    )
    assert not answer.items


@pytest.mark.parametrize("entry", [BATCH, ALONE, SWEEP])
def test_a_reply_that_contradicts_itself_deletes_nobody(entry: Batch | Sweep) -> None:
    """FAIL with ErrorCode 0 is no success, not even for items with code 0."""
    for status in ("FAIL", "", 0, False):
        answer = TENCENT.decode(entry, 200, reply(item("1e5", 0), item("é", 0), status=status))
        assert (answer.rest.verdict, answer.rest.lost) == (Verdict.TRANSIENT, True)
        assert not answer.items


def test_a_missing_action_status_is_no_contradiction() -> None:
    """Tencent's own SDK requires ErrorCode alone."""
    body = orjson.dumps({"ErrorCode": 0, "ResultItem": [item("1e5", 0)]})
    assert TENCENT.decode(ALONE, 200, body).rest.verdict is Verdict.DELETED
    assert TENCENT.decode(SWEEP, 200, b'{"ErrorCode":0}').rest.verdict is Verdict.DELETED


@pytest.mark.parametrize(
    ("twice", "verdict"),
    [
        ((0, 0), Verdict.DELETED),
        ((0, 31704), Verdict.TRANSIENT),
        ((30003, 0), Verdict.TRANSIENT),
        ((30006, 30007), Verdict.TRANSIENT),
        ((31704, 31704), Verdict.ALREADY_GONE),
        ((0, "0"), Verdict.TRANSIENT),
    ],
)
def test_an_id_named_twice(twice: tuple[object, object], verdict: Verdict) -> None:
    """Two results for one id count where they agree; otherwise nothing is known of it."""
    items = [item("1e5", twice[0]), item("null", 0), item("1e5", twice[1]), item("é", 0)]
    for body in (reply(*items), reply(*reversed(items))):
        assert verdicts(TENCENT.decode(BATCH, 200, body)) == [
            verdict,
            Verdict.DELETED,
            Verdict.DELETED,
        ]


@pytest.mark.parametrize("junk", [None, 1, "1e5", [], ["1e5", 0], {}, item(1e5, 0), item(None, 0)])
def test_items_that_name_nobody_are_ignored(junk: object) -> None:
    """An item without an account of ours leaves that account without a result."""
    answer = TENCENT.decode(BATCH, 200, reply(junk, item("null", 0), item("é", 0)))
    assert verdicts(answer) == [Verdict.TRANSIENT, Verdict.DELETED, Verdict.DELETED]


@pytest.mark.parametrize(
    "info", ["Err_SNS_FriendDelete_Not_Friend", "friend_not_exist", "NOT_EXIST"]
)
def test_30001_may_mean_that_there_is_no_friend(info: str) -> None:
    """On one id the text tells; of several it cannot say which; a sweep names no friend."""
    answer = TENCENT.decode(
        BATCH, 200, reply(item("1e5", 30001, info), item("null", 30001, "bad"), item("é", 0))
    )
    assert verdicts(answer) == [Verdict.ALREADY_GONE, Verdict.FAILED, Verdict.DELETED]
    assert answer.items["1e5"] == Ruling(verdict=Verdict.ALREADY_GONE, code=30001, info=info)
    whole = reply(code=30001, info=info, status="FAIL")
    rests = [TENCENT.decode(entry, 200, whole).rest.verdict for entry in (BATCH, ALONE, SWEEP)]
    assert rests == [Verdict.SPLIT, Verdict.ALREADY_GONE, Verdict.FAILED]


def test_every_item_refused_alike_is_the_rest() -> None:
    """Where all items say the same, the answer says it once."""
    answer = TENCENT.decode(BATCH, 200, reply(*(item(a, 31704) for a in BATCH.to_accounts)))
    assert answer == Answer(rest=Ruling(verdict=Verdict.ALREADY_GONE, code=31704))


def test_holds_and_conflicts_reach_the_lane() -> None:
    """What the tables know beside the verdict travels with the ruling."""
    answer = TENCENT.decode(
        BATCH, 200, reply(item("1e5", 31707), item("null", 30008), item("é", 0))
    )
    assert answer.items["1e5"].hold_s == 60.0
    assert answer.items["null"].conflict


@pytest.mark.bench
def test_a_full_success_costs_little() -> None:
    """Ruling 1000 successes costs no more than parsing them twice over, in any order."""
    accounts = tuple(f"user_{n:07d}" for n in range(1000))
    batch = Batch(0, "me", accounts)
    for order in (accounts, accounts[::-1]):
        body = reply(*(item(account, 0) for account in order))

        def decode(body: bytes = body) -> Answer:
            return TENCENT.decode(batch, 200, body)

        def load(body: bytes = body) -> object:
            return orjson.loads(body)

        best = [min(timeit.repeat(f, number=20, repeat=15)) / 20 for f in (decode, load)]
        assert best[0] <= 3 * best[1]
