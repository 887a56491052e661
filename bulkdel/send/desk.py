"""What the lanes of a sitting share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from bulkdel.job.job import Job
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.values import Outcome
from bulkdel.send.allowance import Allowance
from bulkdel.send.view import End

Told = Callable[[Outcome], Awaitable[None]]
"""Is awaited with an outcome once it is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the lanes of a sitting share.

    Attributes:
        protected: accounts that no call names.
        now_s: the wall clock, Unix seconds; everything that waits goes by the loop's own.
        stop_all: ends every lane, for a reason in words.
    """

    job: Job
    protected: frozenset[str]
    recorder: Recorder
    allowance: Allowance
    now_s: Callable[[], float]
    log: FilteringBoundLogger
    stop_all: Callable[[End, str], None]
    told: Told | None = None
