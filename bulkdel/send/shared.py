"""What the lanes of a sitting share, and where each one's calls go."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from bulkdel.job.job import Job, Target
from bulkdel.lease.fence import no_fence
from bulkdel.ledger.values import Outcome
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import Secret
from bulkdel.send.allowance import Allowance
from bulkdel.send.book import Book
from bulkdel.send.carriers import Carriers
from bulkdel.send.deed import Deed, Deletion
from bulkdel.send.selection import Selection
from bulkdel.send.tunnel import Proxy
from bulkdel.send.view import End

OnSettled = Callable[[Outcome], Awaitable[None]]
"""Is awaited with an outcome once it is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where one target's calls go, through which proxy, and what they are signed with."""

    target: Target
    address: str
    secret: Secret
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the lanes of a sitting share.

    Attributes:
        protected: accounts that no call names.
        now_s: the wall clock, Unix seconds; everything that waits goes by the loop's own.
        allowance: pairs that may be settled in this sitting, shared by the lanes.
        on_settled: a carrier waits for it.
        deed_of: what the calls of a target do; by default they delete, as the job says.
        selection: which pairs are sent; by default all.
        used_s: seconds of max_duration that the command has used before.
        fence: returns only while this process may send; asked each time that bytes of a call leave.
        carriers: those of each lane, so that any lane can stop them all.
    """

    job: Job
    meta: PlanMeta
    plan: PlanReader
    book: Book
    protected: frozenset[str]
    allowance: Allowance
    log: FilteringBoundLogger
    on_settled: OnSettled | None = None
    now_s: Callable[[], float] = time.time
    deed_of: Callable[[Target], Deed] | None = None
    selection: Selection | None = None
    used_s: float = 0.0
    fence: Callable[[], None] = no_fence
    carriers: list[Carriers] = field(default_factory=list)

    def deed(self, target: Target) -> Deed:
        """What the calls of a target do."""
        if self.deed_of is not None:
            return self.deed_of(target)
        return Deletion(PROVIDERS[target.provider], self.job.mode)

    def stop(self, end: End, words: str) -> None:
        """Send nothing more in any lane; calls in flight finish and are recorded."""
        for carriers in self.carriers:
            carriers.stop(end, words)
