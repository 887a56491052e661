"""Runs that are cut into shards, planned and sent by hand, each shard as a run of its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bulkdel import files, library
from bulkdel.job.job import Job
from bulkdel.plan.cut import Cut, Shard, keep_cut, shards_of
from bulkdel.runs.run import plan_only
from bulkdel.runs.shards import shard_job

_TARGET = """
[targets.{name}]
provider = "tencent"
region = "singapore"
app_id = {app_id}
admin = "administrator"
secret_env = "TENCENT_SECRET_KEY"
endpoint = "emulator"
qps = {qps}
"""


def cut_run(
    folder: Path,
    *,
    targets: int = 3,
    accounts: int = 4,
    slices: Mapping[str, int] | None = None,
    shard_qps: float = 200,
    plans: bool = True,
) -> tuple[Job, Cut]:
    """A planned run of app-1, app-2 … over `accounts` pairs, and how it is cut.

    Without `plans` the shards have no folders yet.
    """
    pairs = "".join(f"from-{at},to-{at}\n" for at in range(accounts))
    (folder / "pairs.csv").write_text(f"From_Account,To_Account\n{pairs}")
    named = "".join(
        _TARGET.format(name=f"app-{at}", app_id=1400000000 + at, qps=200)
        for at in range(1, targets + 1)
    )
    sliced = ", ".join(f'"{name}" = {count}' for name, count in (slices or {}).items())
    (folder / "job.toml").write_text(
        'operation = "delete_friends"\nmode = "one_way"\n[input]\nfiles = ["pairs.csv"]\n'
        f"[cluster]\nshard_qps = {shard_qps}\nslices = {{ {sliced} }}\n{named}"
    )
    job = library.load_job(folder / "job.toml")
    whole = replace(job, cluster=None, run_dir=folder / "whole")
    assert job.cluster is not None
    shards = shards_of(job.targets, job.cluster)
    cut = Cut(run_id=str(uuid.uuid4()), meta=plan_only(whole, lambda _: None).meta, shards=shards)
    job.run_dir.mkdir(parents=True)
    (job.run_dir / files.REJECTS).touch()
    if plans:
        for shard in shards:
            plan_shard(folder, job, shard, accounts)
    keep_cut(job.run_dir, cut)
    return job, cut


def plan_shard(folder: Path, job: Job, shard: Shard, accounts: int) -> None:
    """The plan of a shard: of the slice's part of the pairs where it is one."""
    mine = range(shard.slice_at, accounts, shard.slices)
    rows = "".join(f"from-{at},to-{at}\n" for at in mine)
    (folder / f"pairs-{shard.name}.csv").write_text(f"From_Account,To_Account\n{rows}")
    plan_only(alone(folder, job, shard), lambda _: None)


def alone(folder: Path, job: Job, shard: Shard) -> Job:
    """A shard with an input of its own, so that it can be planned and sent as a run."""
    one = shard_job(job, shard)
    files = (str(folder / f"pairs-{shard.name}.csv"),)
    return replace(one, input=one.input.model_copy(update={"files": files}))


async def send(folder: Path, job: Job, shard: Shard, *, limit: int | None = None) -> None:
    """Send a shard, as a process does that has it."""
    async for _ in library.run(alone(folder, job, shard), limit=limit):
        pass
