"""Cells for accounts by the first bits of their hashes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.plan.sides.cells import Cells

BITS = st.lists(st.tuples(*[st.integers(0, 2**64 - 1)] * 2), max_size=40)


@given(rows=BITS, parts=st.integers(1, 3))
def test_cells_are_numbered_by_the_first_bits(rows: list[tuple[int, int]], parts: int) -> None:
    """Hashes that differ in their first 16 bits have cells of their own, in their order."""
    ends = np.array(rows, "<u8").reshape(-1, 2)
    pieces = [(piece[:, 0], piece[:, 1]) for piece in np.array_split(ends, parts)]
    cells = Cells(lambda: pieces, len(rows), most_bits=1 << 16)
    begins = sorted({hash_ >> 48 for row in rows for hash_ in row})
    assert cells.count == max(1, len(begins))
    for side in (0, 1):
        told = cells.of(ends[:, side]).tolist()
        assert told == [begins.index(row[side] >> 48) for row in rows]


def test_there_are_bits_enough_for_few_to_share() -> None:
    """100,000 accounts with six friends each on average: at most one in fifty shares a cell."""
    hashes = np.random.default_rng(1).integers(0, 2**63, 100_000, dtype=np.uint64) * np.uint64(2)
    cells = Cells(lambda: [(hashes, hashes)], 300_000)
    assert cells.count > 98_000


@given(most=st.integers(1, 30))
def test_cells_are_bounded(most: int) -> None:
    """However many accounts there are, no more cells than that, and each account has one."""
    hashes = np.arange(100, dtype="<u8") << np.uint64(50)
    cells = Cells(lambda: [(hashes, hashes)], 100, most_cells=most)
    assert cells.count == most
    assert sorted(set(cells.of(hashes).tolist())) == list(range(most))
