"""Rows → distinct friendships, each sent from the side that is chosen for it → batches.

For `fewest_calls`, as grouping is for rows that are sent as given.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bulkdel.plan import duck
from bulkdel.plan.batches.grouping import (
    GIANT_ROWS,
    PART_BYTES,
    Grouped,
    Grouping,
    Sized,
    parts_for,
)
from bulkdel.plan.batches.partition import RowHashes, account_hashes
from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.ids import Words, friendship_hashes
from bulkdel.plan.sides.batch_count import BatchCount
from bulkdel.plan.sides.choose import Choice, SidesMemory, choose
from bulkdel.plan.sides.friendships import Ends, Friendships
from bulkdel.plan.sides.turn import turn_rows


class Fewest:
    """Takes rows into `rows`, then turns them into batches. Works inside `folder`."""

    deal_by: RowHashes = staticmethod(friendship_hashes)

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        folder: Path,
        *,
        sizes: tuple[int, ...],
        size: int,
        part_bytes: int = PART_BYTES,
        giant_rows: int = GIANT_ROWS,
        memory: SidesMemory,
    ) -> None:
        self._pool = pool
        self._folder = folder
        self._sizes = sizes
        self._size = size
        self._part_bytes = part_bytes
        self._giant_rows = giant_rows
        self._memory = memory
        self.rows = Spill(folder / "given", parts=parts_for(size, part_bytes))
        self._groupings: list[Grouping] = []
        self._by_size: dict[int, Grouping] = {}

    def close(self) -> None:
        """Lets go of its files."""
        self.rows.close()
        for grouping in self._groupings:
            grouping.close()

    def group(self, con: duck.Connection) -> Grouped:
        """Makes batches of every size from all rows."""
        parts = self.rows.parts
        sized: dict[int, Sized] = {}
        with closing(Friendships(self._pool, self._folder, parts=parts)) as friendships:
            with closing(BatchCount(self._folder / "count-given", parts=parts)) as count:
                friendships.take(self.rows, count, most_rows=self._giant_rows)
                self.rows.close()
                as_given = count.batches(self._sizes)
            with closing(BatchCount(self._folder / "count-ruled", parts=parts)) as count:
                choices = choose(friendships, as_given, count, self._memory)
            for choice in choices:
                grouping = self._grouping(tuple(choice.least))
                _deal(friendships, choice, grouping.rows)
                for size, made in grouping.group(con).sized.items():
                    self._by_size[size] = grouping
                    sized[size] = replace(made, as_given=as_given[size], least=choice.least[size])
            return Grouped(pairs=len(friendships), sized=sized)

    def lines(self, size: int, first: int) -> Generator[bytes, None, None]:
        """The batches of one size as lines (see compose), in sending order, from `first` on."""
        return self._by_size[size].lines(size, first)

    def _grouping(self, sizes: tuple[int, ...]) -> Grouping:
        folder = self._folder / f"sides-{len(self._groupings)}"
        folder.mkdir(mode=0o700)
        grouping = Grouping(
            self._pool,
            folder,
            sizes=sizes,
            size=self._size,
            part_bytes=self._part_bytes,
            giant_rows=self._giant_rows,
        )
        self._groupings.append(grouping)
        return grouping


def _deal(friendships: Friendships, choice: Choice, into: Spill) -> None:
    """Deals all friendships as they are sent."""

    def work(rows: Words, ends: Ends, at: int) -> None:
        sent = turn_rows(rows, choice.turned(ends, at))
        into.deal(sent, account_hashes(sent), turn=at)

    with closing(friendships.each(work)) as dealt:
        for _ in dealt:
            pass
