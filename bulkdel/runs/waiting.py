"""A wait before the run goes on, in which anybody can stop it: a signal, `pause`, max_duration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from bulkdel.send.view import End

LOOK_EVERY_S: Final = 1.0
"""The wall clock may be set, and a machine may sleep: it is looked at so often."""


class Waiting:
    """Waits for a moment of the wall clock. Made inside a running loop; `run` once.

    It may be told what a sitting may be told.
    """

    def __init__(self, until_ms: int, now_s: Callable[[], float] = time.time) -> None:
        """Until this Unix time, in milliseconds."""
        self._until_ms, self._now_s = until_ms, now_s
        self._stopped: tuple[End, str] | None = None
        self._told = asyncio.Event()
        self._paused = False

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, never below 0; None while it is paused."""
        return None if self._paused else max(0.0, self._until_ms / 1000 - self._now_s())

    async def run(
        self, show: Callable[[float | None], None], bound_s: float | None = None
    ) -> tuple[End, str] | None:
        """Returns None when the moment has come, or what stopped it before.

        Args:
            show: is given `left_s` about once a second.
            bound_s: seconds after which max_duration stops it.
        """
        loop = asyncio.get_running_loop()
        deadline = None if bound_s is None else loop.time() + bound_s
        while self._stopped is None:
            left = self.left_s
            show(left)
            if left == 0:
                return None
            if deadline is not None and loop.time() >= deadline:
                return End.DURATION, "max_duration came before the rest was let on"
            self._told.clear()
            turn = LOOK_EVERY_S if left is None else min(LOOK_EVERY_S, left)
            if deadline is not None:
                turn = min(turn, max(0.0, deadline - loop.time()))
            try:
                async with asyncio.timeout(turn):
                    await self._told.wait()
            except TimeoutError:
                continue
        return self._stopped

    def stop(self, end: End, words: str) -> None:
        """Wait no longer, and do not go on."""
        self._stopped = self._stopped or (end, words)
        self._told.set()

    def pause(self, by: str = "") -> None:  # noqa: ARG002  # as a sitting's
        """Do not go on until `resume`."""
        self._paused = True
        self._told.set()

    def resume(self) -> None:
        """Go on when the moment has come, or at once if it is past."""
        self._paused = False
        self._told.set()

    def slow_to(self, target: str, qps: float) -> None:
        """Nothing is sent, so there is nothing to slow down; it is kept for what follows."""
