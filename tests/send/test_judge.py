"""Judging: what an answer settles, what is left, and what each item lost so far."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.values import FRESH, Group, Part, Settlement
from bulkdel.send.judge import divided, judge, load_of, size, split_at
from bulkdel.words import Answer, Asked, Batch, Ruling, Sides, Sweep, Verdict

DELETED = Ruling(verdict=Verdict.DELETED, code=0)
GONE = Ruling(verdict=Verdict.ALREADY_GONE, code=31704, info="Not_Friend")
BUSY = Ruling(verdict=Verdict.TRANSIENT, code=30006, info="busy", lost=True)
SLOW = Ruling(verdict=Verdict.THROTTLED, code=31707)
HALVE = Ruling(verdict=Verdict.SPLIT, code=30001)
BATCH = Batch(7, "a", ("b", "c", "d", "e"))


def test_all_deleted_is_one_group_without_positions() -> None:
    """The usual answer makes a settlement whose size does not depend on the batch's."""
    judged = judge(BATCH, FRESH, Answer(rest=DELETED), at_ms=5)
    assert judged.settlement == Settlement(
        of=None,
        left=(),
        groups=(Group(status=Verdict.DELETED, code=0, info="", lost=0, items=None),),
        attempts=1,
        at_ms=5,
    )
    assert judged.parts == ()
    assert judged.settled == 4


def test_items_have_their_own_ruling() -> None:
    """Exceptions are joined by id; what is left goes again with its history."""
    judged = judge(BATCH, FRESH, Answer(rest=DELETED, items={"d": BUSY, "c": GONE}), at_ms=5)
    assert judged.settlement is not None
    assert judged.settlement.left == (2,)
    assert [(one.status, one.items) for one in judged.settlement.groups] == [
        (Verdict.ALREADY_GONE, (1,)),
        (Verdict.DELETED, None),
    ]
    assert judged.parts == (Part(items=(2,), attempts=1, lost=1),)
    assert judged.lost
    assert judged.settled == 3


def test_lost_answers_are_counted_for_each_item() -> None:
    """Only items whose ruling may hide a deletion lose an answer; they stay in one part."""
    judged = judge(BATCH, FRESH, Answer(rest=SLOW, items={"b": BUSY, "c": BUSY}), at_ms=5)
    assert judged.settlement is None
    assert judged.parts == (Part(items=None, attempts=1, lost=0, lost_more={0: 1, 1: 1}),)
    again = judge(BATCH, judged.parts, Answer(rest=DELETED), at_ms=6)
    assert again.settlement is not None
    assert {(one.lost, one.items) for one in again.settlement.groups} == {
        (1, (0, 1)),
        (0, None),
    } or {(one.lost, one.items) for one in again.settlement.groups} == {(0, (2, 3)), (1, None)}
    assert again.settlement.attempts == 2


def test_a_settled_item_does_not_lose_the_call_that_settled_it() -> None:
    """`lost` counts calls without a definite verdict, before this one."""
    part = (Part(items=None, attempts=2, lost=2),)
    judged = judge(BATCH, part, Answer(rest=GONE), at_ms=5)
    assert judged.settlement is not None
    assert judged.settlement.groups[0].lost == 2


CHOSEN = Batch(7, "a", ("b", "c", "d", "e"), Sides(bytes([0, 1, 0, 0])))
SECOND = Batch(
    9, "a", ("b", "c"), Sides(bytes([0, 1]), (Asked("l", 1, 0, 31704), Asked("m", 2, 1, 31704)))
)


def test_not_a_friend_is_not_the_end_where_the_side_was_chosen() -> None:
    """The entry is done with those, but no pair is settled: their other side is asked later."""
    judged = judge(CHOSEN, FRESH, Answer(rest=GONE, items={"d": DELETED, "e": BUSY}), at_ms=5)
    assert judged.settlement is not None
    assert {(one.status, one.items, one.in_reserve) for one in judged.settlement.groups} == {
        (Verdict.DELETED, (2,), False),
        (Verdict.ALREADY_GONE, None, True),
    }
    assert judged.parts == (Part(items=(3,), attempts=1, lost=1),)
    assert (judged.settled, judged.moved) == (1, 2)
    alike = judge(CHOSEN, FRESH, Answer(rest=GONE), at_ms=5)
    assert alike.settlement is not None
    assert alike.parts == ()
    assert (alike.settled, alike.moved) == (0, 4)
    assert alike.settlement.groups[0].in_reserve


def test_not_a_friend_from_both_sides_is_the_end() -> None:
    """In the second phase it settles, as it does where no side was chosen."""
    judged = judge(SECOND, FRESH, Answer(rest=GONE, items={"c": DELETED}), at_ms=5)
    assert judged.settlement is not None
    assert not any(group.in_reserve for group in judged.settlement.groups)
    assert (judged.settled, judged.moved) == (2, 0)


def test_split_halves_what_is_left() -> None:
    """The halves keep the history; other parts of the entry wait behind them."""
    parts = (Part(items=(0, 1, 3), attempts=1, lost=1), Part(items=(2,), attempts=4))
    judged = judge(BATCH, parts, Answer(rest=HALVE), at_ms=5)
    assert judged.settlement is None
    assert judged.parts == (
        Part(items=(0, 1), attempts=2, lost=1),
        Part(items=(3,), attempts=2, lost=1),
        Part(items=(2,), attempts=4),
    )


def test_an_untouched_entry_stays_compact() -> None:
    """A call that settles nothing of a whole batch leaves one part without positions."""
    judged = judge(BATCH, FRESH, Answer(rest=BUSY), at_ms=5)
    assert judged.parts == (Part(items=None, attempts=1, lost=1),)


