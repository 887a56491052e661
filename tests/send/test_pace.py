"""The pace: arithmetic by table and by hypothesis, and the real limiter on virtual time."""

from __future__ import annotations

import asyncio
import math
import random
from bisect import bisect_left
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.send.pace import Pacer, bucket, window
from tests.support.autojump_clock import AutojumpLoop


def on_virtual_time(main: Callable[[], object]) -> None:
    """Run a coroutine function on a clock that jumps."""
    with asyncio.Runner(loop_factory=AutojumpLoop) as runner:
        runner.run(main())  # type: ignore[arg-type]  # a coroutine


def most_in_a_second(times: list[float]) -> int:
    """The fullest half-open second, by looking at each one that begins with a departure."""
    return max(bisect_left(times, begin + 1) - place for place, begin in enumerate(times))


@given(qps=st.floats(min_value=0.01, max_value=100_000))
def test_the_window_is_the_ceiling_and_the_bucket_is_just_below(qps: float) -> None:
    """What the window lets leave in a second is at most qps; the bucket drains 0.994 of it."""
    calls, length_s = window(qps)
    capacity, drain = bucket(qps)
    assert calls / length_s <= qps
    assert calls < qps + 1
    assert length_s >= 1
    assert capacity >= 1
    assert 0.9939 * qps <= drain < qps
    assert drain < calls / length_s


@pytest.mark.parametrize(
    ("late_s", "stall_s", "share"),
    [(0.0, 0.0, 0.993), (0.005, 0.0, 0.99), (0.03, 0.0, 0.97), (0.0, 0.15, 0.99)],
)
@pytest.mark.parametrize("qps", [0.5, 1.0, 2.5, 7.5, 20.0, 200.0, 1000.0])
def test_pace_is_close_to_the_ceiling_and_never_above(
    qps: float, late_s: float, stall_s: float, share: float
) -> None:
    """0.99 of the rate leaves though each wake-up is late by up to 5 ms; no second is crossed.

    A machine that stands still for 150 ms every two seconds costs little more.
    """
    late = random.Random(7)
    stalled_at = 0.0
    times: list[float] = []

    async def main() -> None:
        pacer = Pacer(qps, max_hold_s=60)
        loop = asyncio.get_running_loop()
        call_at = loop.call_at

        def lateness(when: float) -> float:
            nonlocal stalled_at
            if stall_s and when - stalled_at > 2.0:
                stalled_at = when
                return stall_s
            return late.uniform(0, late_s)

        loop.call_at = lambda when, *args, **kwargs: call_at(  # type: ignore[method-assign]
            when + lateness(when), *args, **kwargs
        )

        async def carrier() -> None:
            while True:
                times.append(await pacer.depart())
                await asyncio.sleep(0)

        carriers = [asyncio.create_task(carrier()) for _ in range(8)]
        await asyncio.sleep(max(6.0, 40 / qps))
        for one in carriers:
            one.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)

    on_virtual_time(main)
    assert (len(times) - 1) / (times[-1] - times[0]) / qps >= share
    ordered = times[: int(4 * max(qps, 10))]
    assert most_in_a_second(ordered) <= math.ceil(qps)


def test_hold_stops_everybody_and_lets_nobody_out_at_once() -> None:
    """After a throttled answer nothing leaves before the hold ends, and then at a lower pace."""
    times: list[float] = []

    async def main() -> None:
        pacer = Pacer(100, max_hold_s=60)
        loop = asyncio.get_running_loop()

        async def carrier() -> None:
            times.append(await pacer.depart())

        carriers = [asyncio.create_task(carrier()) for _ in range(400)]
        await asyncio.sleep(2)
        before = len(times)
        assert pacer.throttled(loop.time() - 0.1, 5.0) == 5.0
        await asyncio.sleep(4.9)
        assert len(times) == before
        await asyncio.gather(*carriers)
        after = [one for one in times if one > 6.9]
        assert 80 < len([one for one in after if one < 8]) < 100

    on_virtual_time(main)


def test_one_storm_is_one_hold() -> None:
    """Calls that had left before the hold began neither lengthen it nor lower the rate again."""

    async def main() -> None:
        pacer = Pacer(100, max_hold_s=60)
        loop = asyncio.get_running_loop()
        await asyncio.sleep(3)
        assert pacer.throttled(2.9, None) == 1.0
        rate = pacer.rate
        assert pacer.throttled(2.95, None) is None
        assert pacer.rate == rate < 100
        await asyncio.sleep(1.5)
        assert pacer.throttled(loop.time() - 0.1, None) == 2.0
        pacer.accepted()
        await asyncio.sleep(3)
        assert pacer.throttled(loop.time() - 0.1, None) == 1.0

    on_virtual_time(main)


def test_a_change_of_rate_is_no_burst() -> None:
    """While the rate is lowered and climbs, no second holds more than the ceiling."""
    times: list[float] = []

    async def main() -> None:
        pacer = Pacer(50, max_hold_s=60)
        loop = asyncio.get_running_loop()

        async def carrier() -> None:
            while True:
                left = await pacer.depart()
                times.append(left)
                if len(times) % 97 == 0:
                    pacer.throttled(left, None)
                    pacer.accepted()
                await asyncio.sleep(0.001)

        carriers = [asyncio.create_task(carrier()) for _ in range(5)]
        await asyncio.sleep(30)
        for one in carriers:
            one.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)
        assert loop.time() >= 30

    on_virtual_time(main)
    assert len(times) > 500
    assert most_in_a_second(times) <= 50


@pytest.mark.parametrize("stall", [(3.0, 3.5), (3.0, 9.0), (0.0, 2.0)])
def test_nothing_leaves_while_the_network_takes_nothing(stall: tuple[float, float]) -> None:
    """Nor in the second after it does again: what it kept arrives then."""
    times: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(50, max_hold_s=60, unheard=lambda: stall[0] <= loop.time() < stall[1])
        for _ in range(500):
            times.append(await pacer.depart())
            if stall[0] <= loop.time() < stall[1]:
                pytest.fail("left into a network that takes nothing")

    on_virtual_time(main)
    assert not [at for at in times if stall[0] <= at < stall[1] + 1]
    assert most_in_a_second(times) <= 50


def test_a_lane_says_that_it_is_stalled() -> None:
    """As long as it is, and the second after."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        pacer = Pacer(50, max_hold_s=60, unheard=lambda: loop.time() < 2)
        leaving = asyncio.create_task(pacer.depart())
        await asyncio.sleep(1)
        assert pacer.stalled
        await leaving
        assert not pacer.stalled
        assert loop.time() >= 3

    on_virtual_time(main)
