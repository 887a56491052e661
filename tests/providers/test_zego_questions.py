"""CheckFriendsRelation and QueryFriendList: what is asked, and what an answer is worth."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import replies
from bulkdel.providers.operations import Cursor, Friend, Limits, Page
from bulkdel.providers.protocol import App, Secret
from bulkdel.providers.zego import ZEGO
from bulkdel.words import UNREADABLE, Answer, Batch, Errand, Mode, Ruling, Sweep, Verdict

BATCH = Batch(0, "me", ("a", "b", "c"))
SWEEP = Sweep(0, "me")
GONE = (Verdict.DELETED, 0, "")
OPEN = (Verdict.TRANSIENT, UNREADABLE, "")
NOTHING = {Mode.ONE_WAY: 1, Mode.TWO_WAY: 3}
every_mode = pytest.mark.parametrize("mode", list(Mode))


def asked(
    successes: object = (),
    fails: object = (),
    *,
    code: object = 0,
    mode: Mode = Mode.TWO_WAY,
    http: int = 200,
) -> Answer:
    """The answer to CheckFriendsRelation with these lists."""
    body = orjson.dumps({"Code": code, "Message": "", "Successes": successes, "Fails": fails})
    return ZEGO.ask_friends[mode].decode(BATCH, http, body)


def said(answer: Answer) -> list[tuple[Verdict, int, str]]:
    """Verdict, code and note of each id of the batch."""
    rulings = [answer.items.get(account, answer.rest) for account in BATCH.to_accounts]
    return [(one.verdict, one.code, one.note) for one in rulings]


def remains(where: str) -> tuple[Verdict, int, str]:
    """What remains there."""
    return (Verdict.ALREADY_GONE, 0, where)


def checked(relations: dict[str, object]) -> list[dict[str, object]]:
    """Entries of Successes."""
    return [{"UserId": account, "Relation": relation} for account, relation in relations.items()]


def failed(code: object, account: object = "a", **more: object) -> dict[str, object]:
    """One entry of Fails."""
    return {"UserId": account, "SubCode": code, **more}


# --- CheckFriendsRelation -------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "check_type"), [(Mode.TWO_WAY, 0), (Mode.ONE_WAY, 1)])
def test_the_question(mode: Mode, check_type: int) -> None:
    """One list is looked at or both, as the mode shortens one or both."""
    command = ZEGO.on_batches(Errand.ASK, mode).encode(BATCH, mode)
    assert command.name == "CheckFriendsRelation"
    assert orjson.loads(orjson.dumps(command.content)) == {
        "FromUserId": "me",
        "UserIds": ["a", "b", "c"],
        "CheckType": check_type,
    }
    assert ZEGO.limits[Errand.ASK] == Limits(qps=20, batch_size=20, batch_size_most=50)


def test_the_documented_sample() -> None:
    """Two remain on From's list, and of two nothing is known although one half was checked."""
    batch = Batch(0, "zego_user", ("user_id1", "user_id2", "user_id3", "user_id4"))
    body = b"""{"Code": 0, "Message": "success", "RequestId": "343649807833778782",
        "Successes": [{"UserId": "user_id1", "Relation": 4}, {"UserId": "user_id2", "Relation": 4}],
        "Fails": [{"UserId": "user_id3", "SubCode": 660000001, "Relation": 1},
                  {"UserId": "user_id4", "SubCode": 660000001, "Relation": 2}]}"""
    answer = ZEGO.ask_friends[Mode.TWO_WAY].decode(batch, 200, body)
    rulings = [answer.items.get(account, answer.rest) for account in batch.to_accounts]
    assert [(one.verdict, one.code, one.note) for one in rulings] == [
        remains("from"),
        remains("from"),
        (Verdict.TRANSIENT, 660000001, ""),
        (Verdict.TRANSIENT, 660000001, ""),
    ]


