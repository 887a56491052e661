"""Tencent's calls: each check refuses with its documented code, and the answers are its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.wire import EmulatedApp
from bulkdel.emulator.world import ReverseOnly, World
from tests.emulator.calls import (
    NOW,
    TENCENT_APP,
    TENCENT_QUERY,
    TWO_WAY,
    decoded,
    tencent,
    tencent_body,
)
from tests.emulator.test_usersig import V1


def emulated(
    world: World | None = None, *, app: EmulatedApp = TENCENT_APP, habits: Habits | None = None
) -> Emulated:
    """An app where alice has bob and carol, bob has alice, dave has alice."""
    known = World({"alice": {"bob", "carol"}, "bob": {"alice"}, "dave": {"alice"}})
    return Emulated("tencent", app=app, world=world or known, habits=habits)


def items(answer: dict[str, Any]) -> dict[str, int]:
    """The result codes by id."""
    return {item["To_Account"]: item["ResultCode"] for item in answer["ResultItem"]}


def test_friend_delete_answers_as_documented() -> None:
    """Deleted is 0, not a friend is 31704 with its text, the top level stays OK."""
    app = emulated()
    answer = tencent(app, tencent_body("alice", "bob", "zoe"))
    assert answer == {
        "ResultItem": [
            {"To_Account": "bob", "ResultCode": 0, "ResultInfo": ""},
            {
                "To_Account": "zoe",
                "ResultCode": 31704,
                "ResultInfo": "Err_SNS_FriendDelete_Not_Friend",
            },
        ],
        "ActionStatus": "OK",
        "ErrorCode": 0,
        "ErrorInfo": "0",
        "ErrorDisplay": "",
    }
    assert sorted(app.world.pairs()) == [("alice", "carol"), ("bob", "alice"), ("dave", "alice")]


def test_two_way_deletes_both_sides() -> None:
    """Delete_Type_Both shortens both lists."""
    app = emulated()
    assert items(tencent(app, tencent_body("alice", "bob", kind=TWO_WAY))) == {"bob": 0}
    assert sorted(app.world.pairs()) == [("alice", "carol"), ("dave", "alice")]


@pytest.mark.parametrize(
    ("rule", "code", "kept"),
    [
        (ReverseOnly.KEEP, 31704, True),
        (ReverseOnly.REMOVE, 31704, False),
        (ReverseOnly.DELETE, 0, False),
    ],
)
def test_two_way_reverse_only(rule: ReverseOnly, code: int, kept: bool) -> None:
    """The undocumented case is a choice."""
    app = emulated(habits=Habits(reverse_only=rule))
    assert items(tencent(app, tencent_body("alice", "dave", kind=TWO_WAY))) == {"dave": code}
    assert app.world.has("dave", "alice") is kept


def test_not_a_friend_may_be_30001() -> None:
    """The FAQ's reading: 30001, and only the text says which cause it is."""
    app = emulated(habits=Habits(vague_not_friend=True))
    (item,) = tencent(app, tencent_body("alice", "zoe"))["ResultItem"]
    assert item["ResultCode"] == 30001
    assert item["ResultInfo"] == "Err_SNS_FriendDelete_Not_Friend"


def test_all_failed_code_is_a_choice() -> None:
    """Where every item failed, the top level is OK or not, as chosen; one success makes it OK."""
    app = emulated(habits=Habits(all_failed_code=30001))
    answer = tencent(app, tencent_body("alice", "zoe", "yan"))
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", 30001)
    assert items(answer) == {"zoe": 31704, "yan": 31704}
    assert tencent(app, tencent_body("alice", "zoe", "bob"))["ErrorCode"] == 0
    assert tencent(emulated(), tencent_body("alice", "zoe"))["ErrorCode"] == 0


def test_friend_delete_all() -> None:
    """It clears the list, one-way unless told otherwise, and reports no items."""
    app = emulated()
    answer = tencent(app, {"From_Account": "alice"}, command="friend_delete_all")
    assert answer == {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "ErrorDisplay": ""}
    assert sorted(app.world.pairs()) == [("bob", "alice"), ("dave", "alice")]

    app = emulated()
    body = {"From_Account": "alice", "DeleteType": TWO_WAY}
    assert tencent(app, body, command="friend_delete_all")["ErrorCode"] == 0
    assert sorted(app.world.pairs()) == [("dave", "alice")]


