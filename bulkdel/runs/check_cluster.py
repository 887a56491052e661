"""The preflight of [cluster]: how the job is cut, and whether its store can be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bulkdel.errors import BulkdelError
from bulkdel.job.job import Cluster, Job
from bulkdel.job.secrets import store_address
from bulkdel.plan.cut import processes_for, shards_of
from bulkdel.report.checks import Check, crossed, good, skipped, warning
from bulkdel.report.figures import count, counted, plain, span

_LINE: Final = 300


def look_at_cluster(job: Job, *, offline: bool) -> Iterator[Check]:
    """Whether the job is cut at all, and who says which process sends what."""
    if job.cluster is None:
        return
    shards = shards_of(job.targets, job.cluster)
    if len(shards) == 1:
        words = "all targets are in one shard, and one process sends a shard"
        yield warning("shards", words, "lower cluster.shard_qps, or leave [cluster] out")
    else:
        enough = counted(processes_for(job.targets, shards), "process", "processes")
        yield good("shards", f"{count(len(shards))}; all targets' rates take {enough}")
    if job.cluster.store_env is None:
        yield skipped("store", "no store_env: the processes of one machine need none")
    elif offline:
        yield skipped("store", "left out, as --offline says")
    else:
        yield _look_at_store(job, job.cluster)


def _look_at_store(job: Job, cluster: Cluster) -> Check:
    try:
        address = store_address(job)
        from bulkdel.lease.orders import look_at_store  # psycopg: an extra

        seen = look_at_store(address)
    except BulkdelError as error:
        mend = plain(error.mend, _LINE) or f"put that right, or the address in {cluster.store_env}"
        return crossed("store", plain(error.what, _LINE), mend)
    name = f"PostgreSQL {plain(seen.server, 60)}"
    if abs(seen.ahead_s) > cluster.lease_s:
        words = f"{name}: its clock and this machine's differ by {span(abs(seen.ahead_s))}"
        return crossed("store", words, "set both clocks right: workers are refused otherwise")
    return good("store", name if seen.made else f"{name}, new: the first worker makes its tables")
