"""ZIM's calls: each check refuses with its documented code, and Code follows its outcome rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.wire import EmulatedApp
from bulkdel.emulator.world import World
from tests.emulator.calls import NOW, ZEGO_APP, ZEGO_QUERY, decoded, zego


def emulated(
    world: World | None = None, *, app: EmulatedApp = ZEGO_APP, habits: Habits | None = None
) -> Emulated:
    """An app where alice has bob and carol, bob has alice, dave has alice."""
    known = World({"alice": {"bob", "carol"}, "bob": {"alice"}, "dave": {"alice"}})
    return Emulated("zego", app=app, world=world or known, habits=habits)


def body(account: object, ids: object, kind: object = 1) -> dict[str, object]:
    """The body of DeleteFriends; kind 1 is one-way."""
    return {"FromUserId": account, "UserIds": ids, "DeleteType": kind}


def test_the_official_signature_sample_is_accepted() -> None:
    """The documentation's own sample signature passes."""
    app = Emulated("zego", app=EmulatedApp(app_id=12345, secret="9193cc662a4c0ec135ec71fb57194b38"))
    query = ZEGO_QUERY | {
        "AppId": "12345",
        "SignatureNonce": "4fd24687296dd9f3",
        "Timestamp": "1615186943",
        "Signature": "43e5cfcca828314675f91b001390566a",
    }
    answer = zego(
        app,
        "DeleteAllFriends",
        query=query,
        now=1615186943,
        parameters={"FromUserId": "a", "DeleteType": "1"},
    )
    assert answer["Code"] == 0


def test_all_deleted() -> None:
    """Code 0 and an empty ErrorList: every id is deleted."""
    app = emulated()
    answer = zego(app, "DeleteFriends", body("alice", ["bob", "carol"]))
    assert (answer["Code"], answer["ErrorList"]) == (0, [])
    assert answer["RequestId"]
    assert sorted(app.world.pairs()) == [("bob", "alice"), ("dave", "alice")]


def test_some_deleted() -> None:
    """Code 0 with an ErrorList: the listed failed, the others are deleted."""
    app = emulated()
    answer = zego(app, "DeleteFriends", body("alice", ["zoe", "bob"]))
    assert answer["Code"] == 0
    assert answer["ErrorList"] == [{"UserId": "zoe", "SubCode": 660800034}]
    assert not app.world.has("alice", "bob")


def test_none_deleted() -> None:
    """Every target failed: Code is not 0, and each has its SubCode."""
    answer = zego(emulated(), "DeleteFriends", body("alice", ["zoe", "yan"]))
    assert answer["Code"] == 660800034
    assert {error["UserId"] for error in answer["ErrorList"]} == {"zoe", "yan"}
    chosen = emulated(habits=Habits(all_failed_code=660000001))
    assert zego(chosen, "DeleteFriends", body("alice", ["zoe"]))["Code"] == 660000001


def test_delete_type_0_is_two_way() -> None:
    """The numbers are the reverse of what one expects."""
    app = emulated()
    assert zego(app, "DeleteFriends", body("alice", ["bob"], 0))["Code"] == 0
    assert sorted(app.world.pairs()) == [("alice", "carol"), ("dave", "alice")]


@pytest.mark.parametrize(
    ("kind", "left"),
    [("1", [("bob", "alice"), ("dave", "alice")]), ("0", [("dave", "alice")])],
)
def test_delete_all_friends(kind: str, left: list[tuple[str, str]]) -> None:
    """A GET clears the list, one-way or two-way; there are no results by id."""
    app = emulated()
    answer = zego(app, "DeleteAllFriends", parameters={"FromUserId": "alice", "DeleteType": kind})
    assert answer["Code"] == 0
    assert "ErrorList" not in answer
    assert sorted(app.world.pairs()) == left


@pytest.mark.parametrize(("kind", "relations"), [(1, [2, 2, 1, 1]), (0, [6, 4, 5, 3])])
def test_check_friends_relation(kind: int, relations: list[int]) -> None:
    """Relations are numbered as documented."""
    asked = {
        "FromUserId": "alice",
        "UserIds": ["bob", "carol", "dave", "zoe"],
        "CheckType": kind,
    }
    answer = zego(emulated(), "CheckFriendsRelation", asked)
    assert [found["Relation"] for found in answer["Successes"]] == relations
    assert answer["Fails"] == []


def test_query_friend_list_pages() -> None:
    """At most 100 a page; Next leads on and ends with 0."""
    friends = {f"f{n:03d}" for n in range(150)}
    app = emulated(World({"alice": set(friends)}))
    first = zego(
        app, "QueryFriendList", parameters={"FromUserId": "alice", "Limit": "0", "Next": "0"}
    )
    last = zego(
        app,
        "QueryFriendList",
        parameters={"FromUserId": "alice", "Limit": "500", "Next": str(first["Next"])},
    )
    assert (first["TotalCount"], len(first["FriendInfos"]), last["Next"]) == (150, 100, 0)
    seen = [info["UserId"] for page in (first, last) for info in page["FriendInfos"]]
    assert sorted(seen) == sorted(friends)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AppId": "x"}, 100000001),
        ({"AppId": ""}, 100000001),
        ({"AppId": "1234567891"}, 100000011),
        ({"Timestamp": ""}, 100000002),
        ({"Timestamp": "now"}, 100000003),
        ({"SignatureNonce": ""}, 100000008),
        ({"SignatureNonce": "0011"}, 100000005),
        ({"Signature": ""}, 100000009),
        ({"Signature": "22849315074FAD530C6EF0FAC673FB1D"}, 100000005),
        ({"Signature": "0" * 32}, 100000005),
        ({"SignatureVersion": ""}, 100000013),
        ({"SignatureVersion": "1.0"}, 100000014),
        ({"Action": ""}, 100000006),
        ({"Action": "SendFriendApplication"}, 100000007),
    ],
)
def test_query_checks(change: dict[str, str], code: int) -> None:
    """Each wrong or missing common parameter is refused with its code; nothing is deleted."""
    app = emulated()
    answer = zego(app, "DeleteFriends", body("alice", ["bob"]), query=ZEGO_QUERY | change)
    assert answer["Code"] == code
    assert app.world.removed == 0


