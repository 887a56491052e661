"""Accounts by their hashes → cells numbered from 0, with few bits for each account.

One bit for each value that the first bits of a hash can have; an account's cell is the number of
bits that are set before its own. Hashes that share their first bits share a cell: with BITS bits
for each friendship that is one account in a hundred where accounts have six friends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from bulkdel.plan.ids import Whole, Words

BITS: Final = 16
MOST_BITS: Final = 1 << 31
"""3/16 of a byte each: 400 MB."""

MOST_CELLS: Final = 1 << 26
"""More accounts than that share cells, so that what is kept for each cell is bounded."""

Hashes = Callable[[], Iterable[tuple[Words, Words]]]
"""Starts another pass: the hashes of the two accounts of each friendship, a part at a time."""

_WORD_BITS: Final = 64


class Cells:
    """The cells of the accounts in `hashes`, of so many friendships."""

    def __init__(
        self,
        hashes: Hashes,
        friendships: int,
        *,
        most_bits: int = MOST_BITS,
        most_cells: int = MOST_CELLS,
    ) -> None:
        bits = min(most_bits, 1 << max(16, (BITS * friendships).bit_length()))
        self._shift = np.uint64(64 - (bits.bit_length() - 1))
        self._set = np.zeros(bits // _WORD_BITS, np.uint64)
        for first, second in hashes():
            for side in (first, second):
                self._mark(side)
        counts = np.bitwise_count(self._set)
        self._before: npt.NDArray[np.uint32] = np.cumsum(counts, dtype=np.uint32)
        self.count = max(1, min(int(self._before[-1]), most_cells))
        """How many cells there are."""
        self._before -= counts

    def of(self, hashes: Words) -> Whole:
        """The cells of accounts that were seen."""
        places = hashes >> self._shift
        words = (places >> np.uint64(6)).astype(np.int64)
        below = (np.uint64(1) << (places & np.uint64(63))) - np.uint64(1)
        cells = np.bitwise_count(self._set[words] & below).astype(np.int64)
        cells += self._before[words]
        cells %= self.count
        return cells

    def _mark(self, hashes: Words) -> None:
        places = np.unique(hashes >> self._shift)
        words = (places >> np.uint64(6)).astype(np.int64)
        first = np.flatnonzero(np.diff(words, prepend=-1))
        bits = np.uint64(1) << (places & np.uint64(63))
        if len(first):
            self._set[words[first]] |= np.bitwise_or.reduceat(bits, first)
