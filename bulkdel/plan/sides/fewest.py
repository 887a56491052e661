"""Rows → distinct friendships, each sent from the side that is chosen for it → batches.

For `fewest_calls`, as grouping is for rows that are sent as given.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import Final

import numpy as np

from bulkdel.plan import duck
from bulkdel.plan.batches.grouping import Grouped, Grouping, Sized, Workplace
from bulkdel.plan.batches.partition import RowHashes, account_hashes
from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.entries import TURNED
from bulkdel.plan.ids import WORD, Flags, Words, friendship_hashes, widened
from bulkdel.plan.sides.batch_count import BatchCount
from bulkdel.plan.sides.choose import Choice, SidesMemory, choose
from bulkdel.plan.sides.friendships import Ends, Friendships

_MARK: Final = ord(TURNED)


class Fewest:
    """Takes rows into `rows`, then turns them into batches of each of the `sizes`."""

    part_by: RowHashes = staticmethod(friendship_hashes)

    def __init__(
        self, workplace: Workplace, sizes: tuple[int, ...], *, memory: SidesMemory
    ) -> None:
        self._workplace = workplace
        self._sizes = sizes
        self._memory = memory
        self.rows = Spill(workplace.folder / "given", parts=workplace.parts)
        self._groupings: list[Grouping] = []
        self._by_size: dict[int, Grouping] = {}

    def close(self) -> None:
        """Lets go of its files."""
        self.rows.close()
        for grouping in self._groupings:
            grouping.close()

    def group(self, con: duck.Connection) -> Grouped:
        """Makes batches of every size from all rows."""
        parts, folder = self._workplace.parts, self._workplace.folder
        sized: dict[int, Sized] = {}
        with closing(Friendships(self._workplace.pool, folder, parts=parts)) as friendships:
            with closing(BatchCount(folder / "count-given", parts=parts)) as count:
                friendships.take(self.rows, count, most_rows=self._workplace.giant_rows)
                self.rows.close()
                as_given = count.batches(self._sizes)
            with closing(BatchCount(folder / "count-ruled", parts=parts)) as count:
                choices = choose(friendships, as_given, count, self._memory)
            for choice in choices:
                grouping = self._grouping(tuple(choice.least))
                _partition(friendships, choice, grouping.rows)
                for size, size_books in grouping.group(con).sized.items():
                    self._by_size[size] = grouping
                    sized[size] = replace(
                        size_books, as_given=as_given[size], least=choice.least[size]
                    )
            return Grouped(pairs=len(friendships), sized=sized)

    def lines(self, size: int, first: int) -> Generator[bytes, None, None]:
        """The batches of one size as lines (see compose), in sending order, from `first` on."""
        return self._by_size[size].lines(size, first)

    def _grouping(self, sizes: tuple[int, ...]) -> Grouping:
        folder = self._workplace.folder / f"sides-{len(self._groupings)}"
        folder.mkdir(mode=0o700)
        grouping = Grouping(replace(self._workplace, folder=folder), sizes)
        self._groupings.append(grouping)
        return grouping


def _partition(friendships: Friendships, choice: Choice, into: Spill) -> None:
    """Puts all friendships, as they are sent, into parts."""

    def work(rows: Words, ends: Ends, at: int) -> None:
        sent = _turned(rows, choice.turned(ends, at))
        into.partition(sent, account_hashes(sent), turn=at)

    with closing(friendships.each(work)) as results:
        for _ in results:
            pass


def _turned(rows: Words, turned: Flags) -> Words:
    """`rows` (n by From, To by words), those that are `turned` from To.

    Their To_Account gets TURNED behind it, so that the ledger can say what the input said. The mark
    is one byte behind the id's own: an id of 32 bytes then takes a fifth word.
    """
    others = _marked(rows[turned, 0])
    width = max(rows.shape[2], others.shape[1])
    sent = np.zeros((len(rows), 2, width), "<u8")
    sent[:, :, : rows.shape[2]] = rows
    sent[turned, 0] = sent[turned, 1]
    sent[turned, 1] = widened(others, width)
    return sent


def _marked(ids: Words) -> Words:
    """The ids with the mark behind each."""
    size = WORD * ids.shape[1]
    lengths = np.count_nonzero(np.ascontiguousarray(ids).view(np.uint8).reshape(-1, size), axis=1)
    wide = widened(ids, max(ids.shape[1], int(lengths.max(initial=0)) // WORD + 1)).copy()
    marked = wide.view(np.uint8).reshape(len(ids), WORD * wide.shape[1])
    marked[np.arange(len(ids)), lengths] = _MARK
    return wide