def test_sweep() -> None:
    """An account to clear is one item."""
    sweep = Sweep(3, "a")
    assert size(sweep, FRESH[0]) == 1
    assert judge(sweep, FRESH, Answer(rest=DELETED), at_ms=5).settled == 1
    assert judge(sweep, FRESH, Answer(rest=BUSY), at_ms=5).parts == (
        Part(items=None, attempts=1, lost=1),
    )


RULINGS = st.sampled_from([DELETED, GONE, BUSY, SLOW])


@given(data=st.data())
def test_nothing_is_lost_and_nothing_settled_twice(data: st.DataObject) -> None:
    """Over any history each item is settled at most once, and what is not settled is left."""
    width = data.draw(st.integers(1, 6))
    batch = Batch(1, "a", tuple("bcdefg"[:width]))
    parts: tuple[Part, ...] = FRESH
    settled: dict[int, tuple[Verdict, int, int]] = {}
    attempts = dict.fromkeys(range(width), 0)
    lost = dict.fromkeys(range(width), 0)
    for _ in range(8):
        if not parts:
            break
        count = data.draw(st.integers(1, size(batch, parts[0])))
        if count < size(batch, parts[0]):
            parts = (*split_at(batch, parts[0], count), *parts[1:])
        sent = load_of(batch, parts[0])
        assert isinstance(sent, Batch)
        several = [HALVE] if len(sent.to_accounts) > 1 else []  # as decode promises
        rest = data.draw(st.sampled_from([DELETED, GONE, BUSY, SLOW, *several]))
        named = (
            {}
            if rest is HALVE
            else data.draw(st.dictionaries(st.sampled_from(sent.to_accounts), RULINGS))
        )
        judged = judge(batch, parts, Answer(rest=rest, items=named), at_ms=1)
        for account in sent.to_accounts:
            position = batch.to_accounts.index(account)
            attempts[position] += 1
            lost[position] += named.get(account, rest) is BUSY
        for position, told in _told(width, judged.settlement).items():
            assert position not in settled
            assert told == (
                named.get(batch.to_accounts[position], rest).verdict,
                lost[position],
                attempts[position],
            )
            settled[position] = told
        parts = judged.parts
        left = [i for part in parts for i in (range(width) if part.items is None else part.items)]
        assert sorted([*left, *settled]) == list(range(width))
        for part in parts:
            for i in range(width) if part.items is None else part.items:
                assert part.lost + part.lost_more.get(i, 0) == lost[i]
                assert part.attempts == attempts[i]


def _told(width: int, settlement: Settlement | None) -> dict[int, tuple[Verdict, int, int]]:
    """Who was settled how, read from the settlement as its docstring defines it."""
    if settlement is None:
        return {}
    of = list(range(width)) if settlement.of is None else list(settlement.of)
    named = {i for one in settlement.groups for i in one.items or ()}
    told = {}
    for one in settlement.groups:
        items = one.items
        if items is None:
            items = tuple(i for i in of if i not in named and i not in settlement.left)
        for i in items:
            assert i not in told
            told[i] = (one.status, one.lost, settlement.attempts)
    return told


MORE = Ruling(verdict=Verdict.MORE, code=0)


def test_what_needs_another_call_is_left_and_not_refused() -> None:
    """Nothing of it is settled, lost or refused, and what the answer did settle is."""
    judged = judge(BATCH, FRESH, Answer(rest=MORE, items={"c": DELETED}), at_ms=5)
    assert judged.settled == 1
    assert judged.parts == (Part(items=(0, 2, 3), attempts=1),)
    assert not judged.lost
    assert judged.last is None
    assert judged.first(Verdict.MORE) == MORE


def test_what_a_status_needs_beside_it_parts_groups() -> None:
    """Items that are alike but for their note are groups of their own."""
    remains = [Ruling(verdict=Verdict.ALREADY_GONE, code=0, note=one) for one in ("from", "both")]
    answer = Answer(rest=remains[0], items={"c": remains[1]})
    judged = judge(BATCH, FRESH, answer, at_ms=5)
    assert judged.settlement is not None
    assert {(one.note, one.items) for one in judged.settlement.groups} == {
        ("both", (1,)),
        ("from", None),
    }
    alike = judge(BATCH, FRESH, Answer(rest=remains[1]), at_ms=5)
    assert alike.settlement is not None
    assert [one.note for one in alike.settlement.groups] == ["both"]


def test_a_load_carries_the_data_of_its_items() -> None:
    """Whatever part of an entry goes, each friend goes with its own data."""
    batch = Batch(7, "a", ("b", "c", "d"), data=("B", "C", "D"))
    load = load_of(batch, Part(items=(0, 2)))
    assert load == Batch(7, "a", ("b", "d"), data=("B", "D"))


@given(
    cuts=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    chosen=st.sets(st.integers(0, 3)),
)
def test_divided_parts_hold_every_item_once(cuts: list[int], chosen: set[int]) -> None:
    """What is chosen is in the first ones, all else in the others, histories kept."""
    groups = {cut: tuple(i for i in range(4) if cuts[i] == cut) for cut in sorted(set(cuts))}
    parts = tuple(
        Part(items=items, attempts=cut, lost=cut, lost_more={items[0]: 1})
        for cut, items in groups.items()
    )
    sent, kept = divided(BATCH, parts, sorted(chosen))
    assert [i for part in sent for i in part.items or ()] == [
        i for part in parts for i in part.items or () if i in chosen
    ]
    for part in (*sent, *kept):
        assert part.items
        (cut,) = {cuts[i] for i in part.items}
        assert (part.attempts, part.lost) == (cut, cut)
        assert dict(part.lost_more) == {i: 1 for i in part.items if i == groups[cut][0]}
    everything = sorted(i for part in (*sent, *kept) for i in part.items or ())
    assert everything == [0, 1, 2, 3]
