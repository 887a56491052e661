"""`--limit`: exactly so many pairs, shared by the targets so that each is tried."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.send.allowance import Allowance, fair_shares


@pytest.mark.parametrize(
    ("limit", "rooms", "shares"),
    [
        (100, [1000, 1000], [50, 50]),
        (101, [1000, 1000], [51, 50]),
        (100, [1000, 10, 1000], [45, 10, 45]),
        (2, [9, 9, 9], [1, 1, 0]),
        (2, [0, 9, 9], [0, 1, 1]),
        (100, [3, 4], [3, 4]),
        (5, [], []),
    ],
)
def test_shares(limit: int, rooms: list[int], shares: list[int]) -> None:
    """Even where that goes; what one has no room for is the others'; the first get the odd one."""
    assert fair_shares(limit, rooms) == shares


@given(st.integers(0, 200), st.lists(st.integers(0, 100), max_size=8))
def test_any_shares(limit: int, rooms: list[int]) -> None:
    """All of the limit that there is room for is given out, and nobody could get more fairly."""
    shares = fair_shares(limit, rooms)
    assert sum(shares) == min(limit, sum(rooms))
    assert all(0 <= share <= room for share, room in zip(shares, rooms, strict=True))
    unfilled = [share for share, room in zip(shares, rooms, strict=True) if share < room]
    assert not unfilled or max(shares) <= min(unfilled) + 1


@given(
    st.integers(1, 60),
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(0, 9), st.booleans()),
        max_size=60,
    ),
)
def test_any_history(
    limit: int, unsettled: list[int], steps: list[tuple[int, int, int, bool]]
) -> None:
    """Whatever is taken, settled, given back and ended: never more than the limit is settled.

    And what the lanes that go on may still take is all that is left of it, or all that they have.
    """
    allowance = Allowance(limit, unsettled)
    open_ones = dict(enumerate(unsettled))  # pairs unsettled, by lane
    done = 0
    for number, most, settles, ends in steps:
        lane = number % len(unsettled)
        if lane not in open_ones:
            continue
        if ends:
            del open_ones[lane]
            allowance.close(lane)
            continue
        room = min(most, allowance._left[lane])
        if room <= 0:
            continue
        taken = asyncio.run(allowance.take(lane, most))
        assert taken == room
        settled = min(settles, taken)
        allowance.give_back(lane, taken, settled)
        done += settled
        open_ones[lane] -= settled
        assert done <= limit
    can_be = sum(allowance._left[lane] for lane in open_ones)
    assert can_be == min(limit - done, sum(open_ones.values()))
    assert allowance.spent == (can_be == 0)


async def test_who_has_used_its_share_waits_for_the_others() -> None:
    """It gets more only when another has ended without its share, and wakes nobody in vain."""
    allowance = Allowance(4, [100, 100])
    assert await allowance.take(0, 10) == 2
    allowance.give_back(0, 2, 2)
    assert allowance.waits(0)
    more = asyncio.create_task(allowance.take(0, 10))
    assert await allowance.take(1, 1) == 1
    allowance.give_back(1, 1, 1)
    await asyncio.sleep(0)
    assert not more.done()
    assert not allowance._more[0].is_set()
    assert not allowance.spent
    allowance.close(1)
    assert await more == 1
    assert not allowance.waits(0)
    allowance.give_back(0, 1, 1)
    assert allowance.spent


async def test_without_a_limit_nobody_waits() -> None:
    """What is asked for is given."""
    allowance = Allowance(None, ())
    assert await allowance.take(7, 1000) == 1000
    allowance.give_back(7, 1000, 0)
    allowance.close(7)
    assert not allowance.spent
    assert not allowance.waits(7)
