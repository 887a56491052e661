"""Friend lists with their data: pulled in pages, put back, changed, and gone with their entry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.emulator.emulated import FRIENDS_CAP, Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.world import Data, ReverseOnly, World
from tests.emulator.calls import NOW, TENCENT_APP, TWO_WAY, ZEGO_APP, tencent, tencent_body, zego

NOW_S, NOW_MS = int(NOW), int(NOW) * 1000
WHOLE = {
    "Tag_SNS_IM_AddSource": "AddSource_Type_Web",
    "Tag_SNS_IM_Remark": "note ✓",
    "Tag_SNS_IM_Group": ["Friends", "家人"],
    "Tag_SNS_IM_AddTime": 1420000001,
    "Tag_SNS_IM_AddWording": '"hello"',
    "Tag_SNS_Custom_Test": "x",
    "Tag_SNS_Custom_Level": 0,
}
ITEM = {
    "AddSource": "AddSource_Type_Web",
    "Remark": "note ✓",
    "RemarkTime": 1420000002,
    "GroupName": ["Friends", "家人"],
    "AddTime": 1420000001,
    "AddWording": '"hello"',
    "CustomItem": [
        {"Tag": "Tag_SNS_Custom_Test", "Value": "x"},
        {"Tag": "Tag_SNS_Custom_Level", "Value": 0},
    ],
}
INFO = {
    "Wording": "hello",
    "FriendAlias": "al ✓",
    "FriendTime": 1420000001234,
    "Attributes": [{"Key": "k4", "Value": "x"}, {"Key": "k0", "Value": ""}],
}
ENTRY = {
    "Wording": "hello",
    "FriendAlias": "al ✓",
    "CreateTime": 1420000001234,
    "Attributes": {"k4": "x", "k0": ""},
}


def emulated(
    provider: str = "tencent", *, world: World | None = None, habits: Habits | None = None
) -> Emulated:
    """An app where alice has bob and carol, and bob has alice."""
    known = World({"alice": {"bob", "carol"}, "bob": {"alice"}})
    app = TENCENT_APP if provider == "tencent" else ZEGO_APP
    return Emulated(provider, app=app, world=world or known, habits=habits)


def get(app: Emulated, account: str, start: int = 0, **more: int) -> dict[str, Any]:
    """A page of friend_get."""
    body = {"From_Account": account, "StartIndex": start, **more}
    return tencent(app, body, command="friend_get")


def values(page: dict[str, Any]) -> dict[str, Data]:
    """The data of a page of friend_get by friend."""
    return {
        item["To_Account"]: {value["Tag"]: value["Value"] for value in item["ValueItem"]}
        for item in page["UserDataItem"]
    }


def add(
    app: Emulated, account: str, *items: dict[str, Any], command: str = "friend_import", **more: Any
) -> dict[str, Any]:
    """A friend_import or friend_add."""
    return tencent(app, {"From_Account": account, "AddFriendItem": items, **more}, command=command)


def items(answer: dict[str, Any]) -> dict[str, int]:
    """The result codes by id."""
    return {item["To_Account"]: item["ResultCode"] for item in answer["ResultItem"]}


def query(app: Emulated, account: str, start: int = 0, limit: int = 100) -> dict[str, Any]:
    """A page of QueryFriendList."""
    asked = {"FromUserId": account, "Limit": str(limit), "Next": str(start)}
    return zego(app, "QueryFriendList", parameters=asked)


def infos(account: str, *friends: dict[str, Any]) -> dict[str, Any]:
    """The body of AddFriends."""
    return {"FromUserId": account, "FriendInfos": list(friends)}


def errors(answer: dict[str, Any]) -> dict[str, int]:
    """The codes of ErrorList by id."""
    return {error["UserId"]: error["SubCode"] for error in answer["ErrorList"]}


@pytest.mark.parametrize("provider", ["tencent", "zego"])
@given(account=st.text("abé", min_size=1, max_size=3), friend=st.text("abé", min_size=1))
def test_data_that_nobody_set_is_the_same_in_every_world(
    provider: str, account: str, friend: str
) -> None:
    """It is made from the two ids, so that a backup of any world holds something to compare."""
    one, other = (
        emulated(provider, world=World({account: {friend}})).world.snapshot() for _ in range(2)
    )
    assert one == other
    assert one[account, friend]


@pytest.mark.parametrize("provider", ["tencent", "zego"])
def test_data_that_nobody_set_differs_from_pair_to_pair(provider: str) -> None:
    """A field of one entry cannot be taken for another's."""
    world = emulated(provider, world=World({"a": {f"u{n}" for n in range(100)}})).world
    told = [repr(data) for data in world.snapshot().values()]
    assert len(set(told)) == 100


