"""What one transaction of the journal has to hold, worked out before anything is written.

A tick is all that waited: intents, outcomes and withdrawals in the order in which they came. Each
entry may occur several times; only its last state reaches the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bulkdel.ledger.books import Tally, check_intent, check_outcome, size_of
from bulkdel.ledger.codec import FRESH, decode_parts, encode_parts
from bulkdel.ledger.render import capped
from bulkdel.ledger.settled import Settled
from bulkdel.ledger.values import Counters, Intent, Outcome, Part, Settlement
from bulkdel.words import Entry

_CODE_MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The intent for this entry is taken back: its call never left and never will."""

    ordinal: int


Event: TypeAlias = Intent | Outcome | Withdrawal


class OpenRow(NamedTuple):
    """A row of `open`, in the order of its columns; code and info None keep what stands there."""

    ordinal: int
    target: int
    parts: bytes | None
    in_flight: bool
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
        pairs: how many pairs were settled.
    """

    rows: dict[int, OpenRow | None] = field(default_factory=dict)
    flight: dict[int, Intent | None] = field(default_factory=dict)
    settled: list[tuple[Settlement, Entry, int]] = field(default_factory=list)
    whole: set[int] = field(default_factory=set)
    tallies: dict[int, Tally] = field(default_factory=dict)
    pairs: int = 0


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
                    tick.pairs += tally.settle(event.settlement, size_of(event.entry))
            case Withdrawal():
                intent = _take_back(tick, event, flight)
                tally = _tally(tick, intent.target, counters)
                tally.calls -= 1
                tally.retries -= intent.again
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
    if tick.flight.get(ordinal) or (ordinal not in tick.flight and ordinal in flight):
        raise ValueError(f"a second intent for entry {ordinal}, whose call is out")
    code: int | None = None
    info: str | None = None
    if ordinal in tick.rows:
        row = tick.rows[ordinal]
        check_intent(intent, None if row is None else decode_parts(row.parts))
        if row is not None:
            code, info = row.code, row.info
    else:
        check_intent(intent, stored(ordinal))
    tick.flight[ordinal] = intent
    parts = encode_parts(intent.parts)
    tick.rows[ordinal] = OpenRow(ordinal, intent.target, parts, True, code, info)


def _land(tick: Tick, outcome: Outcome, flight: Mapping[int, Intent]) -> None:
    ordinal = outcome.entry.ordinal
    intent = _out(tick, ordinal, flight)
    check_outcome(intent, outcome)
    tick.flight[ordinal] = None
    if outcome.settlement is not None:
        tick.settled.append((outcome.settlement, outcome.entry, outcome.target))
    if outcome.parts:
        code = max(-_CODE_MOST, min(outcome.code, _CODE_MOST))
        parts = encode_parts(outcome.parts)
        info = capped(outcome.info)
        tick.rows[ordinal] = OpenRow(ordinal, outcome.target, parts, False, code, info)
    else:
        tick.rows[ordinal] = None
        tick.whole.add(ordinal)


def _take_back(tick: Tick, withdrawal: Withdrawal, flight: Mapping[int, Intent]) -> Intent:
    ordinal = withdrawal.ordinal
    intent = _out(tick, ordinal, flight)
    tick.flight[ordinal] = None
    if intent.parts == FRESH:
        tick.rows[ordinal] = None
    else:
        row = tick.rows.get(ordinal)
        code, info = (row.code, row.info) if row else (None, None)
        parts = encode_parts(intent.parts)
        tick.rows[ordinal] = OpenRow(ordinal, intent.target, parts, False, code, info)
    return intent


def _out(tick: Tick, ordinal: int, flight: Mapping[int, Intent]) -> Intent:
    intent = tick.flight[ordinal] if ordinal in tick.flight else flight.get(ordinal)
    if intent is None:
        raise ValueError(f"no call is out for entry {ordinal}")
    return intent
