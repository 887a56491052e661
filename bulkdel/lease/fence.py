"""The fence: until when this process may send and write; beyond it, it ends at once."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable
from typing import NoReturn


def boottime_s() -> float:
    """Seconds since this machine started, those in which it was suspended included."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def kill_self() -> NoReturn:
    """End this process without another instruction of it: no finalizer, no last write."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("this process was killed")


def no_fence() -> None:
    """Stands open for ever: for what no other process can come to own."""


class Fence:
    """Asked before each call leaves and before each write: `fence()` returns, or never."""

    def __init__(
        self,
        clock: Callable[[], float] = boottime_s,
        end: Callable[[], NoReturn] = kill_self,
        moved: Callable[[float], None] = lambda _: None,
    ) -> None:
        """A fence that stands open for nobody yet; `moved` is told each moment it is moved to."""
        self._clock, self._end, self._moved = clock, end, moved
        self._until_s, self._closed = -math.inf, False

    def stand_until(self, until_s: float) -> None:
        """Move it on, to this moment of its clock; never back."""
        if until_s > self._until_s and not self._closed:
            self._until_s = until_s
            self._moved(until_s)

    def close(self) -> None:
        """Nothing more is sent or written, for good. The process goes on to its own end."""
        self._until_s, self._closed = -math.inf, True
        self._moved(math.inf)

    def end(self) -> NoReturn:
        """End this process: it owns nothing any more."""
        self._end()

    def __call__(self) -> None:
        """Return if this process may send and write now; else end it."""
        if self._clock() >= self._until_s:
            self._end()
