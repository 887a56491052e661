"""A shard as a job of its own: its run directory, its targets, its part of their rates."""

from __future__ import annotations

from dataclasses import replace

from bulkdel.job.job import NOBODY, Job
from bulkdel.plan.cut import Shard, shard_dir


def shard_job(job: Job, shard: Shard) -> Job:
    """The job of one shard of `job`, as every command takes it; nobody is notified of it alone.

    A slice has an equal part of its target's rate and calls in flight, at least one call.
    """
    named = {one.name: one for one in job.targets}
    targets = tuple(
        replace(
            named[name],
            qps=named[name].qps / shard.slices,
            max_in_flight=max(1, named[name].max_in_flight // shard.slices),
        )
        for name in shard.targets
    )
    return replace(
        job,
        run_dir=shard_dir(job, shard),
        run_dir_named=True,
        targets=targets,
        cluster=None,
        notify=NOBODY,
    )
