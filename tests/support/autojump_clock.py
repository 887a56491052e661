"""An asyncio loop whose clock jumps over idle time; loopback sockets and threads still work."""

from __future__ import annotations

import asyncio
import math
import selectors
from typing import Any


class _AutojumpSelector(selectors.DefaultSelector):
    now = 0.0
    threads = 0  # executor jobs in flight: real work, so never jump over them

    def select(self, timeout: float | None = None) -> list[Any]:
        if events := super().select(0):
            return events
        if timeout is None or self.threads:
            return super().select(None if timeout is None else 0.001)
        self.now += max(timeout, 0.0)
        return []


class AutojumpLoop(asyncio.SelectorEventLoop):
    """Its `time()` starts at 0 and moves only when nothing else can happen."""

    TICK = 1e-6

    def __init__(self) -> None:
        self._auto = _AutojumpSelector()
        super().__init__(self._auto)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._auto.now

    def call_at(self, when: float, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:  # type: ignore[override]  # passed on as it came
        """As the base class does, but never at this very instant."""
        # At least one tick ahead: a float residue in a rate limiter must not stall the clock.
        when = max(math.ceil(when / self.TICK) * self.TICK, self.time() + self.TICK)
        return super().call_at(when, *args, **kwargs)

    def run_in_executor(self, *args: Any) -> Any:  # type: ignore[override]  # passed on as it came
        """As the base class does; the clock stands still until the thread is done."""
        future = super().run_in_executor(*args)
        self._auto.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: object) -> None:
        self._auto.threads -= 1
