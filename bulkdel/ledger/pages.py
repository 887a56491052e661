"""Entries of the plan by ordinal, in bounded memory, fast where they are asked for in order.

Settlements come nearly in the order of the plan: a front that moves on, what was retried a little
behind it, and second rounds far behind it that move on as well. So entries are read in pages, a
few scans are kept under way, and a page that no scan comes to next is read by a scan of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bulkdel.words import Batch, Entry

Scan: TypeAlias = Callable[[int, int], Iterator[list[Entry]]]
"""The plan's entries lo … hi - 1, in order, in lists; PlanReader.scan."""

_MOST_IDS = 1_500_000
_PAGE = 4096
_SCANS = 4


@dataclass(slots=True)
class _Scan:
    """A scan under way: its lists, what it read beyond the last page, and the page that follows."""

    lists: Iterator[list[Entry]]
    page: int
    beyond: list[Entry] = field(default_factory=list)


class Pages:
    """The plan's entries 0 … total - 1, by ordinal."""

    def __init__(self, scan: Scan, total: int, *, ids_each: float = 1.0) -> None:
        """Read entries with `scan`; `ids_each` is how many ids an entry has on average."""
        self._scan = scan
        self._total = total
        self._size = max(16, min(_PAGE, int(100_000 / max(1.0, ids_each))))
        self._pages: OrderedDict[int, tuple[list[Entry], int]] = OrderedDict()
        self._ids = 0
        self._scans: OrderedDict[int, _Scan] = OrderedDict()  # by the page that follows
        self._begin = self._end = 0
        self._here: list[Entry] = []

    def entry(self, ordinal: int) -> Entry:
        """The entry at `ordinal`, which is one of the plan's.

        Raises:
            Corrupt: the plan cannot be read there.
        """
        if not self._begin <= ordinal < self._end:
            page = ordinal // self._size
            self._here = self._page(page)
            self._begin = page * self._size
            self._end = self._begin + len(self._here)
        return self._here[ordinal - self._begin]

    def _page(self, page: int) -> list[Entry]:
        held = self._pages.get(page)
        if held is not None:
            self._pages.move_to_end(page)
            return held[0]
        entries = self._read(page)
        ids = sum(len(entry.to_accounts) if isinstance(entry, Batch) else 1 for entry in entries)
        self._pages[page] = (entries, ids)
        self._ids += ids
        while self._ids > _MOST_IDS and len(self._pages) > 1:
            _, (_, gone) = self._pages.popitem(last=False)
            self._ids -= gone
        return entries

    def _read(self, page: int) -> list[Entry]:
        begin = page * self._size
        wanted = min(self._size, self._total - begin)
        scan = self._scans.pop(page, None) or _Scan(self._scan(begin, self._total), page)
        entries = scan.beyond
        while len(entries) < wanted:
            entries += next(scan.lists)  # it raises Corrupt before it ends too early
        scan.beyond = entries[wanted:]
        scan.page = page + 1
        if begin + wanted < self._total:
            self._scans[scan.page] = scan
            while len(self._scans) > _SCANS:
                self._scans.popitem(last=False)
        return entries[:wanted]
