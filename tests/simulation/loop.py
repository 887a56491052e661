"""An event loop on which a run is a pure function of its seed: no threads, no sockets, no waiting.

Time jumps over idle stretches, and what would run in a thread runs at an instant of virtual time.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.autojump_clock import AutojumpLoop

_TURNS_AT_ONE_INSTANT = 200_000


class IdleForever(BaseException):
    """Somebody waits, and nothing that could happen is left; or turns go by and no time does."""


class _Jumps(selectors.BaseSelector):
    """Waits for no file: to wait is to move the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.threads = 0
        self._turns = 0
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise IdleForever("every task waits and no timer is left")
        if timeout > 0:
            self.now += timeout
            self._turns = 0
        self._turns += 1
        if self._turns > _TURNS_AT_ONE_INSTANT:
            raise IdleForever(f"{_TURNS_AT_ONE_INSTANT} turns of the loop at {self.now:.6f} s")
        return []


class SimulatedLoop(AutojumpLoop):
    """Attributes decide what a run's threads and turns meet.

    Attributes:
        thread_s: how long a job of a thread takes, asked twice for each: before and after its
            effect; virtual seconds.
        turns: turns of the loop so far.
        on_turn: called at a turn's beginning, by its number, once.
    """

    def __init__(self) -> None:
        self._auto = _Jumps()  # type: ignore[assignment]  # it has what AutojumpLoop uses
        asyncio.SelectorEventLoop.__init__(self, self._auto)
        self._clock_resolution = self.TICK  # 1e-9 is nothing beside a month of seconds
        self.thread_s: Callable[[], float] = lambda: 0.0
        self.turns = 0
        self._on_turn: list[tuple[int, int, Callable[[], None]]] = []

    def at_turn(self, number: int, what: Callable[[], None]) -> None:
        """Call `what` when that many more turns have gone by."""
        heapq.heappush(self._on_turn, (self.turns + number, len(self._on_turn), what))

    def run_in_executor(self, _: Any, job: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]  # passed on as it came
        """Do it on this thread, at an instant; tell of it at another."""
        future: asyncio.Future[Any] = self.create_future()

        def carry_out() -> None:
            try:
                result = job(*args)
            except BaseException as error:
                if isinstance(error, (KeyboardInterrupt, SystemExit, IdleForever)):
                    raise
                self.call_later(self.thread_s(), _tell, future, None, error)
            else:
                self.call_later(self.thread_s(), _tell, future, result, None)

        self.call_later(self.thread_s(), carry_out)
        return future

    def _run_once(self) -> None:
        self.turns += 1
        while self._on_turn and self._on_turn[0][0] <= self.turns:
            heapq.heappop(self._on_turn)[2]()
        super()._run_once()  # type: ignore[misc]  # private, and the only place to count turns


def _tell(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration):
        future.set_exception(RuntimeError("a thread's job raised StopIteration"))
    else:
        future.set_exception(error)
