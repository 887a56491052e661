"""friend_check and friend_get: what is asked, and what an answer is worth."""

from __future__ import annotations

import timeit
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.providers import replies
from bulkdel.providers.operations import Cursor, Friend, Limits, Page
from bulkdel.providers.tencent import TENCENT
from bulkdel.words import INFO_CAP, UNREADABLE, Answer, Batch, Errand, Mode, Ruling, Sweep, Verdict

BATCH = Batch(0, "me", ("a", "b", "c"))
SWEEP = Sweep(0, "me")
NO, FROM = "CheckResult_Type_NoRelation", "CheckResult_Type_AWithB"
TO, BOTH = "CheckResult_Type_BWithA", "CheckResult_Type_BothWay"
every_mode = pytest.mark.parametrize("mode", list(Mode))


def info(account: object, relation: object, code: object = 0, text: str = "") -> dict[str, object]:
    """One entry of InfoItem."""
    return {"To_Account": account, "Relation": relation, "ResultCode": code, "ResultInfo": text}


def asked(
    *items: object,
    code: object = 0,
    status: object = "OK",
    mode: Mode = Mode.TWO_WAY,
    http: int = 200,
) -> Answer:
    """The answer to friend_check with these items."""
    body = orjson.dumps({"InfoItem": items, "ActionStatus": status, "ErrorCode": code})
    return TENCENT.ask_friends[mode].decode(BATCH, http, body)


def said(answer: Answer) -> list[tuple[Verdict, int, str]]:
    """Verdict, code and note of each id of the batch."""
    rulings = [answer.items.get(account, answer.rest) for account in BATCH.to_accounts]
    return [(one.verdict, one.code, one.note) for one in rulings]


GONE = (Verdict.DELETED, 0, "")
OPEN = (Verdict.TRANSIENT, UNREADABLE, "")


def remains(where: str) -> tuple[Verdict, int, str]:
    """What remains there."""
    return (Verdict.ALREADY_GONE, 0, where)


# --- friend_check ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "check_type"),
    [(Mode.ONE_WAY, "CheckResult_Type_Single"), (Mode.TWO_WAY, "CheckResult_Type_Both")],
)
def test_the_question(mode: Mode, check_type: str) -> None:
    """One list is looked at or both, as the mode shortens one or both."""
    command = TENCENT.on_batches(Errand.ASK, mode).encode(BATCH, mode)
    assert command.name == "friend_check"
    assert orjson.loads(orjson.dumps(command.content)) == {
        "From_Account": "me",
        "To_Account": ["a", "b", "c"],
        "CheckType": check_type,
    }
    assert TENCENT.limits[Errand.ASK] == Limits(qps=200, batch_size=1000, batch_size_most=1000)


def test_the_documented_sample() -> None:
    """Four relations, and a fifth account that was not checked although it has a relation."""
    batch = Batch(0, "id", ("id1", "id2", "id3", "id4", "id5"))
    items = [info(f"id{n}", word) for n, word in enumerate((BOTH, FROM, TO, NO), start=1)]
    items.append(info("id5", NO, 30006, "Err_SNS_FriendCheck_Check_Relation_Exec_Task_Fail"))
    body = orjson.dumps(
        {
            "InfoItem": items,
            "Fail_Account": ["id5"],
            "ActionStatus": "OK",
            "ErrorCode": 0,
            "ErrorInfo": "",
            "ErrorDisplay": "",
        }
    )
    answer = TENCENT.ask_friends[Mode.TWO_WAY].decode(batch, 200, body)
    assert answer.rest == Ruling(verdict=Verdict.DELETED, code=0)
    assert {account: (one.verdict, one.note) for account, one in answer.items.items()} == {
        "id1": (Verdict.ALREADY_GONE, "both"),
        "id2": (Verdict.ALREADY_GONE, "from"),
        "id3": (Verdict.ALREADY_GONE, "to"),
        "id5": (Verdict.TRANSIENT, ""),
    }
    assert answer.items["id5"].code == 30006


@every_mode
def test_nothing_remains(mode: Mode) -> None:
    """All without a relation are gone with one ruling, in any order of the items."""
    items = [info(account, NO) for account in "abc"]
    for order in (items, items[::-1]):
        answer = asked(*order, mode=mode)
        assert answer == Answer(rest=Ruling(verdict=Verdict.DELETED, code=0))
        assert answer.rest is replies.DONE


