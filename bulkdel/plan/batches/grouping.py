"""Rows in parts → distinct pairs → batches in sending order → plan.parquet.

Rows are put into parts by h, a hash of the From_Account in [0, 1); a part is small enough to be
worked on in memory and at best in the processor's cache. A part's pairs are made distinct and cut
into batches, and those are put into parts again, by (k + h) / n for the k-th of an account's n
batches. An account with one batch stays where it is; the others' batches are spread over the whole
plan, so that calls for one account are far apart and no serial tail is left. Each part of that,
sorted in memory, is the next stretch of the plan.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bulkdel.plan import duck
from bulkdel.plan.batches.arrange import Accounts, Batches, Fractions, arrange, batches_of
from bulkdel.plan.batches.compose import compose, index_rows
from bulkdel.plan.batches.giant import Giant, set_aside, sort_giant, sorted_blocks
from bulkdel.plan.batches.in_threads import each
from bulkdel.plan.batches.partition import RowHashes, account_hashes
from bulkdel.plan.batches.spill import Spill, part_of
from bulkdel.plan.ids import Whole, Words, hashes_of, words_of_texts
from bulkdel.plan.values import Heavy

PART_BYTES: Final = 6 << 20
"""Bytes of input that make one part."""

GIANT_ROWS: Final = 600_000
"""Rows of an account beyond which it is worked on by itself, in a part of as many rows."""

LARGEST: Final = 10
_PARTS_MOST: Final = 1 << 14
_65536: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """The batches of one size, as a Share tells of them."""

    batches: int
    largest: tuple[tuple[str, int], ...]
    heavy: Heavy
    as_given: int | None = None
    least: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """What came of grouping, by batch size."""

    pairs: int
    sized: dict[int, Sized]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    pairs: int
    largest: list[tuple[int, bytes]]
    heavy: dict[int, Heavy]
    giants: list[Giant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What rows are grouped with.

    Attributes:
        pool: threads to work in.
        folder: where files may be made.
        parts: how many parts rows are worked on in.
        giant_rows: rows of an account beyond which it is worked on by itself.
    """

    pool: ThreadPoolExecutor
    folder: Path
    parts: int
    giant_rows: int