@every_mode
def test_nothing_remains(mode: Mode) -> None:
    """All that have no relation are gone with one ruling."""
    for fails in (list[object](), None):
        answer = asked(checked(dict.fromkeys("abc", NOTHING[mode])), fails, mode=mode)
        assert answer == Answer(rest=Ruling(verdict=Verdict.DELETED, code=0))
        assert answer.rest is replies.DONE


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.ONE_WAY, [GONE, remains("from"), OPEN, OPEN, OPEN, OPEN]),
        (Mode.TWO_WAY, [OPEN, OPEN, GONE, remains("from"), remains("to"), remains("both")]),
    ],
)
def test_a_number_counts_for_its_own_question(
    mode: Mode, expected: list[tuple[Verdict, int, str]]
) -> None:
    """1 and 2 speak of one list, 3 to 6 of two; either answers only what was asked."""
    for relation, one in enumerate(expected, start=1):
        answer = asked(checked({"a": relation, "b": NOTHING[mode]}), mode=mode)
        assert said(answer) == [one, GONE, OPEN]


@every_mode
@pytest.mark.parametrize("relation", [None, 0, 7, -3, "3", "1", True, 3.0, 1.0, [3], {}])
def test_an_unknown_relation_says_nothing(mode: Mode, relation: object) -> None:
    """Nothing but the documented number says that nothing remains."""
    answer = asked(checked({"a": relation, "b": NOTHING[mode], "c": relation}), mode=mode)
    assert said(answer) == [OPEN, GONE, OPEN]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (660700015, Verdict.FAILED),
        (660800034, Verdict.FAILED),
        (660000002, Verdict.FAILED),
        (660000001, Verdict.TRANSIENT),
        (660300005, Verdict.THROTTLED),
        (669999999, Verdict.TRANSIENT),
    ],
)
def test_who_was_not_checked_is_not_gone(code: int, expected: Verdict) -> None:
    """A code in Fails rules whatever relation stands beside it, and none of them says gone."""
    for relation in (None, 1, 2, 3):
        answer = asked(checked({"b": 3, "c": 3}), [failed(code, Relation=relation)])
        assert said(answer) == [(expected, code, ""), GONE, GONE]


@pytest.mark.parametrize("code", [None, 0, False, "660000001", -1])
def test_a_failure_without_a_code_says_nothing(code: object) -> None:
    """Neither that the id is gone nor that it can never be asked for."""
    assert said(asked(checked({"b": 3, "c": 3}), [failed(code)])) == [OPEN, GONE, GONE]


def test_who_is_not_named_is_not_gone() -> None:
    """An id in neither list is unknown; strangers are ignored, and so is what names nobody."""
    successes = [*checked({"a": 3, "x": 3}), {"Relation": 3}, {"UserId": 7, "Relation": 3}, "b", 3]
    answer = asked(successes, [failed(660000001, "y"), {"SubCode": 1}, None])
    assert said(answer) == [GONE, OPEN, OPEN]
    assert answer.strangers == 2


@pytest.mark.parametrize(
    ("twice", "expected"),
    [((3, 3), GONE), ((3, 4), OPEN), ((4, 5), OPEN), ((6, 6), remains("both")), ((3, 9), OPEN)],
)
def test_an_id_named_twice(twice: tuple[int, int], expected: tuple[Verdict, int, str]) -> None:
    """Two relations of one id count where they agree; otherwise nothing is known of it."""
    for one, other in (twice, twice[::-1]):
        successes = checked({"a": one, "b": 3}) + checked({"a": other, "c": 3})
        assert said(asked(successes)) == [expected, GONE, GONE]


def test_an_id_in_both_lists_is_unknown() -> None:
    """Who was checked and was not is not known to be gone."""
    answer = asked(checked(dict.fromkeys("abc", 3)), [failed(660700015)])
    assert said(answer) == [OPEN, GONE, GONE]