def test_another_world_has_data_as_well() -> None:
    """A world that takes another's place is served as if it had been there from the start."""
    app = emulated()
    app.world = World({"alice": {"dave"}})
    assert values(get(app, "alice")) == {"dave": app.world.data("alice", "dave")} != {"dave": {}}


@pytest.mark.parametrize("size", [2, 7, 100, 250])
def test_friend_get_gives_every_entry_once_with_its_data(size: int) -> None:
    """The pages of a list hold the whole of it, and nothing twice."""
    world = World({"alice": {f"f{n:03d}" for n in range(250)}})
    app = emulated(world=world, habits=Habits(page=size))
    seen: list[tuple[str, Data]] = []
    start, complete, pages = 0, 0, 0
    while not complete:
        page = get(app, "alice", start, StandardSequence=0, CustomSequence=0)
        assert page["FriendNum"] == 250
        seen += values(page).items()
        start, complete, pages = page["NextStartIndex"], page["CompleteFlag"], pages + 1
    assert pages == -(-250 // size)
    assert len(seen) == 250
    assert {("alice", friend): data for friend, data in seen} == world.snapshot()


def test_sequences_that_the_caller_has_leave_the_data_out() -> None:
    """Standard and custom data are each left out if the sequence sent is the server's."""
    app = emulated()
    app.world.put("alice", "bob", WHOLE)
    page = get(app, "alice")
    standard, custom = page["StandardSequence"], page["CustomSequence"]
    assert get(app, "alice", StandardSequence=standard, CustomSequence=custom) == page | {
        "UserDataItem": []
    }
    assert all(
        tag.startswith("Tag_SNS_Custom_")
        for data in values(get(app, "alice", StandardSequence=standard)).values()
        for tag in data
    )
    left = values(get(app, "alice", CustomSequence=custom))["bob"]
    assert left == {tag: value for tag, value in WHOLE.items() if "Custom" not in tag}
    swapped = get(app, "alice", StandardSequence=custom, CustomSequence=standard)
    assert values(swapped) == values(page)


def test_sequences_grow_with_each_change_of_a_list() -> None:
    """An entry added, changed or removed, on either side of a deletion; a look changes nothing."""
    app = emulated()
    world = app.world
    seen = [(world.sequences("alice"), world.sequences("bob"))]

    def changed() -> tuple[bool, bool]:
        seen.append((world.sequences("alice"), world.sequences("bob")))
        return seen[-1][0] > seen[-2][0], seen[-1][1] > seen[-2][1]

    get(app, "alice")
    assert changed() == (False, False)
    tencent(app, tencent_body("alice", "bob", kind=TWO_WAY))
    assert changed() == (True, True)
    tencent(app, tencent_body("alice", "bob", kind=TWO_WAY))
    assert changed() == (False, False)
    add(app, "alice", {"To_Account": "bob", **ITEM})
    assert changed() == (True, False)
    add(app, "alice", {"To_Account": "bob", **ITEM})
    assert changed() == (False, False)
    world.change("alice", "bob", {"Tag_SNS_IM_Remark": "other"})
    assert changed() == (True, False)
    tencent(app, {"From_Account": "alice"}, command="friend_delete_all")
    assert changed() == (True, False)


def test_data_ends_with_its_entry() -> None:
    """What comes back without its data has none of it."""
    app = emulated()
    for pair in (("alice", "bob"), ("bob", "alice"), ("alice", "carol")):
        app.world.put(*pair, WHOLE)
    tencent(app, tencent_body("alice", "bob", kind=TWO_WAY))
    tencent(app, {"From_Account": "alice"}, command="friend_delete_all")
    with pytest.raises(KeyError):
        app.world.data("alice", "bob")
    bare = {"To_Account": "bob", "AddSource": "AddSource_Type_Web"}
    add(app, "alice", bare, bare | {"To_Account": "carol"})
    add(app, "bob", bare | {"To_Account": "alice"})
    expected = {"Tag_SNS_IM_AddSource": "AddSource_Type_Web", "Tag_SNS_IM_AddTime": NOW_S}
    assert app.world.snapshot() == {
        ("alice", "bob"): expected,
        ("alice", "carol"): expected,
        ("bob", "alice"): expected,
    }


@pytest.mark.parametrize("kind", list(ReverseOnly)[1:])
def test_data_ends_with_an_entry_that_is_reached_from_the_other_side(kind: ReverseOnly) -> None:
    """A list that is cleared two-way, or a deletion that reaches the reverse entry."""
    app = emulated(habits=Habits(reverse_only=kind))
    for command, body in (
        ("friend_delete_all", {"From_Account": "alice", "DeleteType": TWO_WAY}),
        ("friend_delete", tencent_body("alice", "bob", kind=TWO_WAY)),
    ):
        app.world.put("bob", "alice", WHOLE)
        before = app.world.sequences("bob")
        tencent(app, body, command=command)
        assert app.world.sequences("bob") > before
        app.world.befriend([("bob", "alice")])
        assert app.world.data("bob", "alice") != WHOLE


def test_friend_import_sets_every_field_one_way() -> None:
    """What it puts there is what friend_get gives; the other list stays as it is."""
    app = emulated()
    answer = add(app, "carol", {"To_Account": "alice", **ITEM})
    assert answer == {
        "ResultItem": [{"To_Account": "alice", "ResultCode": 0, "ResultInfo": ""}],
        "ActionStatus": "OK",
        "ErrorCode": 0,
        "ErrorInfo": "",
        "ErrorDisplay": "",
    }
    assert values(get(app, "carol")) == {"alice": WHOLE} == {"alice": app.world.data(*CA)}
    add(app, "bob", {"To_Account": "carol", **ITEM})
    assert not app.world.has("carol", "bob")


CA = ("carol", "alice")


@pytest.mark.parametrize("again", ["overwrite", "keep"])
def test_friend_import_of_one_who_is_there(again: Any) -> None:
    """It is answered as done; whether the new data counts is undocumented."""
    app = emulated(habits=Habits(add_again=again))
    before = app.world.data("alice", "bob")
    assert items(add(app, "alice", {"To_Account": "bob", **ITEM})) == {"bob": 0}
    assert app.world.data("alice", "bob") == (WHOLE if again == "overwrite" else before)


@pytest.mark.parametrize(
    "change",
    [
        {"AddSource": None},
        {"AddSource": "Web"},
        {"AddSource": "AddSource_Type_"},
        {"AddSource": "AddSource_Type_TooLongOne"},
        {"Remark": "é" * 49},
        {"AddWording": "x" * 257},
        {"GroupName": "Friends"},
        {"GroupName": [""]},
        {"GroupName": ["x" * 31]},
        {"GroupName": ["x"] * 33},
        {"AddTime": "1420000001"},
        {"RemarkTime": "1420000001"},
        {"CustomItem": [{"Tag": "Tag_Profile_Custom_A", "Value": "x"}]},
        {"CustomItem": [{"Tag": "Tag_SNS_Custom_A", "Value": None}]},
        {"CustomItem": [{"Tag": "Tag_SNS_Custom_A", "Value": "x" * 501}]},
    ],
)
def test_friend_import_refuses_items_one_by_one(change: dict[str, Any]) -> None:
    """An item that breaks a rule fails with 30001 and is named; the others are imported."""
    app = emulated()
    wrong = {"To_Account": "dave", **ITEM, **change}
    answer = add(app, "carol", wrong, {"To_Account": "alice", **ITEM})
    assert items(answer) == {"dave": 30001, "alice": 0}
    assert (answer["ErrorCode"], answer["Fail_Account"]) == (0, ["dave"])
    assert set(app.world.of("carol")) == {"alice"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"AddFriendItem": []}, 30001),
        ({"AddFriendItem": ["bob"]}, 30001),
        ({"AddFriendItem": {"To_Account": "b"}}, 30001),
        ({"AddFriendItem": [{"AddSource": "AddSource_Type_Web"}]}, 60015),
        ({"AddFriendItem": [{"To_Account": "a"}]}, 30001),
        ({"AddFriendItem": [{"To_Account": "b"}, {"To_Account": "b"}]}, 30001),
        ({"AddFriendItem": [{"To_Account": f"u{n}"} for n in range(1001)]}, 70206),
    ],
)
@pytest.mark.parametrize("command", ["friend_import", "friend_add"])
def test_additions_refused_as_a_whole(command: str, body: dict[str, Any], code: int) -> None:
    """Nothing is added by a call that is wrong itself."""
    app = emulated()
    assert tencent(app, {"From_Account": "a", **body}, command=command)["ErrorCode"] == code
    assert not app.world.of("a")


