"""Sides by a rule that needs no graph in memory: for more friendships than orient holds.

Who is depended on sends. An account depends on each of its friends alike, so it lends each of them
1 / (number of its friends); the more somebody is lent, the likelier they send. But a friend who is
lent much already sends anyway and needs no more, so what is lent is then divided by what the
lender itself has: after three rounds the side that has more sends. A round is one pass over the
friendships, and an account is a cell that its hash chooses. Two accounts in a cell cost quality,
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from bulkdel.plan.ids import Flags, Words

ROUNDS: Final = 3
MOST_CELLS: Final = 1 << 26
"""Twelve bytes each: 800 MB. There is one for each friendship, so that few accounts share one."""

_FEWEST_CELLS: Final = 1 << 16
_LEAST: Final = np.float32(1e-30)

Hashes = Callable[[], Iterable[tuple[Words, Words]]]
"""Starts another pass: the hashes of the two accounts of each friendship, a part at a time."""


class Rule:
    """The rule's verdict on the friendships of `hashes`, of which there are so many."""

    def __init__(
        self,
        hashes: Hashes,
        friendships: int,
        *,
        rounds: int = ROUNDS,
        most_cells: int = MOST_CELLS,
    ) -> None:
        cells = max(_FEWEST_CELLS, 1 << max(0, friendships - 1).bit_length())
        self._shift = np.uint64(64 - (min(cells, most_cells).bit_length() - 1))
        self._has = self._passes(hashes, 1 << (64 - int(self._shift)), rounds)

    def turned(self, first: Words, second: Words) -> Flags:
        """For each friendship, whether its second account sends: also if they are swapped."""
        one, two = self._has[self._cell(first)], self._has[self._cell(second)]
        turned: Flags = (two > one) | ((two == one) & (second > first))
        return turned

    def _passes(self, hashes: Hashes, cells: int, rounds: int) -> npt.NDArray[np.float32]:
        degree = np.zeros(cells, np.uint32)
        for first, second in hashes():
            for side in (first, second):
                np.add.at(degree, self._cell(side), np.uint32(1))
        np.maximum(degree, 1, out=degree)
        lent = degree.astype(np.float32)
        np.reciprocal(lent, out=lent)
        has = np.zeros(cells, np.float32)
        for left in reversed(range(rounds)):
            has[:] = 0
            for first, second in hashes():
                self._lend(has, lent, first, second)
            if left:
                np.maximum(has, _LEAST, out=lent)
                lent *= degree
                np.reciprocal(lent, out=lent)
        return has

    def _lend(
        self,
        has: npt.NDArray[np.float32],
        lent: npt.NDArray[np.float32],
        first: Words,
        second: Words,
    ) -> None:
        """Adds in an order that no part and no row's direction changes: sums of floats have one."""
        ends = np.empty((len(first), 2), np.int64)
        ends[:, 0] = self._cell(np.minimum(first, second))
        ends[:, 1] = self._cell(np.maximum(first, second))
        np.add.at(has, ends.ravel(), lent[ends[:, ::-1].ravel()])

    def _cell(self, hashes: Words) -> npt.NDArray[np.int64]:
        return (hashes >> self._shift).astype(np.int64)
