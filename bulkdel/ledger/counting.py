"""What an outcome does to the counts, and the proof that no item of an entry is lost or doubled.

The lane works out what is left of an entry; that is checked here before anything is written, since
a slip there would be a pair without a line, or with two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bulkdel.ledger.values import Counters, Group, Intent, Outcome, Part, Settlement
from bulkdel.words import Batch, Entry, Verdict, size_of


class Counting:
    """Counters of one target while a tick is worked out."""

    __slots__ = ("_by_status", "calls", "in_reserve", "lost_answers", "retries", "throttled")

    def __init__(self, counters: Counters) -> None:
        self._by_status = counters.by_status
        self.calls = counters.calls
        self.retries = counters.retries
        self.throttled = counters.throttled
        self.lost_answers = counters.lost_answers
        self.in_reserve = counters.in_reserve

    def settle(self, groups: Iterable[tuple[Group, int]], entry: Entry) -> None:
        """Count the pairs of a settlement of `entry`, as `counted` says them."""
        second = is_second(entry)
        for group, pairs in groups:
            if group.in_reserve:
                self.in_reserve += pairs
            else:
                self._by_status[group.status] += pairs
                self.in_reserve -= pairs if second else 0

    def counters(self) -> Counters:
        """The counts so far."""
        return Counters(
            deleted=self._by_status[Verdict.DELETED],
            already_gone=self._by_status[Verdict.ALREADY_GONE],
            failed=self._by_status[Verdict.FAILED],
            calls=self.calls,
            retries=self.retries,
            throttled=self.throttled,
            lost_answers=self.lost_answers,
            in_reserve=self.in_reserve,
        )


def is_second(entry: Entry) -> bool:
    """Whether it is an entry of the second phase."""
    return isinstance(entry, Batch) and entry.sides is not None and entry.sides.asked is not None


def placed(settlement: Settlement, size: int) -> Iterator[tuple[Group, Sequence[int]]]:
    """The groups of a settlement with their positions, of an entry of `size` items."""
    for group in settlement.groups:
        if group.items is not None:
            yield group, group.items
            continue
        others = {place for one in settlement.groups for place in one.items or ()}
        others.update(settlement.left)
        of = range(size) if settlement.of is None else settlement.of
        yield group, [place for place in of if place not in others] if others else of


def counted(settlement: Settlement, size: int) -> list[tuple[Group, int]]:
    """How many pairs each group is of, of an entry of `size` items."""
    rest = (size if settlement.of is None else len(settlement.of)) - len(settlement.left)
    rest -= sum(len(group.items) for group in settlement.groups if group.items is not None)
    return [
        (group, rest if group.items is None else len(group.items)) for group in settlement.groups
    ]


def items_in(parts: tuple[Part, ...], size: int) -> int:
    """How many items `parts` name, of an entry of `size` items."""
    return sum(size if part.items is None else len(part.items) for part in parts)


def check_intent(intent: Intent, stored: tuple[Part, ...] | None) -> None:
    """That `intent` names exactly the items that are unsettled.

    Args:
        intent: what is about to go out.
        stored: the parts the journal holds of the entry; None if it has no history.

    Raises:
        ValueError: it does not; sending it could settle a pair twice, or lose one.
    """
    named = _items(intent.parts)
    unsettled = None if stored is None else _items(stored)
    if not intent.parts or (
        named != unsettled and not (unsettled is None and _from_the_first(named))
    ):
        raise ValueError(f"the intent for entry {intent.ordinal} is not what is unsettled of it")


def check_outcome(intent: Intent, outcome: Outcome) -> None:
    """That every item of the entry is after `outcome` either settled once or still in a part.

    Raises:
        ValueError: it is not.
    """
    settlement = outcome.settlement
    carried, *others = intent.parts
    size = size_of(outcome.entry)
    if settlement is None:
        if [part.items for part in outcome.parts] == [part.items for part in intent.parts]:
            return
        left = _positions(carried.items, size)
    else:
        if settlement.of != carried.items:
            raise ValueError(f"the settlement of entry {intent.ordinal} is not of what was sent")
        _check_settlement(intent.ordinal, settlement, _positions(settlement.of, size))
        left = settlement.left
    expected = sorted([*left, *(p for part in others for p in _positions(part.items, size))])
    kept = sorted(p for part in outcome.parts for p in _positions(part.items, size))
    if kept != expected:
        raise ValueError(f"the parts left of entry {intent.ordinal} are not what is unsettled")


def _check_settlement(ordinal: int, settlement: Settlement, carried: Iterable[int]) -> None:
    rests = 0
    named = list(settlement.left)
    for group in settlement.groups:
        if not group.status.settles:
            raise ValueError(f"{group.status} does not settle a pair (entry {ordinal})")
        if group.in_reserve and group.status is not Verdict.ALREADY_GONE:
            raise ValueError(f"{group.status} puts nothing in reserve (entry {ordinal})")
        if group.items is None:
            rests += 1
        else:
            named += group.items
    everything = set(carried)
    distinct = set(named)
    if (
        rests > 1
        or len(distinct) != len(named)
        or not distinct <= everything
        or (rests == 0 and distinct != everything)
    ):
        raise ValueError(f"the groups of a settlement of entry {ordinal} do not partition it")


def _positions(items: tuple[int, ...] | None, size: int) -> Iterable[int]:
    return range(size) if items is None else items


def _items(parts: tuple[Part, ...]) -> list[int] | None:
    """All items of `parts`, ascending; None where that is every item of the entry."""
    if len(parts) == 1 and parts[0].items is None:
        return None
    return sorted(position for part in parts for position in part.items or ())


def _from_the_first(named: list[int] | None) -> bool:
    """Whether `named` can be a whole entry that was cut into parts."""
    return named is None or named == list(range(len(named)))
