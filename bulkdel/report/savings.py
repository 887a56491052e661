"""What choosing sides would save a plan that is as given, at each target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulkdel.job.job import Job
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Mode, Operation, Orient

if TYPE_CHECKING:
    from bulkdel.plan.would_be import WouldBe  # numpy: a continued run needs none of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """One target's calls with `orient = "fewest_calls"` beside those as given.

    Attributes:
        calls, as_given: without retries, and without a second phase.
        qps: calls/s at most.
        exact: whether planning would come to just these calls; else to about so many.
    """

    target: str
    calls: int
    as_given: int
    qps: float
    exact: bool

    @property
    def saved_calls(self) -> int:
        """How many calls fewer."""
        return self.as_given - self.calls

    @property
    def saved_s(self) -> float:
        """Seconds less, at the ceiling."""
        return self.saved_calls / self.qps


def has_a_choice(job: Job, meta: PlanMeta) -> bool:
    """Whether the job could be planned with the sides chosen, and is not."""
    return (
        job.operation is Operation.DELETE_FRIENDS
        and job.mode is Mode.TWO_WAY
        and job.orient is Orient.AS_GIVEN
        and meta.books.pairs > 0
    )


def savings(job: Job, meta: PlanMeta, would_be: WouldBe) -> tuple[Saving, ...]:
    """What is saved at each target, in the job's order."""
    as_given = {share.target: share.batches for share in meta.shares}
    return tuple(
        Saving(
            target=target.name,
            calls=would_be.calls[target.batch_size],
            as_given=as_given[target.name],
            qps=target.qps,
            exact=would_be.exact,
        )
        for target in job.targets
    )