@pytest.mark.parametrize(
    ("kind", "relations"),
    [
        ("CheckResult_Type_Single", ["AWithB", "AWithB", "NoRelation", "NoRelation"]),
        ("CheckResult_Type_Both", ["BothWay", "AWithB", "BWithA", "NoRelation"]),
    ],
)
def test_friend_check(kind: str, relations: list[str]) -> None:
    """Relations read as the documentation names them."""
    body = {
        "From_Account": "alice",
        "To_Account": ["bob", "carol", "dave", "zoe"],
        "CheckType": kind,
    }
    answer = tencent(emulated(), body, command="friend_check")
    assert [item["Relation"] for item in answer["InfoItem"]] == [
        f"CheckResult_Type_{relation}" for relation in relations
    ]


def test_friend_get_pages() -> None:
    """A list comes in pages; every friend once, the last page says so."""
    friends = {f"f{n:03d}" for n in range(150)}
    app = emulated(World({"alice": set(friends)}))
    first = tencent(app, {"From_Account": "alice", "StartIndex": 0}, command="friend_get")
    assert (first["FriendNum"], first["CompleteFlag"]) == (150, 0)
    start = first["NextStartIndex"]
    last = tencent(app, {"From_Account": "alice", "StartIndex": start}, command="friend_get")
    assert last["CompleteFlag"] == 1
    seen = [item["To_Account"] for page in (first, last) for item in page["UserDataItem"]]
    assert sorted(seen) == sorted(friends)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sdkappid": ""}, 60012),
        ({"sdkappid": "abc"}, 60006),
        ({"sdkappid": "1400000002"}, 70020),
        ({"identifier": ""}, 60004),
        ({"identifier": "admin_02"}, 70013),
        ({"usersig": ""}, 70002),
        ({"usersig": "nonsense"}, 70003),
        ({"usersig": V1}, 70014),
        ({"random": ""}, 60002),
        ({"random": "4294967296"}, 60002),
        ({"random": "-1"}, 60002),
        ({"random": "1.5"}, 60002),
        ({"contenttype": ""}, 60002),
        ({"contenttype": "xml"}, 60002),
    ],
)
def test_query_checks(change: dict[str, str], code: int) -> None:
    """Each wrong or missing parameter of the URL is refused with its code; nothing is deleted."""
    app = emulated()
    answer = tencent(app, tencent_body("alice", "bob"), query=TENCENT_QUERY | change)
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", code)
    assert "ResultItem" not in answer
    assert app.world.removed == 0


def test_expiry_is_exact() -> None:
    """A UserSig holds up to and including its last second, 604800 s after it was made."""
    app = emulated()
    body = tencent_body("alice", "bob")
    assert tencent(app, body, now=NOW + 604801)["ErrorCode"] == 70001
    assert tencent(app, body, now=NOW + 604800)["ErrorCode"] == 0


def test_a_wrong_key_is_refused() -> None:
    """A UserSig of another key is 70009."""
    app = emulated(app=replace(TENCENT_APP, secret="another"))
    assert tencent(app, tencent_body("alice", "bob"))["ErrorCode"] == 70009


def test_only_the_admin_may_call() -> None:
    """A genuine UserSig of somebody else is 60010."""
    app = emulated(app=replace(TENCENT_APP, admin="root"))
    assert tencent(app, tencent_body("alice", "bob"))["ErrorCode"] == 60010


def test_a_wrong_key_too_often_locks_the_app_out_for_a_minute() -> None:
    """After ten refused signatures even a good one gets 70050, until a minute has passed."""
    app = emulated()
    wrong = TENCENT_QUERY | {"usersig": "nonsense"}
    body = tencent_body("alice", "bob")
    codes = [tencent(app, body, query=wrong)["ErrorCode"] for _ in range(11)]
    assert codes == [70003] * 10 + [70050]
    assert tencent(app, body, now=NOW + 59)["ErrorCode"] == 70050
    assert tencent(app, body, now=NOW + 60)["ErrorCode"] == 0


def test_a_good_signature_in_between_resets_the_lockout() -> None:
    """Only refusals in a row count."""
    app = emulated()
    wrong = TENCENT_QUERY | {"usersig": "nonsense"}
    for query in ([wrong] * 9 + [TENCENT_QUERY]) * 3:
        answer = tencent(app, tencent_body("alice", "bob"), query=query)
        assert answer["ErrorCode"] in {0, 70003}


