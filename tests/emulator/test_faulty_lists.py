"""Faults on the calls that pull, check and put back; and a provider that says yes, does nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faults import (
    Always,
    Cut,
    Fate,
    Fault,
    Form,
    Listing,
    Only,
    Pretended,
    Script,
    SeededItems,
    Together,
)
from bulkdel.emulator.faulttext import parse_faults
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.limits import RateLimit
from bulkdel.emulator.rules import STRANGER
from bulkdel.emulator.wire import Action
from bulkdel.emulator.world import World
from tests.emulator.calls import (
    NOW,
    TENCENT_APP,
    TENCENT_QUERY,
    TWO_WAY,
    ZEGO_APP,
    tencent,
    tencent_body,
    zego,
)

SOURCE = {"AddSource": "AddSource_Type_Web"}


def emulated(
    fault: Fault, provider: str = "tencent", *, habits: Habits | None = None, friends: int = 5
) -> Emulated:
    """An app where a has f0, f1 and so on, each of whom has a."""
    world = World()
    world.befriend([("a", f"f{n}") for n in range(friends)], mutual=True)
    app = TENCENT_APP if provider == "tencent" else ZEGO_APP
    return Emulated(provider, app=app, world=world, fault=fault, habits=habits)


def get(app: Emulated, start: int = 0, account: str = "a") -> dict[str, Any]:
    """A page of friend_get."""
    return tencent(app, {"From_Account": account, "StartIndex": start}, command="friend_get")


def ids(page: dict[str, Any]) -> list[str]:
    """Who stands on a page of friend_get."""
    return [item["To_Account"] for item in page["UserDataItem"]]


def put_back(app: Emulated, *friends: str, account: str = "a") -> dict[str, Any]:
    """A friend_import."""
    items = [{"To_Account": friend, **SOURCE} for friend in friends]
    return tencent(app, {"From_Account": account, "AddFriendItem": items}, command="friend_import")


CALLS: list[tuple[str, object]] = [
    ("friend_get", {"From_Account": "a", "StartIndex": 0}),
    (
        "friend_check",
        {"From_Account": "a", "To_Account": ["f0"], "CheckType": "CheckResult_Type_Both"},
    ),
    ("friend_import", {"From_Account": "a", "AddFriendItem": [{"To_Account": "x", **SOURCE}]}),
]


@pytest.mark.parametrize(("command", "body"), CALLS)
@pytest.mark.parametrize(
    ("fate", "status", "cut"),
    [
        (Fate(status=502, done=False), 502, Cut.NO),
        (Fate(cut=Cut.SILENT, done=False), 200, Cut.SILENT),
        (Fate(form=Form.GARBAGE, done=False), 200, Cut.NO),
    ],
)
def test_answers_that_say_nothing(
    command: str, body: object, fate: Fate, status: int, cut: Cut
) -> None:
    """Cut, broken and unreadable answers strike every call, and a world that is only read stays."""
    app = emulated(Always(fate=fate))
    before = app.world.snapshot()
    call = app.receive("POST", f"/v4/sns/{command}", TENCENT_QUERY, orjson.dumps(body), NOW)
    response = app.carry_out(call)
    assert (response.status, response.cut) == (status, cut)
    assert b"ActionStatus" not in response.body or cut is Cut.SILENT
    assert app.world.snapshot() == before


@pytest.mark.parametrize(("command", "body"), CALLS)
def test_every_call_counts_at_the_ceiling(command: str, body: object) -> None:
    """The rate is the app's, whatever is called."""
    app = emulated(Together())
    app.limit = RateLimit(ceiling=1)
    codes = [tencent(app, body, command=command)["ErrorCode"] for _ in range(2)]
    assert codes == [0, 60011]


def test_an_import_whose_answer_is_lost_is_carried_out() -> None:
    """The connection is cut after it: the entry is there."""
    app = emulated(Always(fate=Fate(cut=Cut.SILENT)))
    body = orjson.dumps({"From_Account": "a", "AddFriendItem": [{"To_Account": "x", **SOURCE}]})
    app.carry_out(app.receive("POST", "/v4/sns/friend_import", TENCENT_QUERY, body, NOW))
    assert app.world.has("a", "x")


@pytest.mark.parametrize("done", [True, False])
def test_codes_for_some_of_those_put_back(done: bool) -> None:
    """A struck id has its code, and is put back only if the fault lets it be."""
    app = emulated(SeededItems(code=30006, ids=frozenset({"x"}), done=done))
    answer = put_back(app, "x", "y")
    assert {item["To_Account"]: item["ResultCode"] for item in answer["ResultItem"]} == {
        "x": 30006,
        "y": 0,
    }
    assert answer["Fail_Account"] == ["x"]
    assert (app.world.has("a", "x"), app.world.has("a", "y")) == (done, True)


