"""What no documentation says: each habit is had by each provider that can have it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.world import ReverseOnly, World
from tests.emulator.calls import TENCENT_APP, ZEGO_APP, tencent, zego

NOT_FRIEND = {"tencent": 31704, "zego": 660800034}
UNKNOWN = {"tencent": 30003, "zego": 660700012}
ONESELF = {"tencent": 30001, "zego": 660800033}
REPEATED = {"tencent": 30001, "zego": 660800022}
REPLAYED = {"tencent": 60002, "zego": 100000005}

each_provider = pytest.mark.parametrize("provider", ["tencent", "zego"])


def emulated(provider: str, habits: Habits, *, existing: Collection[str] | None = None) -> Emulated:
    """An app where alice has bob and carol, and dave has alice."""
    world = World({"alice": {"bob", "carol"}, "dave": {"alice"}}, existing=existing)
    app = TENCENT_APP if provider == "tencent" else ZEGO_APP
    return Emulated(provider, app=app, world=world, habits=habits)


def delete(app: Emulated, *ids: str, two_way: bool = False) -> tuple[int, list[tuple[str, int]]]:
    """A deletion of alice's: the call's own code, and the items as they are named."""
    if app.name == "tencent":
        kind = "Delete_Type_Both" if two_way else "Delete_Type_Single"
        answer = tencent(app, {"From_Account": "alice", "To_Account": ids, "DeleteType": kind})
        items = answer.get("ResultItem", [])
        return answer["ErrorCode"], [(item["To_Account"], item["ResultCode"]) for item in items]
    answer = zego(
        app,
        "DeleteFriends",
        {"FromUserId": "alice", "UserIds": ids, "DeleteType": 0 if two_way else 1},
    )
    return answer["Code"], [(one["UserId"], one["SubCode"]) for one in answer.get("ErrorList", [])]


def check(app: Emulated, *ids: str) -> tuple[int, dict[str, Any]]:
    """A one-way check of alice's: the call's own code, and each id's relation or code."""
    if app.name == "tencent":
        kind = "CheckResult_Type_Single"
        asked = {"From_Account": "alice", "To_Account": ids, "CheckType": kind}
        answer = tencent(app, asked, command="friend_check")
        return answer["ErrorCode"], {
            info["To_Account"]: info["ResultCode"] or info["Relation"]
            for info in answer.get("InfoItem", [])
        }
    answer = zego(
        app, "CheckFriendsRelation", {"FromUserId": "alice", "UserIds": ids, "CheckType": 1}
    )
    found = {one["UserId"]: one["Relation"] for one in answer.get("Successes", [])}
    return answer["Code"], found | {
        one["UserId"]: one["SubCode"] for one in answer.get("Fails", [])
    }


def clear(app: Emulated, account: str) -> int:
    """A two-way clearing; the call's code."""
    if app.name == "tencent":
        body = {"From_Account": account, "DeleteType": "Delete_Type_Both"}
        answer = tencent(app, body, command="friend_delete_all")
    else:
        asked = {"FromUserId": account, "DeleteType": "0"}
        answer = zego(app, "DeleteAllFriends", parameters=asked)
    return int(answer["ErrorCode" if app.name == "tencent" else "Code"])


@each_provider
@pytest.mark.parametrize(
    ("kind", "named", "kept"),
    [("keep", True, True), ("remove", True, False), ("delete", False, False)],
)
def test_reverse_only(provider: str, kind: str, named: bool, kept: bool) -> None:
    """Where only To has From: what a two-way deletion answers, and whether it reaches it."""
    app = emulated(provider, Habits(reverse_only=ReverseOnly(kind)))
    _, items = delete(app, "dave", "bob", two_way=True)
    assert (("dave", NOT_FRIEND[provider]) in items) is named
    assert app.world.has("dave", "alice") is kept


@each_provider
@pytest.mark.parametrize(
    ("way", "coded", "named"),
    [("zero", False, True), ("code_and_items", True, True), ("code_only", True, False)],
)
def test_all_failed(provider: str, way: Any, coded: bool, named: bool) -> None:
    """Where every id failed: whether the call has a code itself, and whether ids are named."""
    app = emulated(provider, Habits(all_failed=way))
    gone = NOT_FRIEND[provider]
    expected = [("zoe", gone), ("yan", gone)] if named else []
    assert delete(app, "zoe", "yan") == (gone if coded else 0, expected)
    assert delete(app, "zoe", "bob")[0] == 0
    app = emulated(provider, Habits(all_failed=way), existing={"alice"})
    unknown = UNKNOWN[provider]
    assert check(app, "zoe") == (unknown if coded else 0, {"zoe": unknown} if named else {})


def test_results_that_do_not_name_every_id() -> None:
    """Only those that failed are named; what succeeded is done all the same."""
    app = emulated("tencent", Habits(complete=False))
    assert delete(app, "bob", "zoe") == (0, [("zoe", 31704)])
    assert delete(app, "carol") == (0, [])
    assert not app.world.of("alice")


