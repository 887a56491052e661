"""Friendships among rows, and as edges: what has the same hash is not taken for the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.plan.ids import friendship_hashes, words_of_texts
from bulkdel.plan.sides.friendships import distinct
from bulkdel.plan.sides.numbers import numbered

IDS = st.sampled_from([b"a", b"b", b"ab", b"12345678", b"123456789", b"x" * 32, b"y" + b"x" * 31])
ROWS = st.lists(st.tuples(IDS, IDS).filter(lambda row: row[0] != row[1]), max_size=40)


@given(rows=ROWS, bits=st.sampled_from([0, 1, 64]))
def test_friendships_are_compared_and_not_only_hashed(
    rows: list[tuple[bytes, bytes]], bits: int
) -> None:
    """The first row of each, and one the other way round if there is one, with poor hashes too."""
    ids = words_of_texts([account for row in rows for account in row]).reshape(-1, 2, 4)
    hashes = friendship_hashes(ids)
    hashes = hashes >> np.uint64(64 - bits) if bits else np.zeros_like(hashes)
    found = distinct(ids, hashes)
    first: dict[frozenset[bytes], int] = {}
    for at, row in enumerate(rows):
        first.setdefault(frozenset(row), at)
    assert sorted(found.first.tolist()) == sorted(first.values())
    for at, back in zip(found.first.tolist(), found.back.tolist(), strict=True):
        if back < 0:
            assert rows[at][::-1] not in rows
        else:
            assert rows[back] == rows[at][::-1]


def test_accounts_are_numbered_by_their_hashes() -> None:
    """Edges ascend; sides of edges are told for the friendships in their own order."""
    first, second = np.array([30, 10, 10], "<u8"), np.array([20, 30, 20], "<u8")
    found = numbered(first, second)
    assert found is not None
    assert found.accounts == 3
    assert list(zip(found.edges.low, found.edges.high, strict=True)) == [(0, 1), (0, 2), (1, 2)]
    # 10-20 from 10, 10-30 from 30, 20-30 from 30: of 30-20, 10-30, 10-20 only the second is turned.
    assert found.turned(bytes([0, 1, 1])).tolist() == [False, True, False]


@pytest.mark.parametrize("ends", [[(1, 2), (3, 3)], [(1, 2), (3, 1), (2, 1)], [(1, 2), (1, 2)]])
def test_no_numbers_where_hashes_make_two_of_one(ends: list[tuple[int, int]]) -> None:
    """A friendship that looks like one with oneself, or like another one, is not searched."""
    first, second = np.array(ends, "<u8").T
    assert numbered(first, second) is None