@pytest.mark.parametrize(
    ("off", "code"), [(600, 0), (-600, 0), (601, 100000004), (-601, 100000004)]
)
def test_timestamp_within_ten_minutes(off: int, code: int) -> None:
    """The signature's clock may be off by ten minutes, either way."""
    answer = zego(emulated(), "DeleteFriends", body("alice", ["bob"]), now=NOW + off)
    assert answer["Code"] == code


def test_a_wrong_secret_is_refused() -> None:
    """A signature of another secret is 100000005."""
    app = emulated(app=replace(ZEGO_APP, secret="another"))
    assert zego(app, "DeleteFriends", body("alice", ["bob"]))["Code"] == 100000005


def test_revoked_signatures() -> None:
    """Signatures with a Timestamp from before the revocation are refused."""
    app = emulated()
    app.revoke(NOW + 1)
    assert zego(app, "DeleteFriends", body("alice", ["bob"]), now=NOW + 2)["Code"] == 100000004


def test_a_replayed_nonce_is_refused_if_strict() -> None:
    """By default a nonce may come again; strictly, its second use is a signature error."""
    lenient, strict = emulated(), emulated(habits=Habits(nonce_twice="refused"))
    codes = [
        zego(app, "DeleteFriends", body("alice", [to]))["Code"]
        for app in (lenient, strict)
        for to in ("bob", "carol")
    ]
    assert codes == [0, 0, 0, 100000005]
    assert strict.world.has("alice", "carol")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([], 100000012),
        ({}, 660000002),
        (body(7, ["b"]), 660000002),
        (body("", ["b"]), 660000002),
        (body("x" * 33, ["b"]), 660000012),
        (body("a", []), 660000002),
        (body("a", "b"), 660000002),
        (body("a", ["b", 7]), 660000002),
        (body("a", ["b", ""]), 660000002),
        ({"FromUserId": "a", "UserIds": ["b"]}, 660000002),
        (body("a", ["b"], 2), 660000002),
        (body("a", ["b"], "1"), 660000002),
        (body("a", ["b"], kind=True), 660000002),
        (body("a", [f"u{n}" for n in range(21)]), 660800019),
        (body("a", ["b", "c", "b"]), 660800022),
        (body("a", ["b", "a"]), 660800033),
    ],
)
def test_body_checks(asked: object, code: int) -> None:
    """Each fault of a DeleteFriends body is refused as a whole; nothing is deleted."""
    app = emulated(World({"a": {"b"}}))
    answer = zego(app, "DeleteFriends", asked)
    assert answer["Code"] == code
    assert "ErrorList" not in answer
    assert app.world.removed == 0


def test_the_batch_limit_may_be_raised() -> None:
    """Twenty ids pass; fifty where the app's limit was raised."""
    ids = [f"u{n}" for n in range(50)]
    assert zego(emulated(), "DeleteFriends", body("a", ids[:20]))["Code"] == 660800034
    raised = emulated(World({"a": set(ids)}), habits=Habits(batch_limit=50))
    assert zego(raised, "DeleteFriends", body("a", ids))["Code"] == 0
    assert raised.world.removed == 50


@pytest.mark.parametrize(
    "parameters",
    [{}, {"FromUserId": "alice"}, {"FromUserId": "alice", "DeleteType": "2"}, {"DeleteType": "1"}],
)
def test_delete_all_friends_checks(parameters: dict[str, str]) -> None:
    """FromUserId and DeleteType are required."""
    app = emulated()
    assert zego(app, "DeleteAllFriends", parameters=parameters)["Code"] == 660000002
    assert app.world.removed == 0


def test_the_method_belongs_to_the_action() -> None:
    """DeleteFriends is a POST, DeleteAllFriends a GET; the other way round is bad input."""
    app = emulated()
    assert (
        zego(app, "DeleteFriends", parameters={"FromUserId": "alice", "DeleteType": "1"})["Code"]
        == 660000002
    )
    query = ZEGO_QUERY | {"Action": "DeleteAllFriends", "FromUserId": "alice", "DeleteType": "1"}
    assert decoded(app.handle("POST", "/", query, b"{}", NOW))["Code"] == 660000002
    assert app.world.removed == 0


def test_unknown_and_overlong_accounts() -> None:
    """FromUserId unknown refuses the call; an unknown or overlong target fails by itself."""
    app = emulated(World({"a": {"b", "ghost"}}, existing={"a", "b", "x" * 33}))
    assert zego(app, "DeleteFriends", body("nobody", ["a"]))["Code"] == 660500002
    answer = zego(app, "DeleteFriends", body("a", ["b", "ghost", "x" * 33]))
    assert answer["Code"] == 0
    assert {error["UserId"]: error["SubCode"] for error in answer["ErrorList"]} == {
        "ghost": 660700012,
        "x" * 33: 660000012,
    }
    assert app.world.has("a", "ghost")
