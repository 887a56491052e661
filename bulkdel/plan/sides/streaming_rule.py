"""Sides by a rule that needs no graph in memory: for more friendships than orient holds.

Who is depended on sends. An account depends on each of its friends alike, so it lends each of them
1 / (number of its friends); the more somebody is lent, the likelier they send. But a friend who is
lent much already sends anyway and needs no more, so what is lent is then divided by what the
lender itself has: after three rounds the side that has more sends. A round is one pass over the
friendships, and twelve bytes for each account's cell (cells.py). Two accounts in one cell cost
quality, nothing else.

What is lent bounds the calls as well. Give every friendship a weight, at most 1 for all of an
account's friendships together: then so many accounts send as all weights come to, since of each
friendship one end sends. Of what an account has from all its friends together, a friend's part is
such a weight; the friendship weighs the smaller of the parts at its two ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from bulkdel.plan.ids import Flags, Whole, Words
from bulkdel.plan.sides.cells import Cells, Hashes

ROUNDS: Final = 3
_LEAST: Final = np.float32(1e-30)
_WHOLE: Final = 1 << 40
_PRECISION: Final = 2.0**-22  # four times a float32's, so that products are covered as well
_MOST_SUMMED: Final = 1 << 21


class Rule:
    """The rule's verdict on the friendships of `hashes`, whose accounts have these `cells`."""

    def __init__(self, hashes: Hashes, cells: Cells, *, rounds: int = ROUNDS) -> None:
        self._cells = cells
        self._hashes = hashes
        self._degree = np.zeros(cells.count, np.uint32)
        self._lent = np.zeros(cells.count, np.float32)
        self._has = np.zeros(cells.count, np.float32)
        self._count()
        for left in reversed(range(rounds)):
            self._lend()
            if left:
                np.maximum(self._has, _LEAST, out=self._lent)
                self._lent *= self._degree
                np.reciprocal(self._lent, out=self._lent)

    def turned(self, first: Words, second: Words, greater: Flags) -> Flags:
        """For each friendship, whether its second account sends.

        If both have as much, the smaller one sends; `greater` says whether the first is not.
        """
        one, two = self._has[self._cells.of(first)], self._has[self._cells.of(second)]
        turned: Flags = (two > one) | ((two == one) & greater)
        return turned

    def senders_needed(self) -> int:
        """At least so many accounts send, whatever the batch size; another pass."""
        total = 0
        for first, second in self._hashes():
            one, two = self._cells.of(first), self._cells.of(second)
            weights = np.minimum(self._parts(one, two), self._parts(two, one))
            total += int((weights * _WHOLE).astype(np.int64).sum())
        return -(-total // _WHOLE)

    def _parts(self, lenders: Whole, cells: Whole) -> npt.NDArray[np.float64]:
        """What part each lender has in what its friend's cell has; never too large a part.

        A sum of n floats can be too small by n times their precision, so that is added; of more
        floats than that holds for, nothing is said.
        """
        degree = self._degree[cells]
        most = self._has[cells] * (1 + degree * _PRECISION)
        return np.where(degree < _MOST_SUMMED, self._lent[lenders] / most, 0.0)

    def _count(self) -> None:
        for first, second in self._hashes():
            for side in (first, second):
                np.add.at(self._degree, self._cells.of(side), np.uint32(1))
        np.maximum(self._degree, 1, out=self._degree)
        self._lent[:] = self._degree
        np.reciprocal(self._lent, out=self._lent)

    def _lend(self) -> None:
        """Adds in an order that no part and no row's direction changes: sums of floats have one."""
        self._has[:] = 0
        for first, second in self._hashes():
            ends = np.empty((len(first), 2), np.int64)
            ends[:, 0] = self._cells.of(np.minimum(first, second))
            ends[:, 1] = self._cells.of(np.maximum(first, second))
            np.add.at(self._has, ends.ravel(), self._lent[ends[:, ::-1].ravel()])