def parts_for(size: int, part_bytes: int) -> int:
    """In how many parts so many bytes of input are worked on."""
    return min(_PARTS_MOST, max(1, -(-size // part_bytes)))


class Grouping:
    """Takes rows into `rows`, then turns them into batches of each of the `sizes`."""

    part_by: RowHashes = staticmethod(account_hashes)

    def __init__(self, workplace: Workplace, sizes: tuple[int, ...]) -> None:
        self._pool = workplace.pool
        self._folder = folder = workplace.folder
        self._parts = workplace.parts
        self._giant_rows = workplace.giant_rows
        self.rows = Spill(folder / "rows", parts=self._parts)
        self._index = {size: Spill(folder / f"index-{size}", parts=self._parts) for size in sizes}
        self._others = {size: Spill(folder / f"others-{size}", parts=self._parts) for size in sizes}

    def close(self) -> None:
        """Lets go of its files."""
        for spill in (self.rows, *self._index.values(), *self._others.values()):
            spill.close()

    def group(self, con: duck.Connection) -> Grouped:
        """Makes batches of every size from all rows."""
        pairs = 0
        largest: list[tuple[int, bytes]] = []
        heavy = dict.fromkeys(self._index, Heavy())
        parts = np.flatnonzero(self.rows.rows).tolist()
        turn = len(parts)
        with closing(each(self._pool, self._one_part, enumerate(parts))) as worked:
            for part in worked:
                pairs += part.pairs
                largest += part.largest
                for size, some in part.heavy.items():
                    heavy[size] = _sum(heavy[size], some)
                for giant in part.giants:
                    count = sort_giant(con, giant)
                    self._cut_giant(giant, count, turn)
                    giant.path.unlink()
                    turn += 1
                    pairs += count
                    alone = np.array([count])
                    for size in heavy:
                        heavy[size] = _sum(heavy[size], _heavy(alone, size))
                    largest.append((count, giant.account))
                largest = sorted(largest, key=lambda one: (-one[0], one[1]))[:LARGEST]
        self.rows.close()
        named = tuple((account.decode(), max(1, count)) for count, account in largest)
        return Grouped(
            pairs=pairs,
            sized={
                size: Sized(batches=int(index.rows.sum()), largest=named, heavy=heavy[size])
                for size, index in self._index.items()
            },
        )

    def lines(self, size: int, first: int) -> Generator[bytes, None, None]:
        """The batches of one size as lines (see compose), in sending order, from `first` on."""
        counts = self._index[size].rows
        firsts = first + np.cumsum(counts) - counts
        return each(
            self._pool,
            lambda part: compose(
                self._index[size].read(part),
                self._others[size].read(part)[:, 0],
                first=int(firsts[part]),
            ),
            np.flatnonzero(counts).tolist(),
        )

    def _one_part(self, task: tuple[int, int]) -> _Part:
        turn, part = task
        giants: list[Giant] = []
        if self.rows.rows[part] > self._giant_rows:
            rows, giants = set_aside(self.rows, part, self._folder, rows=self._giant_rows)
        else:
            rows = self.rows.read(part)
        if not len(rows):
            return _Part(pairs=0, largest=[], heavy={}, giants=giants)
        others = hashes_of(rows[:, 1]) if rows.shape[1] > 1 else np.zeros(0, "<u8")
        accounts = arrange(rows, hashes_of(rows[:, 0]), others, least=min(self._index))
        for size in self._index:
            batches = batches_of(accounts.counts, accounts.fractions, size)
            self._emit(size, accounts, batches, turn)
        pairs = len(accounts.others) if rows.shape[1] > 1 else len(accounts.ids)
        return _Part(
            pairs=pairs,
            largest=accounts.largest(LARGEST),
            heavy={size: _heavy(accounts.counts, size) for size in self._index},
            giants=giants,
        )

    def _emit(self, size: int, accounts: Accounts, batches: Batches, turn: int) -> None:
        others = accounts.others
        if batches.others is not None:
            others = np.take(others, batches.others, axis=0)
        ids = np.take(accounts.ids, batches.accounts, axis=0)
        index = index_rows(batches.keys.view("<u8"), batches.turns, batches.counts, ids)
        self._add(size, index, others, turn=turn)

    def _cut_giant(self, giant: Giant, count: int, turn: int) -> None:
        account = words_of_texts([giant.account])
        fraction = (giant.hash >> 11) * 2.0**-53
        for size in self._index:
            needed = -(-count // size)
            first = 0
            for block in sorted_blocks(giant, size):
                turns = np.arange(first, first - (-len(block) // size))
                counts = np.minimum(size, len(block) - (turns - first) * size)
                ids = np.repeat(account, len(turns), axis=0)
                keys: Fractions = (turns + fraction) / needed
                self._add(size, index_rows(keys.view("<u8"), turns, counts, ids), block, turn=turn)
                first += len(turns)

    def _add(self, size: int, index: Words, others: Words, *, turn: int) -> None:
        """Puts batches, which are in the order of their keys, and their To_Accounts into parts."""
        keys: Fractions = np.ascontiguousarray(index[:, 0, 0]).view(np.float64)
        places = np.minimum((keys * _65536).astype(np.int64), _65536 - 1)
        parts = part_of(places, self._parts)
        self._index[size].add(index, np.bincount(parts, minlength=self._parts), turn=turn)
        spread = np.bincount(parts, weights=index[:, 0, 2], minlength=self._parts)
        self._others[size].add(others[:, np.newaxis], spread.astype(np.int64), turn=turn)


def _heavy(counts: Whole, size: int) -> Heavy:
    """Of accounts with so many pairs each."""
    more = counts[counts > size]
    return Heavy(accounts=len(more), pairs=int(more.sum()), batches=int((-(-more // size)).sum()))


def _sum(one: Heavy, other: Heavy) -> Heavy:
    return Heavy(
        accounts=one.accounts + other.accounts,
        pairs=one.pairs + other.pairs,
        batches=one.batches + other.batches,
    )
