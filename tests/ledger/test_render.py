"""The ledger's lines, against lines written by hand from contract section 5."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.render import render
from bulkdel.ledger.values import Group
from bulkdel.words import Asked, Batch, Errand, Pull, Sides, Sweep, Verdict
from tests.support.ledger import rest, settlement, some

LABEL = "9f2c61d0a4e7b813"
TWO = Batch(3, "a", ("b", "c"))


def test_all_alike() -> None:
    """A batch settled as one has one line an id, the contract's keys in the contract's order."""
    expected = (
        b'{"target":"tencent","from_account":"a","to_account":"b","status":"deleted","code":0,'
        b'"info":"","batch":"9f2c61d0a4e7b813","attempts":1,"lost_answers":0,'
        b'"at":"2026-11-21T22:25:01.123Z"}\n'
        b'{"target":"tencent","from_account":"a","to_account":"c","status":"deleted","code":0,'
        b'"info":"","batch":"9f2c61d0a4e7b813","attempts":1,"lost_answers":0,'
        b'"at":"2026-11-21T22:25:01.123Z"}\n'
    )
    assert render(settlement(rest()), TWO, LABEL, "tencent") == expected


def test_exceptions_stand_in_position_order() -> None:
    """Items with a result of their own stand where they are in the batch; what is left has none."""
    batch = Batch(0, "a", ("b", "c", "d", "e"))
    settled = settlement(
        some(2, status=Verdict.FAILED, code=30003, info="no account", lost=1),
        some(0),
        rest(lost=2),
        left=(1,),
        attempts=3,
        at_ms=0,
    )
    tail = b'"batch":"9f2c61d0a4e7b813","attempts":3,"lost_answers":%d,"at":"1970-01-01T00:00:00.000Z"}\n'  # noqa: E501  # as it stands in the ledger
    start = b'{"target":"t","from_account":"a","to_account":'
    assert render(settled, batch, LABEL, "t") == (
        start + b'"b","status":"already_gone","code":31704,"info":"",' + tail % 0
        + start + b'"d","status":"failed","code":30003,"info":"no account",' + tail % 1
        + start + b'"e","status":"deleted","code":0,"info":"",' + tail % 2
    )  # fmt: skip


def test_part_of_an_entry() -> None:
    """A call that carried some positions only has lines for these."""
    found = render(settlement(rest(), of=(1,)), TWO, LABEL, "t")
    assert [orjson.loads(line)["to_account"] for line in found.splitlines()] == ["c"]


def test_sweep() -> None:
    """Clearing an account is one line whose to_account is null."""
    assert render(settlement(rest()), Sweep(0, "a"), LABEL, "zego") == (
        b'{"target":"zego","from_account":"a","to_account":null,"status":"deleted","code":0,'
        b'"info":"","batch":"9f2c61d0a4e7b813","attempts":1,"lost_answers":0,'
        b'"at":"2026-11-21T22:25:01.123Z"}\n'
    )


def test_a_chosen_side_reads_as_the_input_does() -> None:
    """A pair that the input names from the other side says from which side the call went out."""
    batch = Batch(0, "a", ("b", 'c"'), Sides(bytes([0, 1])))
    tail = b'"batch":"9f2c61d0a4e7b813","attempts":1,"lost_answers":0,"at":"1970-01-01T00:00:00.000Z"}\n'  # noqa: E501  # as it stands in the ledger
    assert render(settlement(rest(), at_ms=0), batch, LABEL, "t") == (
        b'{"target":"t","from_account":"a","to_account":"b","status":"deleted","code":0,'
        b'"info":"",' + tail
        + b'{"target":"t","from_account":"c\\"","to_account":"a","sent_from":"a",'
        b'"status":"deleted","code":0,"info":"",' + tail
    )  # fmt: skip


def test_a_second_phase_counts_on() -> None:
    """The line keeps the label of the planned batch, and counts the calls of both sides."""
    asked = (Asked("aaaaaaaaaaaaaaaa", 2, 1, 31704), Asked("bbbbbbbbbbbbbbbb", 1, 0, 31704))
    batch = Batch(9, "a", ("b", "c"), Sides(bytes([1, 0]), asked))
    found = [
        orjson.loads(line)
        for line in render(settlement(rest(lost=1), attempts=3), batch, LABEL, "t").splitlines()
    ]
    assert [
        (one["from_account"], one["to_account"], one.get("sent_from"), one["batch"])
        for one in found
    ] == [("b", "a", "a", "aaaaaaaaaaaaaaaa"), ("a", "c", None, "bbbbbbbbbbbbbbbb")]
    assert [(one["attempts"], one["lost_answers"]) for one in found] == [(5, 2), (4, 1)]


def test_info_is_capped_and_always_text() -> None:
    """A provider's text is kept to 200 characters and cannot break the line, whatever it holds."""
    info = 'x"\n\ud800' + "y" * 500
    (line,) = render(settlement(rest(info=info)), Batch(0, "a", ("b",)), LABEL, "t").splitlines()
    assert orjson.loads(line)["info"] == 'x"\n?' + "y" * 196


