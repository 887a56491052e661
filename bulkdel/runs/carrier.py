"""Carries out the phases of a run within a running loop, for a program or beside other runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bulkdel.job.job import Job
from bulkdel.runs.log import Log
from bulkdel.runs.phases import Ask, Phases, Send, Step, Wait, all_ended, following
from bulkdel.runs.run import Run
from bulkdel.runs.waiting import Waiting
from bulkdel.send.shared import OnSettled
from bulkdel.send.sitting import Sitting
from bulkdel.send.view import End, Ending


class Carrier:
    """Carries out the phases of one run, and may be told what a sitting may, at any time.

    What it is told holds for what it sends at that moment and for all that follows.

    Attributes:
        asks: whether it ended since somebody is to be asked whether the rest may follow.
    """

    def __init__(
        self, job: Job, held: Run, not_let_on: str, on_settled: OnSettled | None, log: Log | None
    ) -> None:
        """`not_let_on` says how to let on what waits behind a canary: nobody is asked here."""
        self._job, self._held, self._not_let_on = job, held, not_let_on
        self._on_settled, self._log = on_settled, log
        self._work: Sitting | Waiting | None = None
        self._stopped: tuple[End, str] | None = None
        self._paused: str | None = None
        self._rates: dict[str, float] = {}
        self.asks = False

    def in_flight(self) -> int:
        """Calls that have left and are not answered."""
        return self._work.in_flight() if isinstance(self._work, Sitting) else 0

    def stop(self, end: End, words: str) -> None:
        """Send nothing more, now and in what would follow; calls in flight finish."""
        self._stopped = self._stopped or (end, words)
        if self._work is not None:
            self._work.stop(*self._stopped)

    def pause(self, by: str = "") -> None:
        """Send nothing until `resume`, as the user `by` asks."""
        if self._paused is None and self._work is not None:
            self._work.pause(by)
        self._paused = by

    def resume(self) -> None:
        """Send again."""
        if self._paused is not None and self._work is not None:
            self._work.resume()
        self._paused = None

    def slow_to(self, rates: Mapping[str, float]) -> None:
        """Stay at or under these calls/s, by target; all that are ever set are named each time."""
        changed = {name: qps for name, qps in rates.items() if self._rates.get(name) != qps}
        self._rates |= changed
        if self._work is not None:
            for name, qps in changed.items():
                self._work.slow_to(name, qps)

    async def carry_out(self, steps: Phases) -> Ending:
        """All of them, and how they ended."""
        came: Ending | None = None
        try:
            while not isinstance(step := await asyncio.to_thread(following, steps, came), Ending):
                came = await self._came_of(step)
        finally:
            await asyncio.to_thread(steps.close)
        return step

    async def _came_of(self, step: Step) -> Ending | None:
        match step:
            case Send():
                return await step.run.sending(
                    step.meta,
                    limit=step.limit,
                    started=self._started,
                    on_settled=self._on_settled if step.own else None,
                    log=self._log,
                    selection=step.selection,
                    used_s=step.used_s,
                )
            case Wait():
                waiting = Waiting(step.until_ms)
                self._started(waiting)
                async with self._held.listening(waiting, say_nothing):
                    stopped = await waiting.run(say_nothing, step.bound_s)
                return None if stopped is None else all_ended(self._job, *stopped)
            case Ask():
                self.asks = True
                return all_ended(self._job, End.KEPT_BACK, self._not_let_on)

    def _started(self, work: Sitting | Waiting) -> None:
        self._work = work
        for name, qps in self._rates.items():
            work.slow_to(name, qps)
        if self._paused is not None:
            work.pause(self._paused)
        if self._stopped is not None:
            work.stop(*self._stopped)


def say_nothing(_: object) -> None:
    """Takes what nobody is told."""
