"""The end of a run that cannot finish by itself: what is left is settled as failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bulkdel.ledger.counting import items_in
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Closure, Deal, Event, OpenEntry
from bulkdel.words import NEVER_SENT, Entry, size_of

MOST_PAIRS = 20_000
"""Pairs of one tick: what is rendered and held at a time."""
MOST_ENTRIES = 5000
"""Entries of one tick, likewise."""
_PAGE = 100


def close_entries(  # noqa: PLR0917 - the run, and where in it
    journal: Journal,
    scan: Callable[[int, int], Iterator[list[Entry]]],
    target: int,
    first: int,
    end: int,
    now_ms: Callable[[], int],
    closed: Callable[[int], None] = lambda _: None,
) -> None:
    """Settles what is left of the entries first … end - 1 as failed, tick by tick.

    What a call has carried keeps its last code and text, its attempts and its lost answers; what no
    call has carried is NEVER_SENT. It may be cut short at any moment and called again.

    Args:
        journal: open; nobody else writes to it.
        scan: the plan's entries lo … hi - 1, in order.
        target: the index of the target that the entries are for.
        first: the target's first entry.
        end: the one after its last.
        now_ms: Unix milliseconds.
        closed: called after each tick with the number of pairs that it settled.

    Raises:
        StorageFailed: it could not be written; the same call goes on later.
        Corrupt: the plan cannot be read.
    """
    at = journal.settled.next_unsettled(first, end)
    if at is None:
        return
    events: list[Event] = []
    pairs = 0
    for entries in scan(at, end):
        lo, hi = entries[0].ordinal, entries[-1].ordinal + 1
        if journal.settled.next_unsettled(lo, hi) is None:
            continue
        opens = {one.ordinal: one for one in journal.open_entries(lo, hi, hi - lo)}
        for entry in entries:
            if entry.ordinal in journal.settled:
                continue
            history = opens.get(entry.ordinal)
            events.append(_closure(entry, target, history, now_ms()))
            size = size_of(entry)
            pairs += size if history is None else items_in(history.parts, size)
            if pairs >= MOST_PAIRS or len(events) >= MOST_ENTRIES:
                _write(journal, events)
                closed(pairs)
                events, pairs = [], 0
    _write(journal, events)
    closed(pairs)


def close_reserve(
    journal: Journal,
    deal: Deal,
    now_ms: Callable[[], int],
    closed: Callable[[int], None] = lambda _: None,
) -> None:
    """Settles what is left of a target's second phase as failed, once the plan's entries are.

    A pair whose other side was never asked keeps the code that the first side gave.

    Args:
        journal: open; nobody else writes to it.
        deal: makes entries of what the target still has in reserve.
        now_ms: Unix milliseconds.
        closed: called after each tick with the number of pairs that it settled.

    Raises:
        StorageFailed: it could not be written; the same call goes on later.
    """
    while journal.has_reserved(deal.target):
        _write(journal, [deal])
    after = (-1.0, -1)
    while page := journal.second_phase(deal.target, _PAGE, after=after):
        _write(
            journal,
            [
                Closure(
                    entry=one.batch,
                    target=deal.target,
                    code=one.code,
                    info=one.info,
                    at_ms=now_ms(),
                )
                for one in page
            ],
        )
        closed(sum(items_in(one.parts, size_of(one.batch)) for one in page))
        after = (page[-1].place, page[-1].batch.ordinal)


def _closure(entry: Entry, target: int, history: OpenEntry | None, at_ms: int) -> Closure:
    code, info = (NEVER_SENT, "") if history is None else (history.code, history.info)
    return Closure(entry=entry, target=target, code=code, info=info, at_ms=at_ms)


def _write(journal: Journal, events: Sequence[Event]) -> None:
    if events:
        journal.commit(events)
        journal.publish()
