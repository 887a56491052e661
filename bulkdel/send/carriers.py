"""Where a lane's carriers are: the counts that bound its feeder, and who may be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bulkdel.send.view import End, LaneEnd


class Carriers:
    """The carriers of one lane, and why they were stopped.

    Attributes:
        count: how many there are.
        leaving: those on their way to leave; not in flight, not aside.
        in_flight: calls.
        departed: calls that have left so far.
        idle: the tasks with no call in flight and no outcome to record: a stop cancels them.
        stopped: why nothing more is sent; None while the lane runs.
    """

    def __init__(self, target: str) -> None:
        """Those of the target with this name."""
        self._target = target
        self.count = 0
        self.leaving = 0
        self.in_flight = 0
        self.departed = 0
        self.idle: set[asyncio.Task[None]] = set()
        self.stopped: LaneEnd | None = None
        self._awaited: Callable[[], bool] | None = None
        self._met: asyncio.Future[None] | None = None

    def enter(self, task: asyncio.Task[None]) -> None:
        """A carrier begins."""
        self.count += 1
        self.leaving += 1
        self.idle.add(task)

    def exit(self, task: asyncio.Task[None]) -> None:
        """A carrier is done."""
        self.count -= 1
        self.leaving -= 1
        self.idle.discard(task)
        self._look()

    def leave(self, task: asyncio.Task[None]) -> None:
        """Its call leaves: from now on it is not stopped."""
        self.idle.discard(task)
        self.leaving -= 1
        self.in_flight += 1
        self.departed += 1
        self._look()

    def come_back(self) -> None:
        """A call is over; what it brought is still to be recorded."""
        self.in_flight -= 1
        self.leaving += 1

    def rest(self, task: asyncio.Task[None]) -> None:
        """It has no call in flight and nothing to record; a stop that came before stops it now."""
        self.idle.add(task)
        if self.stopped is not None:
            task.cancel()

    def stop(self, end: End, words: str, code: int | None = None) -> None:
        """Cancel whoever is idle, and whoever comes to rest from now on. The first reason stays."""
        if self.stopped is not None:
            return
        self.stopped = LaneEnd(target=self._target, end=end, words=words, code=code)
        for task in list(self.idle):
            task.cancel()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A carrier that waits for something of its own makes room for another."""
        self.leaving -= 1
        self._look()
        try:
            yield
        finally:
            self.leaving += 1

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the counts meet `condition`; for one task, the feeder.

        The condition is looked at where the counts change: waking the feeder to find that it has
        to wait on costs more than all else here.
        """
        while not condition():
            self._awaited, self._met = condition, asyncio.get_running_loop().create_future()
            try:
                await self._met
            finally:
                self._awaited = self._met = None

    def _look(self) -> None:
        if self._met is None or self._awaited is None:
            return
        if not self._met.done() and self._awaited():
            self._met.set_result(None)