@each_provider
def test_results_in_another_order(provider: str) -> None:
    """Every id is named, none where it was sent."""
    ids = ["x", "y", "z"]
    ordered = emulated(provider, Habits(all_failed="zero"))
    other = emulated(provider, Habits(all_failed="zero", ordered=False))
    assert [to for to, _ in delete(ordered, *ids)[1]] == ids
    named = [to for to, _ in delete(other, *ids)[1]]
    assert sorted(named) == ids != named
    assert list(check(other, *ids)[1]) != ids


@each_provider
def test_a_repeated_id(provider: str) -> None:
    """The call is refused, or the id is named once or twice; it is deleted at most once."""
    gone = ("zoe", NOT_FRIEND[provider])
    for habit, times in (("once", 1), ("twice", 2)):
        app = emulated(provider, Habits(repeated_id=habit, all_failed="zero"))  # type: ignore[arg-type]  # from the table above
        assert delete(app, "zoe", "zoe") == (0, [gone] * times)
        code, items = delete(app, "bob", "bob")
        assert (code, app.world.removed) == (0, 1)
        assert items == ([("bob", 0)] * times if provider == "tencent" else [])
    app = emulated(provider, Habits(repeated_id="twice", all_failed="code_and_items"))
    assert delete(app, "zoe", "zoe") == (gone[1], [gone] * 2)
    app = emulated(provider, Habits(repeated_id="refused"))
    assert delete(app, "bob", "bob") == (REPEATED[provider], [])
    assert app.world.removed == 0


@each_provider
def test_oneself(provider: str) -> None:
    """From among the To: that item fails by itself, or the whole call does."""
    app = emulated(provider, Habits(oneself="item"))
    code, items = delete(app, "bob", "alice")
    assert (code, dict(items)["alice"]) == (0, ONESELF[provider])
    assert app.world.removed == 1
    app = emulated(provider, Habits(oneself="call"))
    assert delete(app, "bob", "alice") == (ONESELF[provider], [])
    assert app.world.removed == 0


@each_provider
def test_an_unknown_id(provider: str) -> None:
    """Its item fails, or the call does, or it is answered as not a friend: in a check too."""
    known = {"alice", "bob", "carol", "dave"}
    lacks = {"tencent": "CheckResult_Type_NoRelation", "zego": 1}[provider]
    app = emulated(provider, Habits(unknown_id="item"), existing=known)
    assert ("ghost", UNKNOWN[provider]) in delete(app, "bob", "ghost")[1]
    assert check(app, "carol", "ghost")[1]["ghost"] == UNKNOWN[provider]
    app = emulated(provider, Habits(unknown_id="gone"), existing=known)
    assert ("ghost", NOT_FRIEND[provider]) in delete(app, "bob", "ghost")[1]
    assert check(app, "carol", "ghost")[1]["ghost"] == lacks
    app.world.befriend([("alice", "ghost")])
    assert delete(app, "ghost")[0] == 0
    assert not app.world.has("alice", "ghost")
    app = emulated(provider, Habits(unknown_id="call"), existing=known)
    assert delete(app, "bob", "ghost") == (UNKNOWN[provider], [])
    assert app.world.removed == 0
    assert delete(app, "bob")[0] == 0


@each_provider
def test_clearing_an_empty_list(provider: str) -> None:
    """It is fine, or has a code; a list that holds somebody is cleared either way."""
    assert clear(emulated(provider, Habits(clear_empty="ok")), "zoe") == 0
    app = emulated(provider, Habits(clear_empty="code"))
    assert clear(app, "zoe") == NOT_FRIEND[provider]
    assert clear(app, "alice") == 0
    assert not app.world.of("alice")


@each_provider
def test_clearing_two_way_and_who_only_has_the_account(provider: str) -> None:
    """They keep it, or lose it as well; nobody else loses anything."""
    keep, remove = (
        emulated(provider, Habits(clear_reverse="keep")),
        emulated(provider, Habits(clear_reverse="remove")),
    )
    for app in (keep, remove):
        app.world.befriend([("dave", "erin"), ("bob", "alice")])
        assert clear(app, "alice") == 0
    assert keep.world.friends == {"dave": {"alice", "erin"}}
    assert remove.world.friends == {"dave": {"erin"}}


@each_provider
def test_a_nonce_that_comes_twice(provider: str) -> None:
    """It is accepted, or its second use is refused and nothing is done."""
    app = emulated(provider, Habits(nonce_twice="accepted"))
    assert [delete(app, "bob")[0], delete(app, "carol")[0]] == [0, 0]
    app = emulated(provider, Habits(nonce_twice="refused"))
    assert [delete(app, "bob")[0], delete(app, "carol")[0]] == [0, REPLAYED[provider]]
    assert app.world.has("alice", "carol")


def test_a_page_of_a_list() -> None:
    """Its size is a habit where the caller cannot say it."""
    app = emulated("tencent", Habits(page=1))
    asked = {"From_Account": "alice", "StartIndex": 0}
    page = tencent(app, asked, command="friend_get")
    assert [item["To_Account"] for item in page["UserDataItem"]] == ["bob"]
    assert (page["NextStartIndex"], page["CompleteFlag"], page["FriendNum"]) == (1, 0, 2)