@pytest.mark.parametrize("word", [TO, BOTH])
def test_a_relation_of_the_other_question_says_nothing(word: str) -> None:
    """Who was asked about one list has no answer in a word about two."""
    items = [info("a", word), info("b", FROM), info("c", NO)]
    assert said(asked(*items, mode=Mode.ONE_WAY)) == [OPEN, remains("from"), GONE]


@every_mode
@pytest.mark.parametrize(
    "word",
    [None, "", "NoRelation", NO.lower(), f"{NO} ", "CheckResult_Type_New", 0, True, [NO], {}],
)
def test_an_unknown_relation_says_nothing(mode: Mode, word: object) -> None:
    """Nothing but the documented word says that nothing remains."""
    assert said(asked(info("a", word), info("b", NO), info("c", NO), mode=mode)) == [
        OPEN,
        GONE,
        GONE,
    ]
    assert said(asked(*(info(account, word) for account in "abc"), mode=mode)) == [OPEN] * 3


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (30003, Verdict.FAILED),
        (31704, Verdict.FAILED),
        (30001, Verdict.FAILED),
        (30006, Verdict.TRANSIENT),
        (60007, Verdict.THROTTLED),
        (39999, Verdict.TRANSIENT),
        (30010, Verdict.TRANSIENT),
    ],
)
@pytest.mark.parametrize("word", [NO, BOTH, None])
def test_the_code_comes_before_the_relation(code: int, expected: Verdict, word: object) -> None:
    """Whoever was not checked is not gone, not even by a code that says so to a deletion."""
    text = "Err_SNS_FriendCheck_Friend_Not_Exist"
    answer = asked(info("a", word, code, text), info("b", NO), info("c", NO))
    assert said(answer) == [(expected, code, ""), GONE, GONE]
    assert answer.items["a"].info == text


@pytest.mark.parametrize("code", [False, 0.0, "0", None, -1])
def test_no_code_is_no_success(code: object) -> None:
    """A relation beside what is no result code says nothing."""
    assert said(asked(info("a", NO, code), info("b", NO), info("c", NO))) == [OPEN, GONE, GONE]


def test_who_is_not_named_is_not_gone() -> None:
    """An id without an item is unknown; a stranger is ignored."""
    answer = asked(info("a", NO), info("stranger", NO), info("c", NO))
    assert said(answer) == [GONE, OPEN, GONE]
    assert answer.strangers == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((NO, NO), GONE),
        ((BOTH, BOTH), remains("both")),
        ((NO, FROM), OPEN),
        ((FROM, TO), OPEN),
        ((NO, "?"), OPEN),
    ],
)
def test_an_id_named_twice(words: tuple[str, str], expected: tuple[Verdict, int, str]) -> None:
    """Two relations of one id count where they agree; otherwise nothing is known of it."""
    items = [info("a", words[0]), info("b", NO), info("a", words[1]), info("c", NO)]
    for order in (items, items[::-1]):
        assert said(asked(*order)) == [expected, GONE, GONE]


def test_a_failed_call_answers_nothing() -> None:
    """Relations in a reply whose own code is not 0, or whose status is FAIL, are not believed."""
    items = [info(account, NO) for account in "abc"]
    for code, verdict in ((30006, Verdict.TRANSIENT), (30003, Verdict.TRANSIENT)):
        assert {one[0] for one in said(asked(*items, code=code, status="FAIL"))} == {verdict}
    remain = [info(account, FROM) for account in "abc"]
    for some in (items, remain):
        assert said(asked(*some, status="FAIL")) == [OPEN] * 3
        assert {one[0] for one in said(asked(*some, http=503))} == {Verdict.TRANSIENT}