@pytest.mark.parametrize("lists", [("x", []), ([], "x"), (7, []), ([], {"a": 1}), (True, None)])
def test_what_is_no_list_says_nothing(lists: tuple[object, object]) -> None:
    """Nobody is gone by it, and nobody refused."""
    assert said(asked(*lists)) == [OPEN] * 3
    assert said(asked(checked(dict.fromkeys("abc", 3)), "x")) == [OPEN] * 3


def test_a_failed_call_answers_nothing() -> None:
    """With another Code than 0 nobody was checked; Fails says why for those it names."""
    successes = checked(dict.fromkeys("abc", 3))
    for one in said(asked(successes, code=660000001)):
        assert one == (Verdict.TRANSIENT, 660000001, "")
    answer = asked(successes, [failed(660700015)], code=660700015)
    assert [one[0] for one in said(answer)] == [Verdict.FAILED, *[Verdict.TRANSIENT] * 2]
    for status in (201, 429, 503):
        assert {one[0] for one in said(asked(successes, http=status))} <= {
            Verdict.TRANSIENT,
            Verdict.THROTTLED,
        }


@pytest.mark.parametrize(
    ("code", "several", "one"),
    [
        (660500002, Verdict.FAILED, Verdict.FAILED),
        (660800034, Verdict.SPLIT, Verdict.FAILED),
        (660000002, Verdict.SPLIT, Verdict.FAILED),
        (660300005, Verdict.THROTTLED, Verdict.THROTTLED),
        (100000005, Verdict.RESIGN, Verdict.RESIGN),
        (100000016, Verdict.FATAL, Verdict.FATAL),
    ],
)
def test_the_code_of_the_call(code: int, several: Verdict, one: Verdict) -> None:
    """Without lists the call's own code rules, and never says that anybody is gone."""
    body = orjson.dumps({"Code": code, "Message": "no"})
    ask = ZEGO.ask_friends[Mode.TWO_WAY]
    assert ask.decode(BATCH, 200, body).rest.verdict is several
    assert ask.decode(Batch(0, "me", ("a",)), 200, body).rest.verdict is one
    assert ZEGO.ask_list.decode(SWEEP, 200, body).rest.verdict is one


def test_a_batch_above_the_limit_is_made_smaller() -> None:
    """Whatever the lists repeat for each id."""
    ruling = asked([], [failed(660800019)], code=660800019).rest
    assert (ruling.verdict, ruling.shrink) == (Verdict.SPLIT, True)


odd: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=3) | st.just([])
)
results = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "UserId": st.sampled_from(["a", "b", "c", "x"]) | odd,
            "Relation": st.integers(1, 6) | odd,
            "SubCode": st.sampled_from([0, 660000001, 660800034, 660700015]) | odd,
        },
    )
    | odd,
    max_size=6,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "Code": st.just(0) | st.sampled_from([660000001, 660800034, 7]) | odd,
        "Successes": results | odd,
        "Fails": results | odd,
        "FriendInfos": results | odd,
        "TotalCount": odd,
        "Next": odd,
    },
)
statuses = st.just(200) | st.sampled_from([201, 302, 429, 503])


def _is(number: int, value: object) -> bool:
    return type(value) is int and value == number


def _of(account: str, items: object) -> list[dict[str, Any]]:
    named = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [item for item in named if item.get("UserId") == account]


def _says_gone(account: str, reply: Any, mode: Mode) -> bool:
    """By the documentation, without our decoder: named in Successes alone, with no relation."""
    own = _of(account, reply.get("Successes"))
    readable = isinstance(reply.get("Fails") or [], list)
    return (
        _is(0, reply.get("Code"))
        and readable
        and not _of(account, reply.get("Fails"))
        and bool(own)
        and all(_is(NOTHING[mode], item.get("Relation")) for item in own)
    )


@every_mode
@given(document=documents | odd, status=statuses)
def test_gone_only_where_it_is_said(mode: Mode, document: Any, status: int) -> None:
    """Whatever comes, an id is gone where the reply says so of that id, and nowhere else."""
    answer = ZEGO.ask_friends[mode].decode(BATCH, status, orjson.dumps(document))
    assert set(answer.items) <= set(BATCH.to_accounts)
    claimed = {account for account, one in zip("abc", said(answer), strict=True) if one == GONE}
    believed = status == 200 and isinstance(document, dict)
    assert claimed == {a for a in "abc" if believed and _says_gone(a, document, mode)}


