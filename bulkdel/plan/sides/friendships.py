"""Rows in parts by their two accounts → distinct friendships on disk, in an order of their own.

`a,b` and `b,a` are one friendship. It is kept as its first row in the input names it, beside the
hashes of its two accounts, which are all that choosing sides needs. The order is that of a hash of
both accounts: neither the order of the input nor the size of parts decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from bulkdel.plan.batches.in_threads import each
from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.ids import (
    Flags,
    Whole,
    Words,
    columns,
    differing,
    friendship_hashes,
    hashes_of,
    widened,
)
from bulkdel.plan.sides.batch_count import BatchCount

Ends = npt.NDArray[np.uint64]
"""A friendship each row: the hashes of its From_Account and its To_Account as the input names it
first, whether it names it from both sides, and whether the From_Account is the greater id."""

T = TypeVar("T")

_ENDS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """The friendships among some rows.

    Attributes:
        first: the first row of each.
        back: a row that names it the other way round than the first one; -1 if there is none.
    """

    first: Whole
    back: Whole


def distinct(rows: Words, hashes: Words) -> Distinct:
    """The friendships among `rows` (n by 2 by words), which are in the order of the input.

    `hashes` are equal for equal friendships; nothing is taken for equal that was not compared.
    """
    swapped = is_greater(rows[:, 0], rows[:, 1])
    table = np.where(swapped[:, np.newaxis, np.newaxis], rows[:, ::-1], rows)
    order = np.argsort(hashes, kind="stable")
    sorted_ = table[order]
    changed = differing(sorted_[:, 0]) | differing(sorted_[:, 1])
    same = hashes[order]
    if (changed & (same[1:] == same[:-1])).any():
        # Different friendships with the same hash: then they are sorted by their words.
        order = np.lexsort((*columns(table[:, 0]), *columns(table[:, 1]), hashes))
        sorted_ = table[order]
        changed = differing(sorted_[:, 0]) | differing(sorted_[:, 1])
    new = np.concatenate((np.ones(min(1, len(rows)), np.bool_), changed))
    starts = np.flatnonzero(new)
    which = np.cumsum(new) - 1
    turned = swapped[order]
    others = np.flatnonzero(turned != turned[starts][which])
    back = np.full(len(starts), -1, np.int64)
    back[which[others]] = order[others]
    return Distinct(first=order[starts], back=back)


def is_greater(one: Words, other: Words) -> Flags:
    """Whether the first of two ids is the greater one, in an order of its own."""
    greater = np.zeros(len(one), np.bool_)
    for mine, its in zip(reversed(columns(one)), reversed(columns(other)), strict=True):
        greater = (mine > its) | (greater & (mine == its))
    return greater


class Friendships:
    """The distinct friendships of an input, in parts. Works inside `folder`."""

    def __init__(self, pool: ThreadPoolExecutor, folder: Path, *, parts: int) -> None:
        self._pool = pool
        self._rows = Spill(folder / "friendships", parts=parts)
        self._ends = Spill(folder / "ends", parts=parts)

    def close(self) -> None:
        """Lets go of its files."""
        for spill in (self._rows, self._ends):
            spill.close()

    def __len__(self) -> int:
        return int(self._ends.rows.sum())

    def take(self, rows: Spill, as_given: BatchCount, *, most_rows: int) -> None:
        """Makes the rows distinct; tells `as_given` which account sends each row that is left.

        A part is made by friendship_hashes and read back in the order of the input; of one with
        more than `most_rows` no more than that is in memory, but for what is distinct.
        """

        def work(part: int) -> None:
            given = _part_of(rows, part, most_rows)
            friendships = distinct(given, friendship_hashes(given))
            kept = given[friendships.first]
            ends = np.empty((len(kept), 1, _ENDS), "<u8")
            ends[:, 0, 0] = hashes_of(kept[:, 0])
            ends[:, 0, 1] = hashes_of(kept[:, 1])
            both = friendships.back >= 0
            ends[:, 0, 2] = both
            ends[:, 0, 3] = is_greater(kept[:, 0], kept[:, 1])
            counts = np.zeros(rows.parts, np.int64)
            counts[part] = len(kept)
            self._rows.add(kept, counts, turn=part)
            self._ends.add(ends, counts, turn=part)
            as_given.add(np.concatenate((ends[:, 0, 0], ends[both, 0, 1])))

        with closing(each(self._pool, work, np.flatnonzero(rows.rows).tolist())) as worked:
            for _ in worked:
                pass

    def ends(self) -> Iterator[Ends]:
        """All friendships in their order, a part at a time."""
        return map(self._ends_of, self._parts())

    def each(self, work: Callable[[Words, Ends, int], T]) -> Generator[T, None, None]:
        """The results of `work` for each part, in order.

        It is given the rows, their ends, and the place of the first among all friendships.
        """
        counts = self._ends.rows
        places = np.cumsum(counts) - counts
        return each(
            self._pool,
            lambda part: work(self._rows.read(part), self._ends_of(part), int(places[part])),
            self._parts(),
        )

    def _parts(self) -> list[int]:
        parts: list[int] = np.flatnonzero(self._ends.rows).tolist()
        return parts

    def _ends_of(self, part: int) -> Ends:
        return self._ends.read(part)[:, 0]


def _part_of(rows: Spill, part: int, most: int) -> Words:
    """A part's rows; if there are more than `most`, those that repeat others are left out."""
    if rows.rows[part] <= most:
        return rows.read(part)
    kept: list[Words] = []
    waiting = 0
    for piece in rows.blocks(part):
        kept.append(piece)
        waiting += len(piece)
        if waiting > most:
            kept = [_thinned(_joined(kept))]
            waiting = 0
    return _joined(kept)


def _thinned(rows: Words) -> Words:
    """Of each friendship the first row, and one that names it the other way round."""
    friendships = distinct(rows, friendship_hashes(rows))
    kept: Words = rows[
        np.sort(np.concatenate((friendships.first, friendships.back[friendships.back >= 0])))
    ]
    return kept


def _joined(pieces: list[Words]) -> Words:
    width = max(piece.shape[2] for piece in pieces)
    return np.concatenate(
        [np.stack([widened(piece[:, at], width) for at in (0, 1)], axis=1) for piece in pieces]
    )