def test_a_list_holds_three_thousand() -> None:
    """More are refused one by one, as each provider says it."""
    many = {f"u{n}" for n in range(FRIENDS_CAP - 1)}
    app = emulated(world=World({"a": set(many)}))
    two = [{"To_Account": to, **ITEM} for to in ("x", "y", "u1")]
    assert items(add(app, "a", *two)) == {"x": 0, "y": 30010, "u1": 0}
    app = emulated("zego", world=World({"a": set(many)}))
    answer = zego(app, "AddFriends", infos("a", {"UserId": "x"}, {"UserId": "y"}))
    assert (answer["Code"], errors(answer)) == (0, {"y": 660800028})


@pytest.mark.parametrize(("kind", "both"), [("Add_Type_Single", False), ("Add_Type_Both", True)])
def test_friend_add(kind: str, both: bool) -> None:
    """It writes one list or both; the remark and the one group are From's own."""
    app = emulated()
    item = {"To_Account": "dave", **ITEM, "GroupName": "Friends"}
    answer = add(app, "carol", item, command="friend_add", AddType=kind, ForceAddFlags=1)
    assert items(answer) == {"dave": 0}
    assert app.world.data("carol", "dave") == WHOLE | {"Tag_SNS_IM_Group": ["Friends"]}
    assert app.world.has("dave", "carol") is both
    if both:
        assert "Tag_SNS_IM_Remark" not in app.world.data("dave", "carol")
    wrong = {"AddType": "Both"} if both else {"ForceAddFlags": 2}
    assert add(app, "erin", item, command="friend_add", **wrong)["ErrorCode"] == 30001