@pytest.mark.parametrize(
    ("code", "several", "one"),
    [
        (30003, Verdict.FAILED, Verdict.FAILED),
        (31704, Verdict.SPLIT, Verdict.FAILED),
        (30001, Verdict.SPLIT, Verdict.FAILED),
        (60007, Verdict.THROTTLED, Verdict.THROTTLED),
        (30004, Verdict.FATAL, Verdict.FATAL),
        (70001, Verdict.RESIGN, Verdict.RESIGN),
    ],
)
def test_the_code_of_the_call(code: int, several: Verdict, one: Verdict) -> None:
    """Without items the call's own code rules, and never says that anybody is gone."""
    body = orjson.dumps(
        {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": "Err_SNS_Not_Friend"}
    )
    ask = TENCENT.ask_friends[Mode.TWO_WAY]
    assert ask.decode(BATCH, 200, body).rest.verdict is several
    assert ask.decode(Batch(0, "me", ("a",)), 200, body).rest.verdict is one
    assert TENCENT.ask_list.decode(SWEEP, 200, body).rest.verdict is one


odd: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3) | st.just([])
)
items_of = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "To_Account": st.sampled_from(["a", "b", "c", "x"]) | odd,
            "Relation": st.sampled_from([NO, FROM, TO, BOTH]) | odd,
            "ResultCode": st.just(0) | st.sampled_from([30003, 30006, 31704]) | odd,
        },
    )
    | odd,
    max_size=6,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "ErrorCode": st.just(0) | st.sampled_from([30006, 31704, 60007]) | odd,
        "ActionStatus": st.just("OK") | odd,
        "InfoItem": items_of | odd,
        "UserDataItem": items_of | odd,
        "FriendNum": odd,
        "CompleteFlag": odd,
        "NextStartIndex": odd,
        "StandardSequence": odd,
        "CustomSequence": odd,
    },
)
statuses = st.just(200) | st.sampled_from([201, 302, 429, 503])


def _is_zero(value: object) -> bool:
    return type(value) is int and value == 0


def _says_gone(account: str, reply: Any) -> bool:
    """By the documentation, without our decoder: every item of the id says NoRelation, code 0."""
    if not _is_zero(reply.get("ErrorCode")) or reply.get("ActionStatus") not in ("OK", None):
        return False
    items = reply.get("InfoItem")
    own = [
        item
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and item.get("To_Account") == account
    ]
    return bool(own) and all(
        _is_zero(item.get("ResultCode")) and item.get("Relation") == NO for item in own
    )


@every_mode
@given(document=documents | odd, status=statuses)
def test_gone_only_where_it_is_said(mode: Mode, document: Any, status: int) -> None:
    """Whatever comes, an id is gone where the reply says so of that id, and nowhere else."""
    answer = TENCENT.ask_friends[mode].decode(BATCH, status, orjson.dumps(document))
    assert set(answer.items) <= set(BATCH.to_accounts)
    claimed = {account for account, one in zip("abc", said(answer), strict=True) if one == GONE}
    believed = status == 200 and isinstance(document, dict)
    assert claimed == {a for a in "abc" if believed and _says_gone(a, document)}
    for ruling in (answer.rest, *answer.items.values()):
        assert len(ruling.info) <= INFO_CAP
        if ruling.verdict is Verdict.ALREADY_GONE:
            assert ruling.note in ("from", "to", "both")


@given(body=st.binary(max_size=40), status=st.integers())
def test_any_bytes_are_read(body: bytes, status: int) -> None:
    """No bytes and no status make an error or an answer."""
    for mode in Mode:
        assert not TENCENT.ask_friends[mode].decode(BATCH, status, body).rest.verdict.settles
    assert not TENCENT.ask_list.decode(SWEEP, status, body).rest.verdict.settles
    page = TENCENT.pull_friends.decode(Cursor(account="me"), status, body)
    assert isinstance(page, Ruling)
    assert not page.verdict.settles


@pytest.mark.bench
def test_asking_costs_what_deleting_costs() -> None:
    """Ruling 1000 answers "nothing remains" costs, a byte, at most 1.5 times 1000 deletions."""
    accounts = tuple(f"user_{n:07d}" for n in range(1000))
    batch = Batch(0, "me", accounts)
    checks = orjson.dumps({"InfoItem": [info(one, NO) for one in accounts], "ErrorCode": 0})
    done = [{"To_Account": one, "ResultCode": 0, "ResultInfo": ""} for one in accounts]
    deletions = orjson.dumps({"ResultItem": done, "ErrorCode": 0})
    ask = TENCENT.ask_friends[Mode.TWO_WAY]
    assert ask.decode(batch, 200, checks).rest is replies.DONE

    def asking() -> Answer:
        return ask.decode(batch, 200, checks)

    def deleting() -> Answer:
        return TENCENT.decode(batch, 200, deletions)

    took = [min(timeit.repeat(f, number=20, repeat=15)) for f in (asking, deleting)]
    assert took[0] / len(checks) <= 1.5 * took[1] / len(deletions)


# --- friend_get -----------------------------------------------------------------------------------


def friend(account: object = "id1", **values: object) -> dict[str, object]:
    """One entry of UserDataItem."""
    return {
        "To_Account": account,
        "ValueItem": [{"Tag": tag, "Value": value} for tag, value in values.items()],
    }