@given(body=st.binary(max_size=40), status=st.integers())
def test_any_bytes_are_read(body: bytes, status: int) -> None:
    """No bytes and no status make an error or an answer."""
    for mode in Mode:
        assert not ZEGO.ask_friends[mode].decode(BATCH, status, body).rest.verdict.settles
    assert not ZEGO.ask_list.decode(SWEEP, status, body).rest.verdict.settles
    page = ZEGO.pull_friends.decode(Cursor(account="me"), status, body)
    assert isinstance(page, Ruling)
    assert not page.verdict.settles


# --- QueryFriendList ------------------------------------------------------------------------------


def listed(*friends: object, **fields: object) -> bytes:
    """A reply to QueryFriendList with these friends, the last page unless `fields` differ."""
    reply = {
        "Code": 0,
        "Message": "",
        "TotalCount": len(friends),
        "Next": 0,
        "FriendInfos": friends,
    }
    reply |= fields
    return orjson.dumps({key: value for key, value in reply.items() if value is not ...})


def friend(account: object = "a", **fields: object) -> dict[str, object]:
    """One entry of FriendInfos."""
    return {"UserId": account, "FriendAlias": "é", "Wording": "", **fields}


def pulled(body: bytes, at: int | None = None, status: int = 200) -> Page | Ruling:
    """What a reply to the page at `at` is read as."""
    return ZEGO.pull_friends.decode(Cursor(account="me", at=at), status, body)


@pytest.mark.parametrize("at", [None, -7, 2**60])
def test_a_page_is_asked_for_in_the_query(at: int | None) -> None:
    """As large as it may be, from where the page before said; any id survives the query."""
    command = ZEGO.pull_friends.encode(Cursor(account="a&b+ %", at=at), Mode.TWO_WAY)
    app = App(app_id=1, admin="", secret=Secret("k"))
    credentials = ZEGO.credentials(app, 1.0)
    call = ZEGO.signed(command, app=app, credentials=credentials, now_s=1.0, entropy=bytes(8))
    assert (call.method, call.body) == ("GET", None)
    parameters = dict(parse_qsl(call.query, strict_parsing=True))
    assert parameters["Action"] == "QueryFriendList"
    assert (parameters["FromUserId"], parameters["Limit"]) == ("a&b+ %", "100")
    assert parameters["Next"] == str(at or 0)
    assert ZEGO.limits[Errand.PULL].qps == 20


def test_the_documented_page() -> None:
    """Friends come with all that the list says of them; how many there are is the stamp."""
    one = friend(
        "UserA",
        UserName="N",
        Avatar="A",
        CreateTime=1698310534000,
        Attributes=[{"Key": "k1", "Value": "V"}],
    )
    assert pulled(listed(one, friend("UserB"), TotalCount=500, Next=1)) == Page(
        friends=(
            Friend(account="UserA", data=orjson.dumps(one).decode()),
            Friend(account="UserB", data=orjson.dumps(friend("UserB")).decode()),
        ),
        following=1,
        stamp=(500,),
        total=500,
    )


@pytest.mark.parametrize("following", [3, 1, -9, 2**62])
def test_the_next_page_is_any_number(following: int) -> None:
    """It means nothing but that there is one; 0 means the end."""
    page = pulled(listed(friend(), TotalCount=9, Next=following), at=7)
    assert isinstance(page, Page)
    assert page.following == following


@pytest.mark.parametrize("account", ["x" * 40, "a\n", " ", "=1"])
def test_any_id_may_stand_on_a_list(account: str) -> None:
    """A list may hold whom no input may name, and a cleared one is backed up whole."""
    page = pulled(listed(friend(account)))
    assert isinstance(page, Page)
    assert [one.account for one in page.friends] == [account]


