"""Carries out what a run's phases ask for: send, wait with a countdown, ask a person."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Thread
from typing import Final

from bulkdel.cli import ask, streams
from bulkdel.cli.progress import Countdown
from bulkdel.cli.sending import Interrupted, before_sending, send
from bulkdel.cli.signals import Stopping
from bulkdel.errors import BulkdelError
from bulkdel.job.job import Job
from bulkdel.report.canary import canary_question
from bulkdel.runs.observers import Observers
from bulkdel.runs.phases import Ask, Phases, Send, Wait, all_ended, following
from bulkdel.runs.run import Run
from bulkdel.runs.waiting import Waiting
from bulkdel.send.view import End, Ending, LaneView

LOOK_EVERY_S: Final = 15.0
"""Seconds between two looks at the run for its metrics while something beside it is sent."""
NOT_LET_ON: Final = "the canary is as it should be, and the rest was not let on: --go-on does that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How the phases of a run ended; `asks`: since nobody let the rest on."""

    ending: Ending
    asks: bool = False


def carry_out(
    job: Job, run: Run, steps: Phases, watch: Stopping, others: Observers, *, quiet: bool
) -> Carried:
    """Carries out every step; `others` see what the run itself sends, and how the rest stands.

    Raises:
        BulkdelError: with the exit code; what was settled is kept.
    """
    asks, came = False, None
    looking = _Looking(run, others)
    try:
        while not isinstance(step := following(steps, came), Ending):
            match step:
                case Send():
                    came = send(
                        step.run,
                        step.meta,
                        watch,
                        [others.show if step.own else looking.show],
                        quiet=quiet,
                        limit=step.limit,
                        selection=step.selection,
                        used_s=step.used_s,
                    )
                case Wait():
                    others.looked(status := run.status())
                    others.show([replace(one.lane, state=step.state) for one in status.targets])
                    came = _waited(job, run, step, watch, quiet=quiet)
                case Ask():
                    came = _asked(job, step, watch)
                    asks = came is not None
    finally:
        steps.close()
    return Carried(ending=step, asks=asks)


def _asked(job: Job, step: Ask, watch: Stopping) -> Ending | None:
    """Asks a person whether the rest may follow; how the run ends if it may not."""
    if not ask.can_ask():
        return all_ended(job, End.KEPT_BACK, NOT_LET_ON)
    try:
        watch.tell(before_sending)  # an answer is waited for: a signal is one
        yes = ask.confirmed(canary_question(step.pairs, job.operation))
    except Interrupted:
        return all_ended(job, End.STOPPED, f"stopped by {watch.by}")
    watch.tell(_nothing)
    return None if yes else all_ended(job, End.KEPT_BACK, NOT_LET_ON)


def _waited(job: Job, run: Run, step: Wait, watch: Stopping, *, quiet: bool) -> Ending | None:
    """Waits where anybody can stop it; how the run ends if somebody did."""

    async def work() -> tuple[End, str] | None:
        waiting, loop = Waiting(step.until_ms), asyncio.get_running_loop()

        def stop(name: str) -> None:
            loop.call_soon_threadsafe(waiting.stop, End.STOPPED, f"stopped by {name}")

        watch.tell(stop)
        async with run.listening(waiting, _warn):
            return await waiting.run(shown, step.bound_s)

    at = datetime.fromtimestamp(step.until_ms / 1000, UTC)
    streams.say(
        f"The rest is sent from {at:%Y-%m-%d %H:%M:%S} UTC on; Ctrl-C stops it, and `pause` too."
    )
    with Countdown(quiet=quiet) as shown:
        stopped = asyncio.run(work())
    watch.tell(_nothing)
    return None if stopped is None else all_ended(job, *stopped)


class _Looking:
    """Lets observers look at the run now and then while it is a run beside it that is sent.

    In a thread of its own, since looking reads files.
    """

    def __init__(self, run: Run, others: Observers) -> None:
        self._run, self._others = run, others
        self._due_s = 0.0

    def show(self, _: Sequence[LaneView]) -> None:
        """Looks, where it is due."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + LOOK_EVERY_S
            with suppress(RuntimeError):  # the system starts no more threads
                Thread(target=self._look, name="look", daemon=True).start()

    def _look(self) -> None:
        with suppress(BulkdelError, OSError):  # the next look may do
            self._others.looked(self._run.status())


def _warn(words: str) -> None:
    streams.say(f"Warning: {words}.")


def _nothing(_: str) -> None:
    """Whoever comes next is told of a signal that came."""