def test_query_friend_list_gives_every_entry_once_with_its_data() -> None:
    """Over pages of at most 100 that Next leads to; TotalCount is the whole list's."""
    world = World({"alice": {f"f{n:03d}" for n in range(250)}})
    app = emulated("zego", world=world)
    seen: list[dict[str, Any]] = []
    following, pages = 0, 0
    while True:
        page = query(app, "alice", following)
        assert page["TotalCount"] == 250
        seen += page["FriendInfos"]
        pages += 1
        if not (following := page["Next"]):
            break
    assert (pages, len(seen)) == (3, 250)
    for info in seen:
        attributes = {one["Key"]: one["Value"] for one in info["Attributes"]}
        fields = {name: info[name] for name in ("Wording", "FriendAlias", "CreateTime")}
        data = world.data("alice", info["UserId"])
        assert fields | {"Attributes": attributes} == data


def test_next_is_opaque() -> None:
    """It is no position: who counts on by himself is refused."""
    app = emulated("zego", world=World({"alice": {f"f{n:03d}" for n in range(250)}}))
    assert query(app, "alice")["Next"] not in range(1000)
    assert query(app, "alice", 99_999_999)["Code"] == 660000002


def test_add_friends_leaves_an_entry_of_the_other_list_as_it_is() -> None:
    """Who has From already keeps what he says of it."""
    app = emulated("zego")
    app.world.put("dave", "carol", ENTRY)
    answer = zego(app, "AddFriends", infos("carol", {"UserId": "dave"}))
    assert (answer["Code"], app.world.data("dave", "carol")) == (0, ENTRY)