def test_a_list_that_cannot_be_pulled() -> None:
    """One account's list is refused for good, as a command line writes it; others are not."""
    app = emulated(parse_faults(["30003,action=list,account=a"]).fault)
    assert get(app)["ErrorCode"] == 30003
    assert ids(get(app, account="f1")) == ["a"]
    assert tencent(app, tencent_body("a", "f1"))["ErrorCode"] == 0


@pytest.mark.parametrize("kind", ["CheckResult_Type_Single", "CheckResult_Type_Both"])
def test_a_check_that_fails_carries_a_relation_that_means_nothing(kind: str) -> None:
    """A friend's failed item says NoRelation: only its code says that it failed."""
    app = emulated(SeededItems(code=30006, ids=frozenset({"f1"})))
    body = {"From_Account": "a", "To_Account": ["f1", "f2"], "CheckType": kind}
    answer = tencent(app, body, command="friend_check")
    failed, fine = answer["InfoItem"]
    assert (failed["Relation"], failed["ResultCode"]) == ("CheckResult_Type_NoRelation", 30006)
    assert (fine["Relation"] != "CheckResult_Type_NoRelation", fine["ResultCode"]) == (True, 0)
    assert (answer["ErrorCode"], answer["Fail_Account"]) == (0, ["f1"])


@pytest.mark.parametrize(("kind", "half"), [(0, 2), (1, None)])
def test_a_failed_relation_of_zim(kind: int, half: int | None) -> None:
    """Two-way the half that is known stands there, one-way nothing; all failed have a Code."""
    app = emulated(SeededItems(code=660000001, ids=frozenset({"f1"})), "zego")
    asked = {"FromUserId": "a", "UserIds": ["f1", "f2"], "CheckType": kind}
    answer = zego(app, "CheckFriendsRelation", asked)
    (failed,) = answer["Fails"]
    assert (answer["Code"], failed["SubCode"], failed.get("Relation")) == (0, 660000001, half)
    assert [found["UserId"] for found in answer["Successes"]] == ["f2"]
    answer = zego(app, "CheckFriendsRelation", asked | {"UserIds": ["f1"]})
    assert (answer["Code"], len(answer["Fails"]), answer["Successes"]) == (660000001, 1, [])


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ((False, True), ["f0", "f1", "f1", "f2", "f4"]),
        ((True, False), [STRANGER, "f0", "f2", "f3", "f4"]),
    ],
)
def test_a_list_that_changes_between_two_pages(changed: tuple[bool, bool], seen: list[str]) -> None:
    """An entry comes twice or not at all; sequences and count say so; the world stays."""
    fates = tuple(Fate(listing=Listing.CHANGED if one else Listing.WHOLE) for one in changed)
    app = emulated(Script(fates=fates), habits=Habits(page=2))
    before = app.world.snapshot()
    pages = [get(app, start) for start in (0, 2, 4)]
    assert [to for page in pages for to in ids(page)] == seen
    assert pages[0]["StandardSequence"] != pages[1]["StandardSequence"]
    assert pages[0]["FriendNum"] != pages[1]["FriendNum"]
    assert app.world.snapshot() == before


def test_a_list_of_zim_that_changes_between_two_pages() -> None:
    """TotalCount is another, and an entry comes twice."""
    app = emulated(Script(fates=(Fate(), Fate(listing=Listing.CHANGED))), "zego", friends=4)
    asked = {"FromUserId": "a", "Limit": "2", "Next": "0"}
    first = zego(app, "QueryFriendList", parameters=asked)
    following = asked | {"Next": str(first["Next"])}
    second = zego(app, "QueryFriendList", parameters=following)
    assert (first["TotalCount"], second["TotalCount"]) == (4, 5)
    assert {info["UserId"] for info in first["FriendInfos"]} & {
        info["UserId"] for info in second["FriendInfos"]
    }


@pytest.mark.parametrize(
    ("listing", "seen"),
    [
        (Listing.MISSING, ["f1", "f3"]),
        (Listing.EXTRA, ["f0", "f1", "f2", "f3", "f4", STRANGER]),
        (Listing.DUPLICATE, ["f0", "f1", "f2", "f3", "f4", "f0"]),
        (Listing.SHUFFLED, ["f1", "f3", "f0", "f2", "f4"]),
    ],
)
def test_pages_that_do_not_hold_what_they_should(listing: Listing, seen: list[str]) -> None:
    """Entries missing, too many or twice: the number of friends is still the list's."""
    page = get(emulated(Always(fate=Fate(listing=listing))))
    assert (ids(page), page["FriendNum"]) == (seen, 5)