def listed(*items: object, **fields: object) -> bytes:
    """A reply to friend_get with these friends, complete unless `fields` say otherwise."""
    reply = {
        "UserDataItem": items,
        "StandardSequence": 88,
        "CustomSequence": 46,
        "FriendNum": len(items),
        "CompleteFlag": 1,
        "NextStartIndex": 0,
        "ActionStatus": "OK",
        "ErrorCode": 0,
        "ErrorInfo": "",
    }
    reply |= fields
    return orjson.dumps({key: value for key, value in reply.items() if value is not ...})


def pulled(body: bytes, at: int | None = None, status: int = 200) -> Page | Ruling:
    """What a reply to the page at `at` is read as."""
    return TENCENT.pull_friends.decode(Cursor(account="me", at=at), status, body)


@pytest.mark.parametrize("at", [None, 100])
def test_every_page_is_asked_for_with_sequences_0(at: int | None) -> None:
    """So the server never leaves data out because it is the same as before."""
    command = TENCENT.pull_friends.encode(Cursor(account="me", at=at), Mode.TWO_WAY)
    assert command.name == "friend_get"
    assert command.content == {
        "From_Account": "me",
        "StartIndex": at or 0,
        "StandardSequence": 0,
        "CustomSequence": 0,
    }
    assert TENCENT.limits[Errand.PULL].qps == 200


def test_the_documented_page() -> None:
    """Friends come with all that the list says of them, and the sequences are the stamp."""
    item = friend(
        "id1",
        Tag_SNS_IM_AddSource="AddSource_Type_Android",
        Tag_SNS_IM_Remark="Remark1",
        Tag_SNS_IM_Group=["Group1", "Group2"],
        Tag_SNS_IM_AddTime=1563867420,
        Tag_SNS_Custom_Test="é",
    )
    assert pulled(listed(item, friend("id2"), FriendNum=20)) == Page(
        friends=(
            Friend(account="id1", data=orjson.dumps(item).decode()),
            Friend(account="id2", data='{"To_Account":"id2","ValueItem":[]}'),
        ),
        following=None,
        stamp=(88, 46),
        total=20,
    )


def test_pages_follow_each_other() -> None:
    """The next page begins where the reply says, whatever the size of this one."""
    page = pulled(listed(friend(), FriendNum=9, CompleteFlag=0, NextStartIndex=107), at=100)
    assert isinstance(page, Page)
    assert (page.following, page.total) == (107, 9)
    last = pulled(listed(friend(), CompleteFlag=7, NextStartIndex=107), at=107)
    assert isinstance(last, Page)
    assert last.following is None


@pytest.mark.parametrize("sequence", [None, ...])
def test_a_list_without_custom_fields_may_have_no_sequence_of_them(sequence: object) -> None:
    """Then the stamp tells apart by the other one alone."""
    page = pulled(listed(friend(), CustomSequence=sequence))
    assert isinstance(page, Page)
    assert page.stamp == (88, -1)


@pytest.mark.parametrize("account", ["x" * 40, "a\n", " ", "=1"])
def test_any_id_may_stand_on_a_list(account: str) -> None:
    """A list may hold whom no input may name, and a cleared one is backed up whole."""
    page = pulled(listed(friend(account)))
    assert isinstance(page, Page)
    assert [one.account for one in page.friends] == [account]