@pytest.mark.parametrize("both", [True, False])
def test_add_friends(both: bool) -> None:
    """It sets every field of From's entry; the other list, if it is written, has none of them."""
    app = emulated("zego", habits=Habits(add_writes_both=both))
    answer = zego(app, "AddFriends", infos("carol", {"UserId": "dave", **INFO}))
    assert (answer["Code"], answer["ErrorList"]) == (0, [])
    assert app.world.data("carol", "dave") == ENTRY
    assert app.world.has("dave", "carol") is both
    if both:
        data = app.world.data("dave", "carol")
        assert data == ENTRY | {"Wording": "", "FriendAlias": "", "Attributes": {}}


def test_add_friends_of_one_who_is_there() -> None:
    """660800027 and nothing changes; Code is 0 only if somebody else was added."""
    app = emulated("zego")
    before = app.world.snapshot()
    again = {"UserId": "carol", **INFO}
    answer = zego(app, "AddFriends", infos("alice", again))
    assert (answer["Code"], errors(answer)) == (660800027, {"carol": 660800027})
    assert app.world.snapshot() == before
    answer = zego(app, "AddFriends", infos("alice", again, {"UserId": "dave"}))
    assert (answer["Code"], errors(answer)) == (0, {"carol": 660800027})
    assert app.world.data("alice", "dave")["CreateTime"] == NOW_MS


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"FriendTime": NOW_MS + 1}, 660800046),
        ({"FriendTime": "0"}, 660000002),
        ({"Wording": "x" * 257}, 660800021),
        ({"FriendAlias": "x" * 257}, 660800021),
        ({"Attributes": [{"Key": "k5", "Value": "x"}]}, 660800023),
        ({"Attributes": [{"Key": "k0", "Value": "x" * 1023}]}, 660800024),
        ({"Attributes": [{"Key": "k0", "Value": 7}]}, 660800026),
        ({"Attributes": [{"Key": f"k{n % 5}", "Value": ""} for n in range(6)]}, 660800026),
        ({"Attributes": [{"Key": "k0", "Value": ""}] * 2}, 660800032),
        ({"UserId": "x" * 33}, 660000012),
    ],
)
def test_add_friends_refuses_items_one_by_one(change: dict[str, Any], code: int) -> None:
    """An item that breaks a rule fails with the rule's code; the other is added."""
    app = emulated("zego")
    wrong = {"UserId": "dave", **INFO, **change}
    answer = zego(app, "AddFriends", infos("carol", wrong, {"UserId": "erin", **INFO}))
    assert (answer["Code"], errors(answer)) == (0, {wrong["UserId"]: code})
    assert set(app.world.of("carol")) == {"erin"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (infos("a"), 660000002),
        (infos("a", {"Wording": ""}), 660000002),
        ({"FromUserId": "a", "FriendInfos": ["b"]}, 660000002),
        (infos("a", {"UserId": "b"}, {"UserId": "b"}), 660800022),
        (infos("a", {"UserId": "b"}, {"UserId": "a"}), 660800020),
        (infos("a", *({"UserId": f"u{n}"} for n in range(21))), 660800019),
    ],
)
def test_add_friends_refused_as_a_whole(body: dict[str, Any], code: int) -> None:
    """Nothing is added by a call that is wrong itself, and no id is named."""
    app = emulated("zego")
    answer = zego(app, "AddFriends", body)
    assert (answer["Code"], "ErrorList" in answer) == (code, False)
    assert not app.world.of("a")


def test_adding_accounts_that_do_not_exist() -> None:
    """Each provider has its code for it; where nobody exists, ZIM's call has one of its own."""
    existing = {"a", "b"}
    app = emulated(world=World(existing=existing))
    assert items(add(app, "a", {"To_Account": "x", **ITEM}, {"To_Account": "b", **ITEM})) == {
        "x": 30003,
        "b": 0,
    }
    app = emulated("zego", world=World(existing=existing))
    answer = zego(app, "AddFriends", infos("a", {"UserId": "x"}, {"UserId": "b"}))
    assert (answer["Code"], errors(answer)) == (0, {"x": 660700015})
    answer = zego(app, "AddFriends", infos("a", {"UserId": "x"}))
    assert (answer["Code"], errors(answer)) == (660800025, {"x": 660700015})


