"""What one transaction of the journal has to hold, worked out before anything is written.

A tick is all that waited: intents, outcomes and withdrawals in the order in which they came. Each
entry may occur several times; only its last state reaches the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bulkdel.ledger.books import (
    Tally,
    check_intent,
    check_outcome,
    counted,
    is_second,
    items_in,
    size_of,
)
from bulkdel.ledger.codec import FRESH, decode_parts, encode_parts
from bulkdel.ledger.render import capped
from bulkdel.ledger.samples import Sample
from bulkdel.ledger.settled import Settled
from bulkdel.ledger.values import Counters, Group, Intent, Outcome, Part, Settlement
from bulkdel.words import NEVER_SENT, Batch, Entry, Verdict

NEVER_SENT_WORDS = "closed by the operator; never sent"
HALF_ASKED_WORDS = "closed by the operator; not a friend from one side, the other was never asked"

_CODE_MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The intent for this entry, if there is one, is taken back: its call will never leave."""

    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What is left of an entry is settled as failed, without a call.

    Attributes:
        entry: the whole entry as planned.
        target: index of the target in the plan.
        code, info: the last that is known of what calls have carried.
        at_ms: Unix milliseconds, UTC.
    """

    entry: Entry
    target: int
    code: int
    info: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What a target has in reserve becomes entries of the second phase; some of it, if it is much.

    Attributes:
        target: index of the target in the plan.
        batch_size: To_Accounts of an entry at most.
        first: the first ordinal that no entry of the plan has.
    """

    target: int
    batch_size: int
    first: int


