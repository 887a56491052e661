"""What one transaction of the journal has to hold, worked out before anything is written.

A tick is all that waited: intents, outcomes and withdrawals in the order in which they came. Each
entry may occur several times; only its last state reaches the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bulkdel.ledger.closure import closing_settlement, known_settlement
from bulkdel.ledger.codec import decode_parts, encode_parts
from bulkdel.ledger.counting import Counting, check_intent, check_outcome, counted, items_in
from bulkdel.ledger.render import capped
from bulkdel.ledger.samples import Sample
from bulkdel.ledger.settled import SettledSet
from bulkdel.ledger.values import (
    FRESH,
    Closure,
    Counters,
    Deal,
    Event,
    Intent,
    Outcome,
    Part,
    Settlement,
    Withdrawal,
)
from bulkdel.providers.stars import nameless
from bulkdel.words import Entry, Verdict, size_of

_CODE_MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the journal holds before a tick.

    Attributes:
        intents: by ordinal, of the calls in flight.
        settled: the ordinals that are settled whole.
        counters: by target.
        parts_of: the unsettled parts that are stored of an ordinal; None without a history.
    """

    intents: Mapping[int, Intent]
    settled: SettledSet
    counters: Sequence[Counters]
    parts_of: Callable[[int], tuple[Part, ...] | None]


class OpenRow(NamedTuple):
    """A row of `open`, in the order of its columns.

    Pairs, code and info are of the outcome that left the entry unsettled; None keeps what stands
    there.
    """

    ordinal: int
    target: int
    parts: bytes | None
    in_flight: bool
    pairs: int | None
    code: int | None
    info: str | None


@dataclass(slots=True)
class Tick:
    """The changes of one transaction.

    Attributes:
        rows: entries with a history by ordinal; None where the row goes.
        intents: by ordinal; None where a call's outcome came or its intent was withdrawn.
        settled: (settlement, entry, target) in the order of their sequence.
        whole: ordinals that are settled whole now.
        countings: counters by target, of the targets that changed.
        failures: by target and code, the provider's text and how many pairs failed with it.
        deals: done after all else.
        samples: kept as they came.
    """

    rows: dict[int, OpenRow | None] = field(default_factory=dict)
    intents: dict[int, Intent | None] = field(default_factory=dict)
    settled: list[tuple[Settlement, Entry, int]] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)
    countings: dict[int, Counting] = field(default_factory=dict)
    failures: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    deals: list[Deal] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def fold(events: Iterable[Event], before: Before) -> Tick:
    """Returns the tick of `events`, which are in the order in which they came.

    Raises:
        ValueError: an event contradicts the journal; nothing of the tick may be written.
    """
    tick = Tick()
    for event in events:
        match event:
            case Intent():
                _intend(tick, event, before)
            case Outcome():
                _conclude(tick, event, before)
            case Closure():
                _close(tick, event, before)
            case Withdrawal():
                _withdraw(tick, event.ordinal, before)
            case Deal():
                tick.deals.append(event)
            case Sample():
                tick.samples.append(event)
    return tick


def _intend(tick: Tick, intent: Intent, before: Before) -> None:
    ordinal = intent.ordinal
    if ordinal in before.settled or ordinal in tick.whole:
        raise ValueError(f"an intent for entry {ordinal}, which is settled")
    if _in_flight(tick, ordinal, before) is not None:
        raise ValueError(f"a second intent for entry {ordinal}, whose call is out")
    if ordinal in tick.rows:
        row = tick.rows[ordinal]
        check_intent(intent, None if row is None else decode_parts(row.parts))
    else:
        check_intent(intent, before.parts_of(ordinal))
    _put(tick, intent, in_flight=True)
    tick.intents[ordinal] = intent
    counting = _counting(tick, intent.target, before)
    counting.calls += 1
    counting.retries += intent.again


