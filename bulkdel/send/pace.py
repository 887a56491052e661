"""When a lane's next call may leave; the only door to aiolimiter.

The bucket. A leaky bucket of capacity k that drains r calls/s lets at most k + r·t calls leave in
any t seconds, and fewer than k + r in any half-open second. So qps is a ceiling in every second if

    k + r <= qps + 1        with k = 1 + r·c, that is r = qps / (1 + c)

where c is how late a wake-up of the event loop may come without costing a call: what the bucket
drained meanwhile, up to r·c calls, may be caught up. c = 6 ms gives 0.994 of the ceiling at every
rate, and the other 0.006 is the room that arrivals need to jitter in.

The hold. A throttled answer holds the whole lane: for as long as the provider says, else for a
second, doubled while no call is accepted in between. The rate is lowered once per hold and climbs
back by the clock. Calls that had left before the hold began do not lengthen it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from aiolimiter import AsyncLimiter

CATCH_UP_S: Final = 0.006
LOWERED: Final = 0.7
"""What is left of the rate after a hold."""
LEAST: Final = 0.05
"""The lowest rate, as a share of the ceiling."""
CLIMB_S: Final = 45.0
"""Seconds that the rate takes to climb by the whole ceiling."""
HOLD_S: Final = 1.0
WINDOW_S: Final = 5.0
"""Seconds that the measured rate looks back."""


def bucket(qps: float) -> tuple[float, float]:
    """Capacity in calls and drain in calls/s that keep every second at or under `qps`."""
    drain = qps / (1 + CATCH_UP_S)
    return 1 + drain * CATCH_UP_S, drain


class Pacer:
    """One lane's pace: `depart` returns when a call may leave, to one caller after another."""

    def __init__(self, qps: float, *, max_hold_s: float, first_wait_s: float = 0.0) -> None:
        """`first_wait_s` holds the first call, so that a restart cannot crowd a second."""
        self._loop = asyncio.get_running_loop()
        self._ceiling = qps
        self._max_hold_s = max_hold_s
        self._rate = qps
        self._rate_at = self._loop.time()
        self._limiter: AsyncLimiter | None = None
        self._limiter_rate = 0.0
        self._turn = asyncio.Lock()
        self._held_at = float("-inf")
        self._held_until = self._loop.time() + first_wait_s
        self._holds_in_a_row = 0
        self._left: deque[tuple[float, int]] = deque()

    @property
    def held_for_s(self) -> float:
        """Seconds until the hold ends; 0 where there is none."""
        return max(0.0, self._held_until - self._loop.time())

    @property
    def rate(self) -> float:
        """Calls/s that the lane allows itself now: the ceiling, or less after a hold."""
        gained = (self._loop.time() - self._rate_at) * self._ceiling / CLIMB_S
        return min(self._ceiling, self._rate + max(0.0, gained))

    @property
    def measured(self) -> float:
        """Calls/s that left over the last seconds."""
        now = self._loop.time()
        self._forget(now)
        if not self._left:
            return 0.0
        span = max(1.0, now - self._left[0][0])
        return sum(count for _, count in self._left) / span

    async def depart(self) -> float:
        """Wait for the hold and the bucket; the loop's time at which the call may leave."""
        async with self._turn:
            while True:
                if hold := self.held_for_s:
                    await asyncio.sleep(hold)
                    continue
                await (await self._bucket()).acquire()
                # Throttled while we waited: look again, or all who waited would leave at once.
                if not self.held_for_s:
                    break
        now = self._loop.time()
        self._count(now)
        return now

    def throttled(self, left_at: float, hold_s: float | None) -> float | None:
        """A call that left at `left_at` was refused for its rate.

        Returns the seconds of the hold that begins now, or None where one of the same storm
        has begun already.
        """
        now = self._loop.time()
        if left_at <= self._held_at:
            return None
        wait = HOLD_S * 2**self._holds_in_a_row if hold_s is None else hold_s
        wait = min(wait, max(self._max_hold_s, hold_s or 0.0))
        self._holds_in_a_row = min(self._holds_in_a_row + 1, 16)
        self._rate = max(self.rate * LOWERED, self._ceiling * LEAST)
        self._held_at = now
        self._held_until = max(self._held_until, now + wait)
        self._rate_at = self._held_until
        return wait

    def accepted(self) -> None:
        """The provider took a call: the next hold begins at its shortest again."""
        self._holds_in_a_row = 0

    async def _bucket(self) -> AsyncLimiter:
        """The bucket at the rate of now; a new one starts full, so no change of rate is a burst."""
        rate = self.rate
        stale = abs(rate - self._limiter_rate) > 0.01 * self._ceiling or (
            rate == self._ceiling != self._limiter_rate
        )
        if self._limiter is None or stale:
            capacity, drain = bucket(rate)
            self._limiter = AsyncLimiter(capacity, capacity / drain)
            self._limiter_rate = rate
            await self._limiter.acquire(capacity)
        return self._limiter

    def _count(self, now: float) -> None:
        if self._left and now - self._left[-1][0] < 0.1:  # noqa: PLR2004  # tenths of a second
            at, count = self._left[-1]
            self._left[-1] = (at, count + 1)
        else:
            self._left.append((now, 1))
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._left and now - self._left[0][0] > WINDOW_S:
            self._left.popleft()
