"""Rows of the plan by ordinal, in bounded memory, fast where they are asked for in order.

Settlements come nearly in the order of the plan: a front that moves on, what was retried a little
behind it, and second rounds far behind it that move on as well. So rows are read in pages, a
few scans are kept under way, and a page that no scan comes to next is read by a scan of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bulkdel.plan.entries import Row

Scan: TypeAlias = Callable[[int, int], Iterator[list[Row]]]
"""The plan's rows lo … hi - 1, in order, in lists; PlanReader.rows."""

_MOST_COST = 4_000_000
_COST_OF_ROW = 16
"""What a row costs in memory beside its ids, in ids."""

_PAGE = 4096
_SCANS = 4


def row_size(row: Row) -> int:
    """Returns the number of items of the entry that a row describes."""
    return row[2].count("\n") + 1 if row[2] else 1


@dataclass(slots=True)
class _Cursor:
    """A scan under way: its lists, what it read beyond the last page, and the page that follows."""

    lists: Iterator[list[Row]]
    page: int
    beyond: list[Row] = field(default_factory=list)


class Pages:
    """The plan's rows 0 … total - 1, by ordinal."""

    def __init__(self, scan: Scan, total: int, *, ids_each: float = 1.0) -> None:
        """Read rows with `scan`; `ids_each` is how many ids an entry has on average."""
        self._scan = scan
        self._total = total
        self._size = max(16, min(_PAGE, int(100_000 / max(1.0, ids_each))))
        self._pages: OrderedDict[int, tuple[list[Row], int]] = OrderedDict()
        self._cost = 0
        self._scans: OrderedDict[int, _Cursor] = OrderedDict()  # by the page that follows
        self._begin = self._end = 0
        self._here: list[Row] = []

    def row(self, ordinal: int) -> Row:
        """The row at `ordinal`, which is one of the plan's.

        Raises:
            Corrupt: the plan cannot be read there.
        """
        if not self._begin <= ordinal < self._end:
            page = ordinal // self._size
            self._here = self._page(page)
            self._begin = page * self._size
            self._end = self._begin + len(self._here)
        return self._here[ordinal - self._begin]

    def _page(self, page: int) -> list[Row]:
        hit = self._pages.get(page)
        if hit is not None:
            self._pages.move_to_end(page)
            return hit[0]
        rows = self._read(page)
        cost = sum(map(row_size, rows)) + _COST_OF_ROW * len(rows)
        self._pages[page] = (rows, cost)
        self._cost += cost
        while self._cost > _MOST_COST and len(self._pages) > 1:
            _, (_, gone) = self._pages.popitem(last=False)
            self._cost -= gone
        return rows

    def _read(self, page: int) -> list[Row]:
        begin = page * self._size
        size = min(self._size, self._total - begin)
        scan = self._scans.pop(page, None) or _Cursor(self._scan(begin, self._total), page)
        rows = scan.beyond
        while len(rows) < size:
            rows += next(scan.lists)  # it raises Corrupt before it ends too early
        scan.beyond = rows[size:]
        scan.page = page + 1
        if begin + size < self._total:
            self._scans[scan.page] = scan
            while len(self._scans) > _SCANS:
                self._scans.popitem(last=False)
        return rows[:size]