@pytest.mark.parametrize("friends", [[], None, ...])
def test_an_empty_list_is_a_page(friends: object) -> None:
    """Its only page, which names nobody."""
    page = pulled(listed(FriendInfos=friends, TotalCount=0))
    assert page == Page(friends=(), following=None, stamp=(0,), total=0)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (listed(friend(), TotalCount=9, Next=7), 7),
        (listed(friend(), Next=...), None),
        (listed(friend(), Next=None), None),
        (listed(friend(), Next=False), None),
        (listed(friend(), Next="0"), None),
        (listed(friend(), Next=0.0), None),
        (listed(TotalCount=9, Next=5), 3),
        (listed(TotalCount=9), None),
        (listed(friend(), TotalCount=...), None),
        (listed(friend(), TotalCount=0), None),
        (listed(friend(), TotalCount="1"), None),
        (listed(friend(), friend()), None),
        (listed(friend("")), None),
        (listed(friend(7)), None),
        (listed({"FriendAlias": "x"}), None),
        (listed("a"), None),
        (listed(FriendInfos={"a": 1}), None),
        (listed(FriendInfos=""), None),
        (listed(friend(), Code=...), None),
    ],
)
def test_what_is_no_page_is_pulled_again(body: bytes, at: int | None) -> None:
    """A page that does not go on, or leaves friends out, was not read."""
    ruling = pulled(body, at)
    assert isinstance(ruling, Ruling)
    assert (ruling.verdict, ruling.code) == (Verdict.TRANSIENT, UNREADABLE)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (660500002, Verdict.FAILED),
        (660800034, Verdict.FAILED),
        (660000001, Verdict.TRANSIENT),
        (660300005, Verdict.THROTTLED),
    ],
)
def test_a_refused_page(code: int, verdict: Verdict) -> None:
    """The code of a call that was refused rules, whatever list stands beside it."""
    for body in (listed(Code=code), listed(friend(), Code=code)):
        ruling = pulled(body)
        assert isinstance(ruling, Ruling)
        assert (ruling.verdict, ruling.code) == (verdict, code)


# --- whether a list is empty ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (listed(), GONE),
        (listed(FriendInfos=None), GONE),
        (listed(friend()), remains("1")),
        (listed(friend(), TotalCount=250, Next=4), remains("250")),
        (listed(TotalCount=250), OPEN),
        (listed(TotalCount=...), OPEN),
        (listed(friend(), TotalCount=0), OPEN),
        (listed(Next=4), OPEN),
        (listed(Code=660500002), (Verdict.FAILED, 660500002, "")),
        (listed(Code=660800034), (Verdict.FAILED, 660800034, "")),
    ],
)
def test_whether_a_list_is_empty(body: bytes, expected: tuple[Verdict, int, str]) -> None:
    """It is where the reply counts none and names none; where it names some, they are counted."""
    ruling = ZEGO.on_lists(Errand.ASK_LIST).decode(SWEEP, 200, body).rest
    assert (ruling.verdict, ruling.code, ruling.note) == expected


def test_the_question_for_a_list() -> None:
    """One friend is enough to know that it is not empty."""
    command = ZEGO.ask_list.encode(SWEEP, Mode.TWO_WAY)
    assert command.name == "QueryFriendList"
    assert command.parameters == (("FromUserId", "me"), ("Limit", 1), ("Next", 0))


@given(document=documents, status=statuses)
def test_a_list_is_empty_only_where_it_is_said(document: dict[str, Any], status: int) -> None:
    """Whatever comes: Code 0, a count of 0, no friend and no page that follows."""
    ruling = ZEGO.ask_list.decode(SWEEP, status, orjson.dumps(document)).rest
    if ruling.verdict is Verdict.DELETED:
        assert status == 200
        assert all(_is(0, document[key]) for key in ("Code", "TotalCount", "Next"))
        assert document.get("FriendInfos") in ([], None)
