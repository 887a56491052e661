"""A sitting: all lanes of a run at once, one book behind them."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from typing import Final

from bulkdel.send.lane import Lane
from bulkdel.send.meter import span_s
from bulkdel.send.shared import Destination, Shared
from bulkdel.send.state import Closed, Doing
from bulkdel.send.transport import Transport, room_for_replies
from bulkdel.send.view import End, Ending, LaneView

FIRST_WAIT_S: Final = 1.05
"""A continued lane first waits so long: what left just before the restart is out of every second
that a new call falls into, and nothing need be remembered across it."""

LOOK_EVERY_S: Final = 30.0
GARBAGE_EVERY: Final = 50_000
"""Objects between two looks for reference cycles; some 10 MB of them. A call leaves none, but calls
in flight come and go by thousands of objects, and each look is a pause: at Python's own 700 they
took a fifteenth of all CPU, at 10,000 a tenth of a second every few seconds."""


class Sitting:
    """One process's life in a run. Made inside a running loop; `run` once.

    Attributes:
        changed: set where somebody has told it to do otherwise; whoever looks at it clears it.
    """

    def __init__(
        self, shared: Shared, destinations: Sequence[Destination], *, continued: bool
    ) -> None:
        """Lanes to the `destinations`, in the plan's order.

        `continued` says whether the run has sent before.
        """
        self._shared = shared
        self.changed = asyncio.Event()
        self._closed: dict[Doing, Closed] = {}
        room = room_for_replies()
        self._transports = [
            Transport(
                one.address,
                max_in_flight=one.target.max_in_flight,
                timeout_s=shared.job.retry.timeout_s,
                room=room,
                proxy=one.proxy,
                fence=shared.fence,
            )
            for one in destinations
        ]
        first_wait_s = FIRST_WAIT_S if continued else 0.0
        self._lanes = [
            Lane(shared, one, transport, index=index, first_wait_s=first_wait_s)
            for index, (one, transport) in enumerate(
                zip(destinations, self._transports, strict=True)
            )
        ]

    async def run(self) -> Ending:
        """Send until every lane has ended; all that was answered is durable when it returns."""
        async with AsyncExitStack() as stack:
            stack.enter_context(_collecting_seldom())
            for transport in self._transports:
                await stack.enter_async_context(transport)
            self._look_at_window()
            keepers = [
                asyncio.create_task(self._keep_window(), name="window"),
                asyncio.create_task(self._keep_duration(), name="duration"),
                asyncio.create_task(self._keep_measuring(), name="measuring"),
            ]
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(lane.run(), name=f"lane-{index}")
                        for index, lane in enumerate(self._lanes)
                    ]
            finally:
                for keeper in keepers:
                    keeper.cancel()
                await asyncio.gather(*keepers, return_exceptions=True)
        return Ending(lanes=tuple(task.result() for task in tasks))

    def in_flight(self) -> int:
        """Calls that have left and are not answered; may be asked from any thread."""
        return sum(carriers.in_flight for carriers in self._shared.carriers)

    def stop(self, end: End, words: str) -> None:
        """Send nothing more; calls in flight finish and are recorded, then `run` returns."""
        self._shared.stop(end, words)
        self.changed.set()

    async def _keep_measuring(self) -> None:
        for span in itertools.count():
            await asyncio.sleep(span_s(span))
            for lane in self._lanes:
                lane.measure()

    def pause(self, by: str = "") -> None:
        """Send nothing until `resume`, as the user `by` asks; calls in flight finish.

        The schedule goes on.
        """
        self._close(Closed(doing=Doing.PAUSED, by=by))

    def resume(self) -> None:
        """Send again, if the schedule lets it."""
        self._open(Doing.PAUSED)

    def slow_to(self, target: str, qps: float) -> None:
        """Stay at or under `qps` calls/s for a target, and never over the job's own."""
        for lane in self._lanes:
            if lane.target == target:
                lane.slow_to(qps)
        self.changed.set()

    def _close(self, why: Closed) -> None:
        self._closed[why.doing] = why
        self._tell_lanes()

    def _open(self, doing: Doing) -> None:
        if self._closed.pop(doing, None) is not None:
            self._tell_lanes()

    def _tell_lanes(self) -> None:
        """A pause outweighs the window: it does not end by itself."""
        why = self._closed.get(Doing.PAUSED) or self._closed.get(Doing.WINDOW)
        for lane in self._lanes:
            if why:
                lane.close(why)
            else:
                lane.open()
        self.changed.set()

    def _look_at_window(self) -> None:
        """Close or open by the wall clock, or end the sitting where the job says so."""
        window, now = self._shared.job.schedule.window, self._shared.now_s()
        if window is None:
            return
        if window.is_open(now):
            self._open(Doing.WINDOW)
            return
        opens_s = window.next_change(now)
        if not self._shared.job.schedule.waits:
            opens = datetime.fromtimestamp(opens_s, window.zone)
            self.stop(End.WINDOW, f"the window of the schedule opens {opens:%Y-%m-%d %H:%M %Z}")
        elif Doing.WINDOW not in self._closed:
            self._close(Closed(doing=Doing.WINDOW, until_ms=round(opens_s * 1000)))

    async def _keep_window(self) -> None:
        window = self._shared.job.schedule.window
        while window is not None:
            now = self._shared.now_s()
            # The wall clock may be set: never trust it for longer than half a minute.
            await asyncio.sleep(min(max(window.next_change(now) - now, 0.0), LOOK_EVERY_S))
            self._look_at_window()

    async def _keep_duration(self) -> None:
        bound_s = self._shared.job.schedule.max_duration_s
        if bound_s is not None:
            await asyncio.sleep(max(0.0, bound_s - self._shared.used_s))
            self.stop(End.DURATION, f"it has run for {bound_s:g} s")

    def views(self) -> tuple[LaneView, ...]:
        """Each lane at this moment, in the job's order."""
        return tuple(lane.view() for lane in self._lanes)


_BEFORE: Final[list[tuple[int, int, int]]] = []
"""The thresholds that each sitting of this process found: the first one's come back at the end."""


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    _BEFORE.append(gc.get_threshold())
    gc.set_threshold(GARBAGE_EVERY, *_BEFORE[0][1:])
    try:
        yield
    finally:
        before = _BEFORE.pop()
        if not _BEFORE:
            gc.set_threshold(*before)
