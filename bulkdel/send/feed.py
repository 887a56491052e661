"""Which entry a lane carries next: the plan's, then those of the second phase.

Each of the two has a second round, of what made no progress in the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bulkdel.ledger.values import FRESH, Part
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import Share
from bulkdel.send.book import Book
from bulkdel.send.decide import UNTRIED, EntryHistory
from bulkdel.send.judge import divided, size
from bulkdel.send.selection import Selection
from bulkdel.words import Entry, size_of

GAP: Final = 20_000
"""Settled entries in a row that are worth a new scan rather than reading over them."""
PAGE: Final = 500


@dataclass(slots=True, eq=False)
class Work:
    """An entry on its way.

    Attributes:
        parts: what is unsettled of it, in the order of sending.
        kept: how many of them, the last ones, are not to be sent in this sitting.
        history: what its calls met in this sitting.
    """

    entry: Entry
    parts: tuple[Part, ...]
    kept: int = 0
    history: EntryHistory = UNTRIED

    @property
    def has_more(self) -> bool:
        """Whether anything of it is left to be sent."""
        return len(self.parts) > self.kept


class Feed:
    """One target's entries, a page at a time; memory does not depend on how many there are.

    Everything here may raise StorageFailed or Corrupt: a file of the run cannot be read.
    """

    def __init__(
        self,
        plan: PlanReader,
        book: Book,
        share: Share,
        *,
        index: int,
        selection: Selection | None = None,
    ) -> None:
        """The entries of the target at this `index` of the plan, as far as they are selected."""
        self.kept_pairs = 0
        """How many pairs were left alone up to now, since they are not selected."""
        self._selection = selection
        self._plan = plan
        self._book = book
        self._first = share.first
        self._end = share.first + share.batches
        self._index = index

    async def first_round(self) -> AsyncIterator[Work]:
        """Every entry that is not settled, in the order of the plan."""
        at = self._book.next_unsettled(self._first, self._end)
        while at is not None:
            scan = self._plan.scan(at, self._end)
            while (page := await asyncio.to_thread(self._page, scan)) is not None:
                for work in page:
                    yield work
                if not page:
                    continue
                # A page is worked off before the next is read, so this is all that is settled.
                behind = page[-1].entry.ordinal + 1
                ahead = self._book.next_unsettled(behind, self._end)
                if ahead is None or ahead - behind > GAP:
                    at = ahead
                    break
            else:
                return

    async def second_round(self) -> AsyncIterator[Work]:
        """What calls have carried and not settled, in the order of the plan."""
        at = self._first
        while opens := await asyncio.to_thread(self._book.open_entries, at, self._end, PAGE):
            for one in opens:
                entry = await asyncio.to_thread(self._plan.entry, one.ordinal)
                if (work := self._work(entry, one.parts)).has_more:
                    yield work
            at = opens[-1].ordinal + 1

    async def in_reserve(self) -> bool:
        """Whether friendships wait to be dealt into the second phase."""
        return await asyncio.to_thread(self._book.has_reserved, self._index)

    async def second_phase(self, *, begun: bool) -> AsyncIterator[Work]:
        """The entries of the second phase that are not settled; `begun`: its second round."""
        after = (-1.0, -1)
        read = partial(self._book.second_phase, self._index, PAGE, begun=begun)
        while page := await asyncio.to_thread(read, after=after):
            for one in page:
                work = self._work(one.batch, one.parts)
                if not begun:  # the second round meets the same ones again
                    self._count_kept(work)
                if work.has_more:
                    yield work
            after = (page[-1].place, page[-1].batch.ordinal)

    def _page(self, scan: Iterator[list[Entry]]) -> list[Work] | None:
        """The next page with something unsettled; None at the end.

        Empty where nothing of it is selected: a stop is heard between two pages, however many in a
        row are left alone.
        """
        settled = self._book.is_settled
        for entries in scan:
            todo = [entry for entry in entries if not settled(entry.ordinal)]
            if todo:
                lo, hi = todo[0].ordinal, todo[-1].ordinal + 1
                opens = self._book.open_entries(lo, hi, hi - lo)
                parts = {one.ordinal: one.parts for one in opens}
                if self._selection is None:
                    return [Work(entry, parts.get(entry.ordinal, FRESH)) for entry in todo]
                return list(self._selected(todo, parts))
        return None

    def _selected(
        self, entries: Sequence[Entry], parts: Mapping[int, tuple[Part, ...]]
    ) -> Iterator[Work]:
        """What of the entries is selected; the rest is counted, and most is nothing but that."""
        for entry in entries:
            chosen = self._selection.chosen(self._index, entry) if self._selection else None
            if chosen is not None and not chosen and entry.ordinal not in parts:
                self.kept_pairs += size_of(entry)
                continue
            work = self._chosen(entry, parts.get(entry.ordinal, FRESH), chosen)
            self._count_kept(work)
            if work.has_more:
                yield work

    def _count_kept(self, work: Work) -> None:
        if work.kept:
            self.kept_pairs += sum(size(work.entry, part) for part in work.parts[-work.kept :])

    def _work(self, entry: Entry, parts: tuple[Part, ...]) -> Work:
        chosen = None if self._selection is None else self._selection.chosen(self._index, entry)
        return self._chosen(entry, parts, chosen)

    @staticmethod
    def _chosen(entry: Entry, parts: tuple[Part, ...], chosen: Sequence[int] | None) -> Work:
        if chosen is None:
            return Work(entry, parts)
        sent, kept = divided(entry, parts, chosen)
        return Work(entry, (*sent, *kept), kept=len(kept))