def test_a_relation_that_is_missing() -> None:
    """An id that was asked about may have no answer, with either provider."""
    fault = Always(fate=Fate(listing=Listing.MISSING))
    answer = tencent(emulated(fault), CALLS[1][1], command="friend_check")
    assert (answer["ErrorCode"], answer["InfoItem"]) == (0, [])
    asked = {"FromUserId": "a", "UserIds": ["f0"], "CheckType": 0}
    answer = zego(emulated(fault, "zego"), "CheckFriendsRelation", asked)
    assert (answer["Code"], answer["Successes"], answer["Fails"]) == (0, [], [])


@pytest.mark.parametrize("two_way", [False, True])
def test_a_deletion_that_is_only_pretended(two_way: bool) -> None:
    """It is answered as done, and neither list is shorter; the other ids are deleted."""
    app = emulated(Pretended(ids=frozenset({"f1"})))
    kind = TWO_WAY if two_way else "Delete_Type_Single"
    answer = tencent(app, tencent_body("a", "f1", "f2", kind=kind))
    assert [item["ResultCode"] for item in answer["ResultItem"]] == [0, 0]
    assert (app.world.has("a", "f1"), app.world.has("f1", "a")) == (True, True)
    assert (app.world.has("a", "f2"), app.world.has("f2", "a")) == (False, not two_way)


def test_a_cleared_list_that_is_only_pretended() -> None:
    """It is answered as done, and the list is what it was."""
    app = emulated(Pretended(ids=frozenset({"a"})))
    before = app.world.snapshot()
    answer = tencent(app, {"From_Account": "a"}, command="friend_delete_all")
    assert (answer["ErrorCode"], app.world.snapshot()) == (0, before)
    tencent(app, {"From_Account": "f1"}, command="friend_delete_all")
    assert not app.world.of("f1")


def test_pretences_join() -> None:
    """Two at once pretend what either does."""
    faults = tuple(Pretended(ids=frozenset({friend})) for friend in ("f1", "f2"))
    app = emulated(Together(faults=faults))
    tencent(app, tencent_body("a", "f1", "f2", "f3"))
    assert set(app.world.of("a")) == {"f0", "f1", "f2", "f4"}


def test_additions_and_changes_that_are_only_pretended() -> None:
    """Every call that changes a list can be answered as done."""
    app = emulated(Only(fault=Pretended(), actions=frozenset({Action.ADD})))
    before = app.world.snapshot()
    assert put_back(app, "x")["ResultItem"][0]["ResultCode"] == 0
    assert app.world.snapshot() == before
    app = emulated(Pretended(), "zego")
    before = app.world.snapshot()
    answers = [
        zego(app, "AddFriends", {"FromUserId": "a", "FriendInfos": [{"UserId": "x"}]}),
        zego(
            app,
            "UpdateFriendsAlias",
            {"FromUserId": "a", "UserIds": [{"UserId": "f1", "FriendAlias": "other"}]},
        ),
        zego(
            app,
            "UpdateFriendAttributes",
            {"FromUserId": "a", "UserId": "f1", "Attributes": [{"Key": "k0", "Value": "other"}]},
        ),
    ]
    assert [answer["Code"] for answer in answers] == [0, 0, 0]
    assert app.world.snapshot() == before


def test_a_share_of_ids_is_pretended() -> None:
    """With odds, some are and some are not: the same ones for the same seed."""
    friends = [f"f{n}" for n in range(200)]

    def left() -> set[str]:
        app = emulated(parse_faults(["pretend:0.2,action=delete"]).fault, friends=200)
        assert tencent(app, tencent_body("a", *friends))["ErrorCode"] == 0
        return set(app.world.of("a"))

    assert left() == left()
    assert 20 < len(left()) < 60


def test_additions_conflict_as_deletions_do() -> None:
    """Two calls at once that write the same list: the later one is refused, and may come again."""
    app = emulated(Together(), habits=Habits(conflicts=True))
    body = orjson.dumps({"From_Account": "a", "AddFriendItem": [{"To_Account": "x", **SOURCE}]})
    first, second = (
        app.receive("POST", "/v4/sns/friend_import", TENCENT_QUERY, body, NOW) for _ in range(2)
    )
    assert (first.code, second.code) == (0, 30008)
    for call in (second, first):
        app.release(call, app.carry_out(call))
    assert put_back(app, "x")["ErrorCode"] == 0


def test_a_key_that_fails_is_named() -> None:
    """An attribute call that is struck has a Code, and each key its own."""
    app = emulated(SeededItems(code=660000001), "zego")
    keys = [{"Key": "k0", "Value": "x"}, {"Key": "k1", "Value": "x"}]
    body = {"FromUserId": "a", "UserId": "f1", "Attributes": keys}
    answer = zego(app, "UpdateFriendAttributes", body)
    assert answer["Code"] == 660000001
    assert answer["FailKey"] == [
        {"Key": "k0", "SubCode": 660000001},
        {"Key": "k1", "SubCode": 660000001},
    ]