def test_revoked_signatures() -> None:
    """Signatures from before the revocation are refused, those from its second are not."""
    app = emulated()
    app.revoke(NOW + 1)
    assert tencent(app, tencent_body("alice", "bob"), now=NOW + 2)["ErrorCode"] == 70052
    app.revoke(NOW + 0.9)
    assert tencent(app, tencent_body("alice", "bob"), now=NOW + 2)["ErrorCode"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 60003),
        (b"{", 60003),
        (b"[]", 60003),
        ({}, 30001),
        ({"From_Account": 7, "To_Account": ["b"], "DeleteType": TWO_WAY}, 60015),
        (tencent_body("", "b"), 30001),
        (tencent_body("x" * 33, "b"), 30001),
        (tencent_body("a"), 30001),
        (tencent_body("a", "b", kind=""), 30001),
        (tencent_body("a", "b", kind="delete_type_both"), 30001),
        ({"From_Account": "a", "To_Account": ["b"]}, 30001),
        ({"From_Account": "a", "To_Account": "b", "DeleteType": TWO_WAY}, 30001),
        ({"From_Account": "a", "To_Account": ["b", 7], "DeleteType": TWO_WAY}, 60015),
        (tencent_body("a", "b", ""), 30001),
        (tencent_body("a", "b", "é" * 17), 30001),
        (tencent_body("a", "b", "c", "b"), 30001),
        (tencent_body("a", "b", "a"), 30001),
        (tencent_body("a", *(f"u{n}" for n in range(1001))), 70206),
    ],
)
def test_body_checks(body: object, code: int) -> None:
    """Each fault of a friend_delete body is refused as a whole; nothing is deleted."""
    app = emulated(World({"a": {"b"}}))
    assert tencent(app, body)["ErrorCode"] == code
    assert app.world.removed == 0


def test_a_thousand_ids_of_32_bytes_are_accepted() -> None:
    """The documented maximum passes."""
    ids = [f"{n:032d}" for n in range(1000)]
    app = emulated(World({"é" * 16: set(ids)}))
    assert set(items(tencent(app, tencent_body("é" * 16, *ids))).values()) == {0}
    assert app.world.removed == 1000


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("friend_delete_all", {"From_Account": "a", "DeleteType": "0"}),
        ("friend_delete_all", {"From_Account": "a", "DeleteType": 0}),
        ("friend_check", {"From_Account": "a", "To_Account": ["b"]}),
        ("friend_get", {"From_Account": "a"}),
        ("friend_get", {"From_Account": "a", "StartIndex": "0"}),
    ],
)
def test_bodies_of_the_other_commands(command: str, body: object) -> None:
    """A missing or impossible parameter is 30001."""
    app = emulated(World({"a": {"b"}}))
    assert tencent(app, body, command=command)["ErrorCode"] == 30001
    assert app.world.removed == 0


@given(
    st.lists(
        st.text(st.sampled_from('",:{}[]\\\x7f aé用'), min_size=1, max_size=8),
        min_size=1,
        unique=True,
    )
)
def test_an_answer_is_json_whatever_the_ids(ids: list[str]) -> None:
    """Ids come back as they were sent, one item each, quotes and backslashes included."""
    app = emulated(World({"from": set(ids)}))
    answer = tencent(app, tencent_body("from", *ids))
    assert answer["ResultItem"] == [
        {"To_Account": to, "ResultCode": 0, "ResultInfo": ""} for to in ids
    ]
    assert (answer["ErrorCode"], answer["ErrorInfo"], answer["ActionStatus"]) == (0, "0", "OK")


def test_unknown_commands_and_methods() -> None:
    """Another path is 60009; only POST is understood."""
    app = emulated()
    assert tencent(app, {}, command="friend_update")["ErrorCode"] == 60009
    body = orjson.dumps(tencent_body("alice", "bob"))
    got = decoded(app.handle("GET", "/v4/sns/friend_delete", TENCENT_QUERY, body, NOW))
    assert got["ErrorCode"] == 60002
    assert app.world.removed == 0


def test_unknown_accounts() -> None:
    """From_Account unknown refuses the call, To_Account unknown its item, both with 30003."""
    app = emulated(World({"a": {"b", "ghost"}}, existing={"a", "b"}))
    assert tencent(app, tencent_body("nobody", "a"))["ErrorCode"] == 30003
    answer = tencent(app, tencent_body("a", "b", "ghost"))
    assert answer["ErrorCode"] == 0
    assert items(answer) == {"b": 0, "ghost": 30003}
    assert app.world.has("a", "ghost")
