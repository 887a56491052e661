"""When a lane's next call may leave; the only door to aiolimiter.

Three things hold together, and all are needed.

The bucket keeps the rate. A leaky bucket of capacity 1 + r·c that drains r calls/s lets calls
leave r a second, and after a pause (a busy machine, a slow disk) lets those follow that were due
meanwhile, up to c seconds of them. Without the catching up each pause would cost calls that never
come back. But a bucket of that capacity alone lets r + r·c calls leave in one second, and all that
were due at once.

The spacing keeps them apart. A second bucket, small and a quarter faster, lets what catches up
leave as a somewhat denser stream: a crowd that leaves at once is spread on its way, and where its
end and the beginning of the next one fall into one second at the server, that is one too full.

The window bounds them. No call leaves before the window's length has passed since the call `qps`
places before it, so in any stretch of that length at most qps calls leave: that is the ceiling
itself, and no arithmetic about averages. It is a little longer than a second, because what leaves
within a second may arrive within a little less. Where the rate is lowered, the window is that of
the lower rate: then what catches up cannot crowd a second either.

The bucket's rate is BELOW the ceiling by more than the window is over a second: so the window costs
nothing as long as nothing was late, and what it cost when something was is soon made up for.

The hold. A throttled answer holds the whole lane: for as long as the provider says, else for a
second, doubled while no call is accepted in between. The rate is lowered once per hold (rate.py).
Calls that had left before the hold began do not lengthen it.

The stall. Calls that the network did not take yet have left but not arrived. Nothing leaves until
they have, or are given up, and not in the second after: else both would meet at the server.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Final

from aiolimiter import AsyncLimiter

from bulkdel.send.rate import Rate
from bulkdel.send.state import Slower

CATCH_UP_S: Final = 0.3
DENSER: Final = 1.25
"""How much faster than the rate calls follow each other that catch up."""
TOGETHER_S: Final = 0.02
"""Seconds of calls that may leave at once: timers of a busy machine come so late."""
BELOW: Final = 0.006
"""How far the rate is below the ceiling, as a share of it."""
OVER: Final = 0.005
"""How much longer than a second the window is, as a share of it."""
STEP: Final = 0.01
"""A change of the rate, as a share of it, that is worth a new bucket."""
HOLD_S: Final = 1.0
LOOK_S: Final = 0.1
"""Seconds between two looks whether the network takes calls again."""
AFTER_STALL_S: Final = 1.05
"""Seconds in which nothing leaves once it does: what it kept has a second of its own."""
WINDOW_S: Final = 5.0
"""Seconds that the measured rate looks back."""
SLOWED_BELOW: Final = 0.95
"""Of the ceiling. A lane always keeps a little below it; that is nothing to tell."""


def bucket(qps: float) -> tuple[float, float]:
    """Capacity in calls and drain in calls/s at a rate of `qps`."""
    drain = qps * (1 - BELOW)
    return 1 + drain * CATCH_UP_S, drain


def spacing(qps: float) -> tuple[float, float]:
    """The same of the small bucket, which what catches up has to pass as well."""
    drain = qps * DENSER
    return 1 + drain * TOGETHER_S, drain


def window(qps: float) -> tuple[int, float]:
    """How many calls may leave in how many seconds, so that `qps` holds in every second.

    It is never shorter than a second, or a second could hold most of two of them: 7.5 are 8 calls
    in 1.07 s. Below one call a second it is one call in as long as that takes.
    """
    calls = math.ceil(qps)
    return calls, calls / qps * (1 + OVER)


class Pacer:
    """One lane's pace: `depart` returns when a call may leave, to one caller after another.

    Attributes:
        closed: whether nothing may leave until `open`.
        stalled: whether nothing leaves since the network does not take what was sent.
    """

    def __init__(
        self,
        qps: float,
        *,
        max_hold_s: float,
        first_wait_s: float = 0.0,
        unheard: Callable[[], bool] = lambda: False,
    ) -> None:
        """A pace of at most `qps` calls/s.

        Args:
            qps: the ceiling.
            max_hold_s: the longest hold that nobody asked for, in seconds.
            first_wait_s: holds the first call, so that a restart cannot crowd a second.
            unheard: whether the network does not take what was sent.
        """
        self._loop = asyncio.get_running_loop()
        self._rate = Rate(qps)
        self._max_hold_s = max_hold_s
        self._buckets: tuple[AsyncLimiter, AsyncLimiter] | None = None
        self._buckets_rate = 0.0
        self._turn = asyncio.Lock()
        self.closed = False
        self._opened = asyncio.Event()
        self._most = qps
        self._held_at = float("-inf")
        self._held_until = self._loop.time() + first_wait_s
        self._holds_in_a_row = 0
        self._window: deque[float] = deque(maxlen=window(qps)[0])
        self._left: deque[tuple[float, int]] = deque()
        self._unheard = unheard
        self.stalled = False

    @property
    def held_for_s(self) -> float:
        """Seconds until the hold ends; 0 where there is none."""
        return max(0.0, self._held_until - self._loop.time())

    def close(self) -> None:
        """Let nothing leave; who waits goes on waiting."""
        self.closed = True
        self._opened.clear()

    def open(self) -> None:
        """Let calls leave again, no faster than before."""
        self.closed = False
        self._opened.set()

    def slow_to(self, qps: float) -> None:
        """Stay at or under `qps` from now on, and never over the ceiling."""
        self._most = min(qps, self._rate.ceiling)

    @property
    def rate(self) -> float:
        """Calls/s that the lane allows itself now: the ceiling, or less."""
        return min(self._most, self._rate.at(self._loop.time()))

    @property
    def slower(self) -> Slower | None:
        """What keeps the rate well below the ceiling; None where nothing does."""
        if self.rate >= self._rate.ceiling * SLOWED_BELOW:
            return None
        return Slower.OPERATOR if self._most == self.rate else Slower.PROVIDER

    @property
    def measured(self) -> float:
        """Calls/s that left over the last seconds.

        The oldest tenth of a second opens the stretch that is looked at and is not in it: else a
        stretch of five seconds would hold the calls of a little more, and read as over the rate.
        """
        now = self._loop.time()
        self._forget(now)
        if not self._left:
            return 0.0
        first_at, _ = self._left[0]
        return sum(count for at, count in self._left if at > first_at) / max(1.0, now - first_at)

    async def depart(self) -> float:
        """Wait for the hold and the bucket; the loop's time at which the call may leave."""
        async with self._turn:
            while True:
                if self.closed:
                    await self._opened.wait()
                    continue
                if self._unheard():
                    await self._let_it_arrive()
                    continue
                if hold := self.held_for_s:
                    await asyncio.sleep(hold)
                    continue
                for one in await self._both():
                    await one.acquire()
                await self._room_in_window()
                # Throttled while we waited: look again, or all who waited would leave at once.
                if not self.held_for_s and not self._unheard() and not self.closed:
                    break
            now = self._loop.time()
            self._window.append(now)
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
        since = max(self._held_until, left_at - 1)
        counted = sum(1 for at in self._window if since <= at < left_at)
        self._held_at = now
        self._held_until = max(self._held_until, now + wait)
        self._rate.throttled(left_at, counted, resumes_at=self._held_until)
        return wait

    def accepted(self) -> None:
        """The provider took a call: the next hold begins at its shortest again."""
        self._holds_in_a_row = 0

    async def _let_it_arrive(self) -> None:
        """What the network kept arrives in a crowd, or never: a second on it is out of the way."""
        self.stalled = True
        try:
            while self._unheard():  # noqa: ASYNC110  # a socket tells nobody when it is heard
                await asyncio.sleep(LOOK_S)
            await asyncio.sleep(AFTER_STALL_S)
        finally:
            self.stalled = False

    async def _room_in_window(self) -> None:
        """Returns when fewer than the window's calls have left within its length."""
        calls, length_s = window(self.rate)
        if len(self._window) < calls:
            return
        opens_at = self._window[-calls] + length_s
        while (now := self._loop.time()) < opens_at:  # noqa: ASYNC110  # a timer may fire early
            await asyncio.sleep(opens_at - now)

    async def _both(self) -> tuple[AsyncLimiter, AsyncLimiter]:
        """Bucket and spacing at the rate of now; new ones are full, so no change is a burst."""
        rate = self.rate
        stale = abs(rate - self._buckets_rate) > STEP * self._buckets_rate
        if self._buckets is None or stale or rate == self._most != self._buckets_rate:
            self._buckets = (await _full(*bucket(rate)), await _full(*spacing(rate)))
            self._buckets_rate = rate
        return self._buckets

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


async def _full(capacity: float, drain: float) -> AsyncLimiter:
    limiter = AsyncLimiter(capacity, capacity / drain)
    await limiter.acquire(capacity)
    return limiter