@pytest.mark.parametrize("unknown", ["item", "call", "gone"])
def test_who_does_not_exist_is_never_added(unknown: Any) -> None:
    """Whatever the habit for deletions."""
    app = emulated(world=World(existing={"a"}), habits=Habits(unknown_id=unknown))
    answer = add(app, "a", {"To_Account": "x", **ITEM})
    assert answer["ErrorCode"] == 30003 if unknown == "call" else items(answer) == {"x": 30003}
    assert not app.world.of("a")


def test_adding_oneself_may_fail_by_itself() -> None:
    """Only that item, where that is the habit; nobody is on his own list."""
    habits = Habits(oneself="item")
    app = emulated(habits=habits)
    answer = add(app, "a", {"To_Account": "a", **ITEM}, {"To_Account": "b", **ITEM})
    assert items(answer) == {"a": 30001, "b": 0}
    assert set(app.world.of("a")) == {"b"}
    app = emulated("zego", habits=habits)
    answer = zego(app, "AddFriends", infos("a", {"UserId": "a"}, {"UserId": "b"}))
    assert (answer["Code"], errors(answer)) == (0, {"a": 660800020})
    assert set(app.world.of("a")) == {"b"}


def test_the_list_of_an_account_that_does_not_exist() -> None:
    """It is refused: no list is not an empty list."""
    assert get(emulated(world=World(existing=())), "a")["ErrorCode"] == 30003
    assert query(emulated("zego", world=World(existing=())), "a")["Code"] == 660500002


def test_update_friends_alias() -> None:
    """It changes the alias of a friend and no other field; who is none is 660800034."""
    app = emulated("zego")
    app.world.put("alice", "bob", ENTRY)
    asked = [{"UserId": "bob", "FriendAlias": "B."}, {"UserId": "zoe", "FriendAlias": "Z."}]
    answer = zego(app, "UpdateFriendsAlias", {"FromUserId": "alice", "UserIds": asked})
    assert (answer["Code"], errors(answer)) == (0, {"zoe": 660800034})
    assert app.world.data("alice", "bob") == ENTRY | {"FriendAlias": "B."}
    long = [{"UserId": "bob", "FriendAlias": "x" * 257}]
    answer = zego(app, "UpdateFriendsAlias", {"FromUserId": "alice", "UserIds": long})
    assert (answer["Code"], errors(answer)) == (660800021, {"bob": 660800021})


def attributes(account: str, friend: str, **values: str) -> dict[str, Any]:
    """The body of UpdateFriendAttributes."""
    listed = [{"Key": key, "Value": value} for key, value in values.items()]
    return {"FromUserId": account, "UserId": friend, "Attributes": listed, "Action": 0}


def test_update_friend_attributes() -> None:
    """The keys that are named are set, the others stay."""
    app = emulated("zego")
    app.world.put("alice", "bob", ENTRY)
    answer = zego(app, "UpdateFriendAttributes", attributes("alice", "bob", k0="new", k1="1"))
    assert (answer["Code"], answer["FailKey"]) == (0, [])
    expected = {"k4": "x", "k0": "new", "k1": "1"}
    assert app.world.data("alice", "bob") == ENTRY | {"Attributes": expected}


@pytest.mark.parametrize(
    ("body", "code", "keys"),
    [
        (attributes("alice", "zoe", k0="x"), 660800034, ["k0"]),
        (attributes("alice", "bob", k9="x"), 660800023, None),
        (attributes("alice", "bob", k0="x" * 1023), 660800024, None),
        (attributes("alice", "bob"), 660000002, None),
        (attributes("alice", "", k0="x"), 660000002, None),
        (attributes("alice", "x" * 33, k0="x"), 660000012, None),
        (attributes("alice", "bob", k0="x") | {"Action": 1}, 660000002, None),
    ],
)
def test_attributes_that_cannot_be_set(
    body: dict[str, Any], code: int, keys: list[str] | None
) -> None:
    """A wrong call has a Code; where every key failed, each is named with its own."""
    app = emulated("zego")
    before = app.world.snapshot()
    answer = zego(app, "UpdateFriendAttributes", body)
    failed = [{"Key": key, "SubCode": code} for key in keys or ()]
    assert (answer["Code"], answer.get("FailKey", [])) == (code, failed)
    assert app.world.snapshot() == before
