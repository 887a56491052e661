"""What `plan` shows of a plan, on a page and as JSON, beside the job itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bulkdel.job.job import Job
from bulkdel.job.window import Finish, finish
from bulkdel.plan.cut import WORKER_QPS, Shard
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.rejects import Rejects
from bulkdel.report.savings import Saving
from bulkdel.words import Entry, Errand

NO_REJECTS: Final = Rejects()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A plan that nothing was sent of just now.

    Attributes:
        rejects: the rows that are not sent.
        sample: the first batches of the first target.
        savings: what choosing sides would save; empty where there is no choice.
        savings_unknown: why that was not counted; empty where it was, or there is no choice.
        backup_lists: friend lists that the backup pulls first, by target in the plan's order; empty
            where the job has no backup.
        shards: what it is cut into; none where it is not.
    """

    meta: PlanMeta
    rejects: Rejects = NO_REJECTS
    sample: tuple[Entry, ...] = ()
    savings: tuple[Saving, ...] = ()
    savings_unknown: str = ""
    backup_lists: tuple[int, ...] = ()
    shards: tuple[Shard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupWork:
    """What a backup takes at a target, at the ceiling of its calls.

    Attributes:
        lists: friend lists; at least one call each, and one more for each further page of a list.
        qps: calls/s.
    """

    lists: int
    qps: float

    @property
    def takes_at_least_s(self) -> float:
        """Seconds, where every list has one page and nothing is tried again."""
        return self.lists / self.qps


def backup_work(job: Job, preview: Preview) -> dict[str, BackupWork]:
    """What the backup takes, by target; empty where the job has none."""
    if not preview.backup_lists:
        return {}
    names = [share.target for share in preview.meta.shares]
    lists = dict(zip(names, preview.backup_lists, strict=True))
    return {
        target.name: BackupWork(
            lists=lists[target.name],
            qps=min(target.qps, PROVIDERS[target.provider].limits[Errand.PULL].qps),
        )
        for target in job.targets
    }


def backup_s(job: Job, preview: Preview) -> float:
    """Seconds that the backup takes at least; 0 where the job has none."""
    found = backup_work(job, preview).values()
    return max((one.takes_at_least_s for one in found), default=0.0)


def takes_at_least_s(job: Job, meta: PlanMeta) -> float:
    """Seconds of sending: those of the target that takes longest, at its ceiling, no retry."""
    batches = {share.target: share.batches for share in meta.shares}
    return max(batches[target.name] / target.qps for target in job.targets)


def takes_with_s(job: Job, meta: PlanMeta, processes: int) -> float:
    """The same where so many processes send, each no more than one can."""
    calls = sum(share.batches for share in meta.shares)
    return max(takes_at_least_s(job, meta), calls / (processes * WORKER_QPS))


def done(job: Job, meta: PlanMeta, now_s: float) -> Finish | None:
    """When all is sent if it begins at `now_s` and the schedule is kept; None: never to be said."""
    return finish(job.schedule, now_s, takes_at_least_s(job, meta))
