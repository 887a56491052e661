"""A shard as a job of its own: its run directory, its targets, its part of their rates.

What is done with a whole run is done with each of its parts: the job itself, or its shards' jobs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from bulkdel import files, rundir
from bulkdel.errors import NEW_RUN, RESTORE, Busy, Corrupt, WrongInput
from bulkdel.job.job import NOBODY, Job
from bulkdel.job.secrets import store_address
from bulkdel.ledger.history import begun
from bulkdel.ledger.lock import hold, holder
from bulkdel.plan.cut import Shard, read_cut, shard_dir
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.figures import counted
from bulkdel.runs.live import owner_of, read_live
from bulkdel.runs.notes import agreed_before

_WAIT: Final = "stop the run's workers, or wait for them, then run the same command again"


def parts_of(job: Job) -> tuple[Job, ...]:
    """The jobs that the run of `job` is made of: its shards', in order; itself if it is not cut.

    Raises:
        Corrupt, WrongInput: the cut cannot be read, or the job file lacks a target of it.
    """
    cut = read_cut(job.run_dir)
    return (job,) if cut is None else tuple(shard_job(job, shard) for shard in cut.shards)


def part_plan(part: Job) -> PlanMeta:
    """The plan of a part of a run.

    Raises:
        Corrupt: it is gone, damaged, or another part's.
    """
    meta = read_plan_meta(part.run_dir)
    what = "the plan is gone"
    if meta is not None:
        if [share.target for share in meta.shares] == [target.name for target in part.targets]:
            return meta
        what = "the plan is of other targets"
    raise Corrupt(what, where=part.run_dir / files.PLAN, mend=RESTORE)


def everywhere(job: Job) -> Job:
    """The job as its files are named to a person: where it is cut, by a pattern for all shards."""
    if read_cut(job.run_dir) is None:
        return job
    return replace(job, run_dir=job.run_dir / files.SHARDS / "*")


@contextmanager
def held_whole(job: Job) -> Iterator[tuple[Job, ...]]:
    """The parts of a run, of which no process sends meanwhile.

    Of one that is not cut nothing is held here: whatever is done with it holds its directory.

    Raises:
        Busy: a process sends of it.
    """
    parts = parts_of(job)
    if parts == (job,):
        yield parts
        return
    with hold(job.run_dir):
        refuse_sent(job)
        yield parts


def refuse_sent(job: Job) -> None:
    """Return if no process sends of a shard of `job`, whose own directory is held.

    Raises:
        Busy: one does.
    """
    for part in parts_of(job):
        if part != job and (sender := sender_of(part)):
            raise Busy(
                f"shard {part.run_dir.name} is sent by {sender}",
                where=job.run_dir,
                mend=_WAIT,
            )
    cut = read_cut(job.run_dir)
    if cut is None or job.cluster is None or job.cluster.store_env is None:
        return
    from bulkdel.lease.orders import tell  # psycopg: only where there is a store
    from bulkdel.lease.tables import UnknownRun

    with suppress(UnknownRun):
        if owners := tell(store_address(job), cut.run_id).owners:
            works = f"{counted(owners, 'process', 'processes')} {'work' if owners > 1 else 'works'}"
            raise Busy(f"{works} on this run, as its store says", where=job.run_dir, mend=_WAIT)


def refuse_elsewhere(part: Job) -> None:
    """Return if the journal of this part may be opened here: no other machine's process has it.

    Raises:
        Busy: one has, and no lock would tell SQLite so.
    """
    if holder(part.run_dir) is None and (sender := sender_of(part)):
        raise Busy(
            f"it is sent by {sender}, and only its results can be read meanwhile",
            where=part.run_dir,
            mend="ask for settled pairs alone with --status, or run this again once it is at rest",
        )


def sender_of(part: Job) -> str:
    """Which process works on this part of a run now, in words; empty where none does."""
    owner = owner_of(part.run_dir, read_live(part.run_dir), time.time_ns() // 1_000_000)
    return f"{owner[0]}, process {owner[1]}" if owner else ""


def shard_job(job: Job, shard: Shard) -> Job:
    """The job of one shard of `job`, as every command takes it; nobody is notified of it alone.

    A slice has an equal part of its target's rate and calls in flight, at least one call.

    Raises:
        WrongInput: the job file has no longer a target that the run was cut with.
    """
    named = {one.name: one for one in job.targets}
    if gone := [name for name in shard.targets if name not in named]:
        raise WrongInput(
            f"the run in {job.run_dir} was planned for the target {gone[0]}, which the job file no "
            "longer has",
            where=job.source,
        )
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


def shard_dirs(run_dir: Path) -> list[Path]:
    """The run directories of the shards that lie there, whatever shards.json says of them.

    Raises:
        OSError: they cannot be listed.
    """
    try:
        with files.scanned(str(run_dir / files.SHARDS)) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def has_begun(job: Job) -> bool:
    """Whether calls of any shard have left, those of a run beside it too: the cut is fixed then.

    With a store other machines may send once somebody has agreed: then it is fixed from there on.

    Raises:
        Corrupt, StorageFailed: a journal is damaged, or cannot be read.
    """
    if any(_has_begun(folder) for folder in shard_dirs(job.run_dir)):
        return True
    shared = job.cluster is not None and job.cluster.store_env is not None
    cut = read_cut(job.run_dir) if shared else None
    return cut is not None and agreed_before(job, cut.meta) is not None


def _has_begun(folder: Path) -> bool:
    try:
        return begun(folder) or rundir.has_sides(folder)
    except Busy:  # whoever lets nobody else read its journal is sending of it
        return True


def refuse_other_shape(job: Job) -> None:
    """Return if the run of this job was not begun cut into shards where the job is not, or not cut.

    Raises:
        WrongInput: it was.
    """
    if job.cluster is None:
        if not has_begun(job):
            return
        what = "the run was begun in shards, with [cluster], and the job file has none"
        mend = f"write [cluster] into it again, or {NEW_RUN}"
    else:
        if not begun(job.run_dir):
            return
        what = "the run was begun in one piece, and the job file has [cluster] now"
        mend = f"leave [cluster] out, or {NEW_RUN}"
    raise WrongInput(what, where=job.run_dir, mend=mend)