Event: TypeAlias = Intent | Outcome | Withdrawal | Closure | Deal | Sample


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
        flight: intents by ordinal; None where one landed or was withdrawn.
        settled: (settlement, entry, target) in the order of their sequence.
        whole: ordinals that are settled whole now.
        tallies: counters by target, of the targets that changed.
        failures: by target and code, the provider's text and how many pairs failed with it.
        deals: done after all else.
        samples: kept as they came.
    """

    rows: dict[int, OpenRow | None] = field(default_factory=dict)
    flight: dict[int, Intent | None] = field(default_factory=dict)
    settled: list[tuple[Settlement, Entry, int]] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)
    tallies: dict[int, Tally] = field(default_factory=dict)
    failures: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    deals: list[Deal] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def fold(
    events: Iterable[Event],
    *,
    flight: Mapping[int, Intent],
    settled: Settled,
    counters: Sequence[Counters],
    stored: Callable[[int], tuple[Part, ...] | None],
) -> Tick:
    """Fold `events` into one tick.

    Args:
        events: in the order in which they came.
        flight: the intents whose calls are out.
        settled: the ordinals that are settled whole.
        counters: by target.
        stored: the unsettled parts that the journal holds of an ordinal; None without a history.

    Raises:
        ValueError: an event contradicts the journal; nothing of the tick may be written.
    """
    tick = Tick()
    for event in events:
        match event:
            case Intent():
                _intend(tick, event, flight, settled, stored)
                tally = _tally(tick, event.target, counters)
                tally.calls += 1
                tally.retries += event.again
            case Outcome():
                _land(tick, event, flight)
                tally = _tally(tick, event.target, counters)
                tally.throttled += event.throttled
                tally.lost_answers += event.lost
                if event.settlement is not None:
                    groups = counted(event.settlement, size_of(event.entry))
                    tally.settle(groups, event.entry)
                    _note_failures(tick, event.target, groups)
            case Closure():
                _close(tick, event, flight, settled, counters, stored)
            case Withdrawal():
                intent = _out(tick, event.ordinal, flight)
                if intent is not None:
                    _take_back(tick, intent)
                    tally = _tally(tick, intent.target, counters)
                    tally.calls -= 1
                    tally.retries -= intent.again
            case Deal():
                tick.deals.append(event)
            case Sample():
                tick.samples.append(event)
    return tick


def _tally(tick: Tick, target: int, counters: Sequence[Counters]) -> Tally:
    tally = tick.tallies.get(target)
    if tally is None:
        tally = tick.tallies[target] = Tally(counters[target])
    return tally


def _intend(
    tick: Tick,
    intent: Intent,
    flight: Mapping[int, Intent],
    settled: Settled,
    stored: Callable[[int], tuple[Part, ...] | None],
) -> None:
    ordinal = intent.ordinal
    if ordinal in settled or ordinal in tick.whole:
        raise ValueError(f"an intent for entry {ordinal}, which is settled")
    if _out(tick, ordinal, flight) is not None:
        raise ValueError(f"a second intent for entry {ordinal}, whose call is out")
    if ordinal in tick.rows:
        row = tick.rows[ordinal]
        check_intent(intent, None if row is None else decode_parts(row.parts))
    else:
        check_intent(intent, stored(ordinal))
    _put(tick, intent, in_flight=True)
    tick.flight[ordinal] = intent


def _land(tick: Tick, outcome: Outcome, flight: Mapping[int, Intent]) -> None:
    ordinal = outcome.entry.ordinal
    intent = _out(tick, ordinal, flight)
    if intent is None:
        raise ValueError(f"an outcome of entry {ordinal}, whose call is not out")
    check_outcome(intent, outcome)
    tick.flight[ordinal] = None
    if outcome.settlement is not None:
        tick.settled.append((outcome.settlement, outcome.entry, outcome.target))
    if outcome.parts:
        tick.rows[ordinal] = OpenRow(
            ordinal,
            outcome.target,
            encode_parts(outcome.parts),
            False,
            items_in(outcome.parts, size_of(outcome.entry)),
            _bounded(outcome.code),
            capped(outcome.info),
        )
    else:
        tick.rows[ordinal] = None
        tick.whole.add(ordinal)


def _close(  # noqa: PLR0917 - all that an entry at rest is known by
    tick: Tick,
    closure: Closure,
    flight: Mapping[int, Intent],
    settled: Settled,
    counters: Sequence[Counters],
    stored: Callable[[int], tuple[Part, ...] | None],
) -> None:
    ordinal = closure.entry.ordinal
    if ordinal in settled or ordinal in tick.whole or ordinal in tick.rows:
        raise ValueError(f"entry {ordinal} is settled, or not at rest, and cannot be closed")
    if _out(tick, ordinal, flight) is not None:
        raise ValueError(f"entry {ordinal}, whose call is out, cannot be closed")
    size = size_of(closure.entry)
    for part in stored(ordinal) or FRESH:
        settlement = closed(part, closure)
        tick.settled.append((settlement, closure.entry, closure.target))
        groups = counted(settlement, size)
        _tally(tick, closure.target, counters).settle(groups, closure.entry)
        _note_failures(tick, closure.target, groups)
    tick.rows[ordinal] = None
    tick.whole.add(ordinal)


def closed(part: Part, closure: Closure) -> Settlement:
    """The settlement that ends a part: failed, with attempts and lost answers as they are."""
    code, info = closure.code, closure.info
    if not part.attempts:
        if is_second(closure.entry):
            return _closed_half_asked(part, closure)
        code, info = NEVER_SENT, NEVER_SENT_WORDS
    more: dict[int, list[int]] = {}
    for position, count in part.lost_more.items():
        more.setdefault(count, []).append(position)
    groups = [
        _failed(code, info, part.lost + count, tuple(sorted(positions)))
        for count, positions in sorted(more.items())
    ]
    if part.items is None or len(part.items) > len(part.lost_more):
        groups.append(_failed(code, info, part.lost, None))
    return Settlement(
        of=part.items,
        left=(),
        groups=tuple(groups),
        attempts=part.attempts,
        at_ms=closure.at_ms,
    )


def _closed_half_asked(part: Part, closure: Closure) -> Settlement:
    """Only the first side was asked: its code is the last that is known of each pair."""
    sides = closure.entry.sides if isinstance(closure.entry, Batch) else None
    asked = (sides.asked if sides else None) or ()
    by_code: dict[int, list[int]] = {}
    for place in range(len(asked)) if part.items is None else part.items:
        by_code.setdefault(asked[place].code, []).append(place)
    groups = [_failed(code, HALF_ASKED_WORDS, 0, tuple(by_code[code])) for code in sorted(by_code)]
    return Settlement(of=part.items, left=(), groups=tuple(groups), attempts=0, at_ms=closure.at_ms)


def _failed(code: int, info: str, lost: int, items: tuple[int, ...] | None) -> Group:
    return Group(status=Verdict.FAILED, code=code, info=info, lost=lost, items=items)


def _take_back(tick: Tick, intent: Intent) -> None:
    ordinal = intent.ordinal
    tick.flight[ordinal] = None
    if intent.parts == FRESH:
        tick.rows[ordinal] = None
    else:
        _put(tick, intent, in_flight=False)


def _put(tick: Tick, intent: Intent, *, in_flight: bool) -> None:
    """The row of an entry as its intent says; what the outcome before said is kept."""
    row = tick.rows.get(intent.ordinal)
    said = (None, None, None) if row is None else (row.pairs, row.code, row.info)
    parts = encode_parts(intent.parts)
    tick.rows[intent.ordinal] = OpenRow(intent.ordinal, intent.target, parts, in_flight, *said)


def _note_failures(tick: Tick, target: int, groups: Iterable[tuple[Group, int]]) -> None:
    for group, pairs in groups:
        if group.status is Verdict.FAILED and pairs:
            key = (target, _bounded(group.code))
            before = tick.failures.get(key, ("", 0))[1]
            tick.failures[key] = (capped(group.info), before + pairs)


def _bounded(code: int) -> int:
    """A code that SQLite's integers can hold, whatever the provider sent."""
    return max(-_CODE_MOST, min(code, _CODE_MOST))


def _out(tick: Tick, ordinal: int, flight: Mapping[int, Intent]) -> Intent | None:
    """The intent for this entry whose call is out, or may be."""
    return tick.flight[ordinal] if ordinal in tick.flight else flight.get(ordinal)
