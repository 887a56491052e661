"""What the commands need of the stages below, as one seam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from bulkdel.job.job import Job
from bulkdel.plan.values import PlanMeta
from bulkdel.report.status import Status
from bulkdel.send.view import Ending, LaneView

Say = Callable[[str], None]
Show = Callable[[Sequence[LaneView]], None]
TellStop = Callable[[Callable[[str], None]], None]
"""Takes what a first signal is told to, with its name."""


class Stages(Protocol):
    """One job's run directory, held by this process, and what is done in it, in this order."""

    def plan(self, say: Say) -> PlanMeta:
        """The plan: the one that is there, or a new one.

        `say` is told what takes time, and why a plan is made anew.

        Raises:
            WrongInput: the input cannot be read, or has changed since the first call left.
        """
        ...

    def begin(self, meta: PlanMeta) -> Status:
        """Opens the journal, brings the ledger into agreement with it, and says how things stand.

        Raises:
            Corrupt: a file of the run directory is not what was written to it.
        """
        ...

    def agreed(self) -> bool:
        """Whether calls of this plan left before: then somebody agreed to it."""
        ...

    def send(self, meta: PlanMeta, *, limit: int | None, show: Show, tell: TellStop) -> Ending:
        """Sends until nothing is left or something stops it; every reply is recorded by then.

        Args:
            meta: the plan's.
            limit: pairs to settle in this sitting; None means all.
            show: to be called about twice a second.
            tell: takes what the first signal is told to. That is called in the main thread at any
                moment until this returns: `loop.call_soon_threadsafe` will do.

        Raises:
            WrongInput: a secret is not there; nothing was sent.
        """
        ...

    def status(self) -> Status:
        """How things stand now."""
        ...

    def report(self, say: Say, command: Callable[..., str]) -> None:
        """Writes report.html and report.json; where that fails says so, and nothing else happens.

        `command` says any command that belongs to the job, ready to paste.
        """
        ...


Open = Callable[[Job], AbstractContextManager[Stages]]
"""Holds the job's run directory (made 0700 if need be) for the length of a with block.

Raises Busy where another process holds it.
"""
