"""Runs that are cut into shards: planned, and sent shard by shard, each as a process would."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from bulkdel import files, load_job
from bulkdel.job.job import Job
from bulkdel.lease.values import Taken
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.plan.cut import Cut, Shard
from bulkdel.plan.make_shards import make_shards
from bulkdel.runs.carrier import Carrier
from bulkdel.runs.phases import phases
from bulkdel.runs.shard_run import held_shard
from bulkdel.runs.shards import shard_job

_TARGET = """
[targets.app-{at}]
provider = "tencent"
region = "singapore"
app_id = {app_id}
admin = "administrator"
endpoint = "emulator"
qps = 200
"""
_TRIAL = Consent(how=Agreement.TRIAL, at_ms=None, command="")


def cut_run(
    folder: Path,
    *,
    targets: int = 3,
    accounts: int = 4,
    slices: Mapping[str, int] | None = None,
    plans: bool = True,
) -> tuple[Job, Cut]:
    """A planned run of app-1, app-2 … over `accounts` pairs, a shard a target, and how it is cut.

    Without `plans` the shards' folders are gone.
    """
    pairs = "".join(f"from-{at},to-{at}\n" for at in range(accounts))
    (folder / "pairs.csv").write_text(f"From_Account,To_Account\n{pairs}")
    sliced = ", ".join(f'"{name}" = {count}' for name, count in (slices or {}).items())
    (folder / "job.toml").write_text(
        'operation = "delete_friends"\nmode = "one_way"\n[input]\nfiles = ["pairs.csv"]\n'
        f"[cluster]\nshard_qps = 200\nslices = {{ {sliced} }}\n"
        + "".join(_TARGET.format(at=at, app_id=1400000000 + at) for at in range(1, targets + 1))
    )
    job = load_job(folder / "job.toml")
    job.run_dir.mkdir(parents=True)
    cut = make_shards(job)
    if not plans:
        shutil.rmtree(job.run_dir / files.SHARDS)
    return job, cut


async def send(job: Job, shard: Shard, *, limit: int | None = None) -> None:
    """Take a shard, send what is left of it, and let it go."""
    one = shard_job(job, shard)
    with held_shard(one, Taken(shard=shard.name, epoch=1), lambda: None, alone=False) as run:
        meta = await asyncio.to_thread(run.open)
        run.agree(_TRIAL)
        carrier = Carrier(one, run, "", None, None)
        await carrier.carry_out(phases(one, run, meta, say=lambda _: None, limit=limit))