@given(
    st.lists(
        st.text(
            st.sampled_from(["a", '"', ",", "\\", "é", "\u2028", "[", "{"]), min_size=1, max_size=6
        ),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
def test_any_id_comes_back(ids: list[str]) -> None:
    """Whatever characters ids hold, each line is JSON with exactly its id, in position order."""
    batch = Batch(0, ids[0], tuple(ids))
    for settled in (settlement(rest()), settlement(rest(), of=tuple(range(len(ids))))):
        found = [orjson.loads(one) for one in render(settled, batch, LABEL, "t").split(b"\n")[:-1]]
        assert [one["to_account"] for one in found] == ids
        assert {one["from_account"] for one in found} == {ids[0]}


def group(status: Verdict, note: str, *items: int) -> Group:
    """Items that were settled so; without items, the rest."""
    return Group(
        status=status, code=0, info="", lost=0, items=tuple(items) if items else None, note=note
    )


def lines(errand: Errand, entry: Batch | Sweep | Pull, *groups: Group) -> list[bytes]:
    """The lines of a run beside a run."""
    return render(settlement(*groups), entry, LABEL, "t", errand).splitlines()


END = b'"code":0,"info":"","attempts":1,"at":"2026-11-21T22:25:01.123Z"}'


def test_the_lines_of_what_was_asked() -> None:
    """The contract's keys in its order; `where` stands where a pair remains."""
    two = b'{"target":"t","from_account":"a","to_account":"%s","status":'
    assert lines(
        Errand.ASK,
        Batch(0, "a", ("b", "c", "d")),
        group(Verdict.ALREADY_GONE, "both", 1),
        group(Verdict.FAILED, "", 2),
        group(Verdict.DELETED, ""),
    ) == [
        two % b"b" + b'"gone",' + END,
        two % b"c" + b'"remains","where":"both",' + END,
        two % b"d" + b'"unknown",' + END,
    ]


def test_the_line_of_a_list_that_was_asked_for() -> None:
    """It says how many are still on the list."""
    one = b'{"target":"t","from_account":"a","to_account":null,"status":'
    remains = lines(Errand.ASK_LIST, Sweep(0, "a"), group(Verdict.ALREADY_GONE, "17"))
    assert remains == [one + b'"remains","where":"friends","friends":17,' + END]
    assert lines(Errand.ASK_LIST, Sweep(0, "a"), group(Verdict.DELETED, "")) == [
        one + b'"gone",' + END
    ]


def test_the_line_of_a_list_that_was_pulled() -> None:
    """One for the account, with how many friends are in the backup."""
    one = b'{"target":"t","account":"a","status":'
    pulled = lines(Errand.PULL, Pull(0, "a", None), group(Verdict.DELETED, "250"))
    assert pulled == [one + b'"pulled","friends":250,' + END]
    failed = lines(Errand.PULL, Pull(0, "a", ("b",)), group(Verdict.FAILED, ""))
    assert failed == [one + b'"failed",' + END]


def test_the_lines_of_what_was_put_back() -> None:
    """What no call could set is named on the line."""
    two = b'{"target":"t","from_account":"a","to_account":"%s","status":'
    assert lines(
        Errand.PUT_BACK,
        Batch(0, "a", ("b", "c", "d"), data=("{}", "{}", "{}")),
        group(Verdict.ALREADY_GONE, "", 1),
        group(Verdict.DELETED, "Wording,CreateTime", 2),
        group(Verdict.DELETED, ""),
    ) == [
        two % b"b" + b'"restored",' + END,
        two % b"c" + b'"already_there",' + END,
        two % b"d" + b'"restored","not_restored":["Wording","CreateTime"],' + END,
    ]
