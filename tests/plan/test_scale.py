"""The memory limit of the job: what it comes to, and that it changes no plan as given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.plan.scale import Scale
from bulkdel.plan.sides.choose import SidesMemory


def test_the_default_searches_ten_million_friendships() -> None:
    """1000 MB hold the largest search that pays, and cells for 33 million accounts beyond."""
    scale = Scale.within(1000)
    assert scale.duck_mb == 400
    assert scale.sides == SidesMemory(friendships=10_000_000, bits=1 << 30, cells=33_222_784)


def test_no_memory_is_taken_that_would_not_pay() -> None:
    """A large limit leaves the search as long as it is: more of it would take hours."""
    assert Scale.within(1_000_000).sides == SidesMemory()


@given(memory_mb=st.integers(512, 1_000_000))
def test_what_is_held_fits_the_limit(memory_mb: int) -> None:
    """By the figures measured: 120 MB + 62 bytes a friendship; 400 MB + bits and cells."""
    scale = Scale.within(memory_mb)
    room = scale.sides
    assert 0 < room.friendships * 62e-6 + 120 <= memory_mb
    assert room.bits * 1.5 / 8e6 + room.cells * 12e-6 + 400 <= memory_mb
    assert room.cells >= 1_000_000
    assert room.bits & (room.bits - 1) == 0
    assert 128 <= scale.duck_mb <= memory_mb - 128
