"""Where a job's run lies: beside the job file, or where an earlier version left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from bulkdel import rundir
from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.job.job import Job
from bulkdel.job.jobfile import RUNS

if TYPE_CHECKING:
    from bulkdel.plan.values import PlanMeta, Source


def find_run(job: Job, here: Path) -> tuple[Job, str]:
    """The job with the directory that its run lies in, and a line to say about that, if any.

    A run directory that was named is what it is. Without one a run is kept in runs/NAME beside the
    job file; where none lies there yet, but one of this very job lies in runs/NAME of `here`, it is
    that one. Both are judged by what was planned there and not by their names. Changes nothing.

    Raises:
        WrongInput: a run lies in runs/NAME of `here` alone, and nobody can tell whether it is this
            job's: to begin another beside it might delete twice.
    """
    other = None if job.run_dir_named else _other_run(job, here)
    if other is None:
        return job, ""
    chosen = rundir.holds_run(job.run_dir)
    try:
        own = _is_run_of(job, other)
    except (BulkdelError, OSError) as error:
        if chosen:
            return job, ""
        raise WrongInput(
            f"a run lies in {other}, and whether it is of this job cannot be told ({error})",
            where=job.source,
            mend="name the run directory that is meant with --run-dir or run_dir",
        ) from error
    if not own:
        return job, ""
    if chosen:
        return job, (
            f"Warning: runs of this job lie in {job.run_dir} and in {other}. The first is used, "
            "since it is beside the job file; --run-dir names the other."
        )
    return replace(job, run_dir=other), (
        f"Found the run of this job in {other}; continuing it. To find it from every directory, "
        "write that path as run_dir into the job file."
    )


def _other_run(job: Job, here: Path) -> Path | None:
    """A run, of whatever job, in runs/NAME of `here`, where that is not the job's own folder."""
    try:
        other = rundir.placed(here / RUNS / job.name)
    except FileNotFoundError:  # the current directory itself is gone
        return None
    return None if _is_same(other, job.run_dir) or not rundir.holds_run(other) else other


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one directory, by whatever names."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def _is_run_of(job: Job, run_dir: Path) -> bool:
    """Whether the run there was planned from this job's input, for an app of this job.

    Other keys may differ: then it is this job's run, and the job has changed since.
    """
    from bulkdel.ledger.history import snapshot
    from bulkdel.plan.cut import planned  # DuckDB: only where there is something to judge

    meta = planned(run_dir)
    if meta is None:
        raise WrongInput("its plan is gone")
    if not {target.name for target in job.targets} & {share.target for share in meta.shares}:
        return False
    begun = snapshot(run_dir)
    if begun is not None:
        apps = {(one.name, one.provider, one.app_id) for one in begun.identity.targets}
        if not apps & {(one.name, one.provider, one.app_id) for one in job.targets}:
            return False
    return _is_input_of(job, meta)


def _is_input_of(job: Job, meta: PlanMeta) -> bool:
    """Whether a file of the plan is one that the job names, or one with the same content."""
    planned = meta.fingerprint.sources
    return any(_is_named(job, one.path) for one in planned) or _has_content_of(job, planned)


def _is_named(job: Job, path: str) -> bool:
    return any(path == entry or fnmatchcase(path, entry) for entry in job.input.files)


def _has_content_of(job: Job, planned: Sequence[Source]) -> bool:
    from bulkdel.plan.input.facts import digest_of
    from bulkdel.plan.input.sources import STDIN, find_sources

    contents = {(one.size, one.sha256) for one in planned if one.path != STDIN}
    sizes = {size for size, _ in contents}
    for source in find_sources(job.input, job.run_dir, missing_ok=True):
        same_size = source.name != STDIN and source.path.stat().st_size in sizes
        if same_size and digest_of(source) in contents:
            return True
    return False
