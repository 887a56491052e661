"""Where a lane's carriers are: the counts that bound its feeder, and who may be stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Traffic:
    """The carriers of one lane.

    Attributes:
        carriers: all of them.
        leaving: those on their way to leave; not in flight, not aside.
        in_flight: calls.
        departed: calls that have left so far.
        idle: the tasks with no call in flight and no outcome to record: a stop cancels them.
    """

    def __init__(self) -> None:
        self.carriers = 0
        self.leaving = 0
        self.in_flight = 0
        self.departed = 0
        self.idle: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._awaited: Callable[[], bool] | None = None
        self._met: asyncio.Future[None] | None = None

    def enter(self, task: asyncio.Task[None]) -> None:
        """A carrier begins."""
        self.carriers += 1
        self.leaving += 1
        self.idle.add(task)

    def exit(self, task: asyncio.Task[None]) -> None:
        """A carrier is done."""
        self.carriers -= 1
        self.leaving -= 1
        self.idle.discard(task)
        self._look()

    def took_off(self, task: asyncio.Task[None]) -> None:
        """Its call leaves: from now on it is not stopped."""
        self.idle.discard(task)
        self.leaving -= 1
        self.in_flight += 1
        self.departed += 1
        self._look()

    def turned_back(self, task: asyncio.Task[None]) -> None:
        """Its call did not leave after all, and waits to leave again: a stop need not wait for it.

        Where the stop came in between, it is stopped now.
        """
        self.landed()
        self.rests(task)

    def rests(self, task: asyncio.Task[None]) -> None:
        """It has no call out and nothing to record; a stop that came before stops it now."""
        self.idle.add(task)
        if self._stopped:
            task.cancel()

    def landed(self) -> None:
        """Its call is over; what it brought is still to be recorded."""
        self.in_flight -= 1
        self.leaving += 1

    def stop(self) -> None:
        """Cancel whoever is idle, and whoever turns back from now on."""
        self._stopped = True
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
