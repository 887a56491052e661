"""The bitmap of what is settled whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.settled import SEGMENT_BYTES, SettledSet

AROUND = (*range(60), *range(8170, 8210), *range(65_490, 65_570))
"""Ordinals at the ends of segments."""


def holding(*ordinals: int) -> SettledSet:
    """A bitmap with these ordinals."""
    settled = SettledSet()
    settled.adopt(settled.grown(ordinals))
    return settled


def test_nothing_is_settled_at_first() -> None:
    """What was never added is not settled, however far out."""
    settled = SettledSet()
    assert 0 not in settled
    assert 10**9 not in settled
    assert settled.next_unsettled(5, 6) == 5
    assert settled.next_unsettled(6, 6) is None


def test_growing_changes_nothing_until_adopted() -> None:
    """Memory never runs ahead of the disk: `grown` only says what would be."""
    settled = holding(1)
    segments = settled.grown([2, 70_000])
    assert [one for one in (1, 2, 70_000) if one in settled] == [1]
    settled.adopt(segments)
    assert [one for one in range(100_000) if one in settled] == [1, 2, 70_000]
    assert all(len(segment) == SEGMENT_BYTES for segment in segments.values())


def test_long_runs() -> None:
    """The first hole after a run over many segments is found, and the end of what is known."""
    settled = holding(*range(100_000))
    assert settled.next_unsettled(3, 10**9) == 100_000
    assert settled.next_unsettled(0, 100_000) is None
    assert settled.next_unsettled(0, 100_001) == 100_000
    full = holding(*range(SEGMENT_BYTES * 8))
    assert full.next_unsettled(0, 10**6) == SEGMENT_BYTES * 8
    assert full.next_unsettled(0, SEGMENT_BYTES * 8) is None


@given(
    st.sets(st.integers(0, 50) | st.integers(8180, 8200) | st.integers(65500, 65560)),
    st.integers(0, 70_000),
    st.integers(0, 70_000),
)
def test_like_a_set(members: set[int], lo: int, hi: int) -> None:
    """It answers as a plain set would."""
    settled = holding(*members)
    assert {one for one in AROUND if one in settled} == members
    hole = next((one for one in range(lo, hi) if one not in members), None)
    assert settled.next_unsettled(lo, hi) == hole


@given(st.sets(st.integers(0, 300)), st.integers(0, 300), st.integers(0, 330))
def test_dense_like_a_set(holes: set[int], lo: int, hi: int) -> None:
    """The same where nearly everything is settled."""
    members = set(range(300)) - holes
    settled = holding(*members)
    hole = next((one for one in range(lo, hi) if one not in members), None)
    assert settled.next_unsettled(lo, hi) == hole


def test_a_range_of_whole_full_bytes_has_no_hole() -> None:
    """The byte behind the range is not looked at, however full it is."""
    settled = holding(*range(300))
    assert settled.next_unsettled(40, 48) is None
    assert settled.next_unsettled(0, 296) is None
    assert settled.next_unsettled(0, 400) == 300