def _conclude(tick: Tick, outcome: Outcome, before: Before) -> None:
    ordinal = outcome.entry.ordinal
    intent = _in_flight(tick, ordinal, before)
    if intent is None:
        raise ValueError(f"an outcome of entry {ordinal}, whose call is not out")
    check_outcome(intent, outcome)
    tick.intents[ordinal] = None
    if outcome.parts:
        row = tick.rows.get(ordinal)
        code, info = (None, None) if row is None else (row.code, row.info)
        if outcome.code:
            code, info = _bounded(outcome.code), capped(outcome.info)
        tick.rows[ordinal] = OpenRow(
            ordinal,
            outcome.target,
            encode_parts(outcome.parts),
            False,
            items_in(outcome.parts, size_of(outcome.entry)),
            code,
            info,
        )
    else:
        tick.rows[ordinal] = None
        tick.whole.add(ordinal)
    counting = _counting(tick, outcome.target, before)
    counting.throttled += outcome.throttled
    counting.lost_answers += outcome.lost
    if outcome.settlement is not None:
        _settle(tick, outcome.settlement, outcome.entry, outcome.target, counting)


def _close(tick: Tick, closure: Closure, before: Before) -> None:
    ordinal = closure.entry.ordinal
    if ordinal in before.settled or ordinal in tick.whole or ordinal in tick.rows:
        raise ValueError(f"entry {ordinal} is settled, or not at rest, and cannot be closed")
    if _in_flight(tick, ordinal, before) is not None:
        raise ValueError(f"entry {ordinal}, whose call is out, cannot be closed")
    counting = _counting(tick, closure.target, before)
    left: tuple[Part, ...] = ()
    for part in before.parts_of(ordinal) or FRESH:
        if closure.groups is None:
            settlement: Settlement | None = closing_settlement(part, closure)
        else:
            settlement, rest = known_settlement(part, closure)
            left += rest
        if settlement is not None:
            _settle(tick, settlement, closure.entry, closure.target, counting)
    if left:
        pairs = items_in(left, size_of(closure.entry))
        tick.rows[ordinal] = OpenRow(
            ordinal, closure.target, encode_parts(left), False, pairs, None, None
        )
    else:
        tick.rows[ordinal] = None
        tick.whole.add(ordinal)


def _withdraw(tick: Tick, ordinal: int, before: Before) -> None:
    intent = _in_flight(tick, ordinal, before)
    if intent is None:
        return
    tick.intents[ordinal] = None
    if intent.parts == FRESH:
        tick.rows[ordinal] = None
    else:
        _put(tick, intent, in_flight=False)
    counting = _counting(tick, intent.target, before)
    counting.calls -= 1
    counting.retries -= intent.again


def _settle(
    tick: Tick, settlement: Settlement, entry: Entry, target: int, counting: Counting
) -> None:
    tick.settled.append((settlement, entry, target))
    groups = counted(settlement, size_of(entry))
    counting.settle(groups, entry)
    for group, pairs in groups:
        if group.status is Verdict.FAILED and pairs:
            key = (target, _bounded(group.code))
            info, failed = tick.failures.get(key) or (nameless(capped(group.info), entry), 0)
            tick.failures[key] = (info, failed + pairs)


def _put(tick: Tick, intent: Intent, *, in_flight: bool) -> None:
    """The row of an entry as its intent says; pairs, code and info of its last outcome stay."""
    row = tick.rows.get(intent.ordinal)
    last = (None, None, None) if row is None else (row.pairs, row.code, row.info)
    parts = encode_parts(intent.parts)
    tick.rows[intent.ordinal] = OpenRow(intent.ordinal, intent.target, parts, in_flight, *last)


def _counting(tick: Tick, target: int, before: Before) -> Counting:
    counting = tick.countings.get(target)
    if counting is None:
        counting = tick.countings[target] = Counting(before.counters[target])
    return counting


def _bounded(code: int) -> int:
    """A code that SQLite's integers can hold, whatever the provider sent."""
    return max(-_CODE_MOST, min(code, _CODE_MOST))


def _in_flight(tick: Tick, ordinal: int, before: Before) -> Intent | None:
    """The intent for this entry whose call is in flight, or may be."""
    return tick.intents[ordinal] if ordinal in tick.intents else before.intents.get(ordinal)