@pytest.mark.parametrize("friends", [[], None, ...])
def test_an_empty_list_is_a_page(friends: object) -> None:
    """Its only page, which names nobody."""
    page = pulled(listed(UserDataItem=friends, FriendNum=0))
    assert page == Page(friends=(), following=None, stamp=(88, 46), total=0)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (listed(friend(), CompleteFlag=0, NextStartIndex=100), 100),
        (listed(friend(), CompleteFlag=0, NextStartIndex=99), 100),
        (listed(friend(), CompleteFlag=0, NextStartIndex=0), None),
        (listed(friend(), CompleteFlag=0, NextStartIndex=...), None),
        (listed(friend(), CompleteFlag=0, NextStartIndex="5"), None),
        (listed(friend(), CompleteFlag=...), None),
        (listed(friend(), CompleteFlag=False, NextStartIndex=5), None),
        (listed(FriendNum=5, CompleteFlag=0, NextStartIndex=5), 3),
        (listed(FriendNum=5), None),
        (listed(FriendNum=...), None),
        (listed(friend(), StandardSequence=...), None),
        (listed(friend(), CustomSequence="46"), None),
        (listed(friend(), FriendNum=0), None),
        (listed(friend(), friend()), None),
        (listed(friend(""), FriendNum=1), None),
        (listed(friend(7), FriendNum=1), None),
        (listed({"ValueItem": []}), None),
        (listed({"To_Account": "id1"}), None),
        (listed({"To_Account": "id1", "ValueItem": None}), None),
        (listed({"To_Account": "id1", "ValueItem": ["Tag_SNS_IM_Remark"]}), None),
        (listed({"To_Account": "id1", "ValueItem": [{"Value": "x"}]}), None),
        (listed({"To_Account": "id1", "ValueItem": [{"Tag": "Tag_SNS_IM_Remark"}]}), None),
        (listed("id1"), None),
        (listed(UserDataItem={"id1": 1}, FriendNum=0), None),
        (listed(UserDataItem="", FriendNum=0), None),
        (listed(friend(), ErrorCode=...), None),
        (listed(friend(), ActionStatus="FAIL"), None),
    ],
)
def test_what_is_no_page_is_pulled_again(body: bytes, at: int | None) -> None:
    """A page that does not go on, or leaves friends or their data out, was not read."""
    ruling = pulled(body, at)
    assert isinstance(ruling, Ruling)
    assert (ruling.verdict, ruling.code) == (Verdict.TRANSIENT, UNREADABLE)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (30003, Verdict.FAILED),
        (30001, Verdict.FAILED),
        (31704, Verdict.FAILED),
        (30006, Verdict.TRANSIENT),
        (60011, Verdict.THROTTLED),
        (70003, Verdict.FATAL),
    ],
)
def test_a_refused_page(code: int, verdict: Verdict) -> None:
    """The code of a call that was refused rules, whatever list stands beside it."""
    for body in (listed(ErrorCode=code, ActionStatus="FAIL"), listed(friend(), ErrorCode=code)):
        ruling = pulled(body)
        assert isinstance(ruling, Ruling)
        assert (ruling.verdict, ruling.code) == (verdict, code)


@pytest.mark.parametrize("status", [201, 429, 503])
def test_a_page_comes_with_status_200_alone(status: int) -> None:
    """A list in a reply that is no success is not believed."""
    ruling = pulled(listed(friend()), status=status)
    assert isinstance(ruling, Ruling)
    assert ruling.code == status
    assert TENCENT.ask_list.decode(SWEEP, status, listed()).rest.code == status


# --- whether a list is empty ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (listed(), GONE),
        (listed(UserDataItem=...), GONE),
        (listed(friend()), remains("1")),
        (listed(friend(), FriendNum=250, CompleteFlag=0, NextStartIndex=1), remains("250")),
        (listed(FriendNum=250), OPEN),
        (listed(FriendNum=...), OPEN),
        (listed(FriendNum=False), OPEN),
        (listed(friend(), FriendNum=0), OPEN),
        (listed(CompleteFlag=0, NextStartIndex=1), OPEN),
        (listed(ErrorCode=30003), (Verdict.FAILED, 30003, "")),
        (listed(ErrorCode=31704), (Verdict.FAILED, 31704, "")),
    ],
)
def test_whether_a_list_is_empty(body: bytes, expected: tuple[Verdict, int, str]) -> None:
    """It is where the reply counts none and names none; where it names some, they are counted."""
    ruling = TENCENT.on_lists(Errand.ASK_LIST).decode(SWEEP, 200, body).rest
    assert (ruling.verdict, ruling.code, ruling.note) == expected


def test_the_question_for_a_list() -> None:
    """The first page, with sequences 0."""
    command = TENCENT.ask_list.encode(SWEEP, Mode.TWO_WAY)
    assert command == TENCENT.pull_friends.encode(Cursor(account="me"), Mode.TWO_WAY)


@given(document=documents, status=statuses)
def test_a_list_is_empty_only_where_it_is_said(document: dict[str, Any], status: int) -> None:
    """Whatever comes: code 0, a count of 0, no friend and no page that follows."""
    ruling = TENCENT.ask_list.decode(SWEEP, status, orjson.dumps(document)).rest
    if ruling.verdict is Verdict.DELETED:
        assert status == 200
        assert _is_zero(document["ErrorCode"])
        assert _is_zero(document["FriendNum"])
        assert document.get("UserDataItem") in ([], None)
        assert document["CompleteFlag"] != 0
    page = pulled(orjson.dumps(document), status=status)
    assert isinstance(page, Page) or page.verdict is not Verdict.DELETED
