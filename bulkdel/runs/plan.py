"""The plan of a run: the one that is there, or a new one where it may be made anew."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO, Final

from bulkdel import files
from bulkdel.errors import NEW_RUN, Corrupt, StorageFailed, WrongInput
from bulkdel.job.job import Job
from bulkdel.plan.cut import read_cut, shards_of
from bulkdel.plan.fingerprint import fingerprint_changes
from bulkdel.plan.input.sources import STDIN
from bulkdel.plan.read import PLAN_FILE, PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PLAN_VERSION, PlanMeta
from bulkdel.report.figures import count
from bulkdel.report.savings import Saving, has_a_choice, savings
from bulkdel.runs import background
from bulkdel.runs.seams import Say
from bulkdel.runs.shards import refuse_other_shape, shard_dirs
from bulkdel.runs.side_status import refuse_undone
from bulkdel.runs.standard_input import is_same, piped
from bulkdel.words import Entry

SAMPLE: Final = 3
"""Batches of a plan that are shown."""
_SAID_FROM: Final = 20_000
"""Pairs from which counting takes long enough to be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPlan:
    """The plan that a run goes by.

    Attributes:
        sha256: of its file, where the run has begun: it is computed in a thread of its own.
        compare: whether its entries are to be compared with their digests before any is sent.
    """

    meta: PlanMeta
    sha256: Future[str] | None = None
    compare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What `run` does about the plan.

    Attributes:
        meta: the plan that is there and is kept; None where one is made.
        anew: why the plan that is there is made anew, a sentence each.
        missing: input files that are gone; the plan that is kept is whole without them.
    """

    meta: PlanMeta | None = None
    anew: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def decide_plan(job: Job, *, begun: bool, rows: BinaryIO | None = None) -> Decision:
    """Whether the plan that is there is kept, or one is made; changes nothing.

    Args:
        job: whose plan.
        begun: whether calls of the plan have left; from then on it is fixed.
        rows: standard input, where the job reads it and something stands in it.

    Raises:
        WrongInput: the input cannot be read, or has changed since the first call left; or the run
            was undone, or begun in shards where the job is not cut, or the reverse.
        Corrupt: the plan is gone, or is not what was written.
    """
    refuse_other_shape(job)
    if begun:
        for run_dir in (job.run_dir, *shard_dirs(job.run_dir)):
            refuse_undone(run_dir)
    cut = None if job.cluster is None else read_cut(job.run_dir)
    meta = cut.meta if cut else None if job.cluster else read_plan_meta(job.run_dir)
    if meta is None and begun:
        gone = job.run_dir / _file_of(job)
        raise Corrupt(f"{gone} is gone, but the run has begun: restore it, or {NEW_RUN}")
    if meta is None:
        return Decision()
    changes = fingerprint_changes(job, meta.fingerprint)
    changed = list(changes.changed)
    if rows is not None and not _planned_from(meta, rows, begun=begun):
        changed.append(
            "input -: standard input holds other rows"
            if begun
            else "input -: standard input is read anew"
        )
    if meta.fingerprint.version != PLAN_VERSION and not begun:
        changed.append("the plan: it is of an older version of bulkdel")
    if cut and job.cluster and not begun and cut.shards != shards_of(job.targets, job.cluster):
        changed.append("cluster: the targets are cut otherwise")
    if changed and begun:
        raise _refusal(job, changed)
    if changed:
        return Decision(anew=tuple(changed))
    return Decision(meta=meta, missing=changes.missing)


def choose_plan(job: Job, say: Say, *, begun: bool) -> ChosenPlan:
    """The plan that is there, or a new one where it may be made anew.

    Args:
        job: whose plan.
        say: takes what needs time, and why a plan is made anew.
        begun: whether calls of the plan have left; from then on it is fixed.

    Raises:
        WrongInput, Corrupt: as `decide_plan`.
    """
    sha256 = None
    if begun:  # both files are read whole, and hashing has a core of its own
        sha256 = background.begin(lambda: plan_sha256(job.run_dir), "plan-digest")
    meta, stdin = kept_plan(job, say, begun=begun)
    if meta is not None:
        # Of a run that has begun, the whole file's hash is known.
        return ChosenPlan(meta=meta, sha256=sha256, compare=not begun)
    from bulkdel.plan.make import make_plan  # numpy and more: a continued run needs none of it

    return ChosenPlan(meta=make_plan(job, stdin=stdin))


def kept_plan(job: Job, say: Say, *, begun: bool) -> tuple[PlanMeta | None, BinaryIO | None]:
    """The plan that is there; or None, where one is made, and the standard input to make it from.

    Args:
        job: whose plan.
        say: takes that one is made, and why anew.
        begun: whether calls of the plan have left; from then on it is fixed.

    Raises:
        WrongInput, Corrupt: as `decide_plan`.
    """
    reads = STDIN in job.input.files
    rows = piped() if reads and files.is_there(job.run_dir / _file_of(job)) else None
    decision = decide_plan(job, begun=begun, rows=rows)
    if decision.meta is not None:
        if decision.missing:
            gone = "; ".join(decision.missing)
            say(f"Warning: {gone}: gone since the plan was made; it is whole.")
        return decision.meta, None
    if decision.anew:
        say(f"Planning {job.name} anew, since it changed: {'; '.join(decision.anew)} ...")
        return None, rows
    say(f"Planning {job.name} ...")
    return None, sys.stdin.buffer if reads and sys.stdin else None


def would_save(job: Job, meta: PlanMeta, say: Say) -> tuple[tuple[Saving, ...], str]:
    """What choosing sides would save the plan, or why that was not counted; neither: no choice.

    The run directory must be held. Seconds of work, bounded; see would_be.

    Raises:
        Corrupt: the plan is damaged.
    """
    if not has_a_choice(job, meta):
        return (), ""
    from bulkdel.plan import would_be  # numpy and more: a continued run needs none of it
    from bulkdel.plan.scale import Scale

    if meta.books.pairs > would_be.COUNTED_MOST:
        most = count(would_be.COUNTED_MOST)
        why = f"not counted for more than {most} pairs; set it and run plan to see the calls"
        return (), why
    if meta.books.pairs > _SAID_FROM:
        say('Counting the calls with orient = "fewest_calls" ...')
    try:
        counted = would_be.would_be(job.run_dir, meta, Scale.within(job.memory_limit_mb))
    except Corrupt:
        raise
    except (WrongInput, StorageFailed) as error:
        return (), f"not counted: {error}"
    return savings(job, meta, counted), ""


def backup_lists(job: Job, meta: PlanMeta) -> tuple[int, ...]:
    """How many friend lists the backup of the plan pulls first, by target; none without one.

    The run directory must be held.

    Raises:
        WrongInput: there is no room to count them.
    """
    if not (job.backup.enabled and meta.books.pairs):
        return ()
    from bulkdel.plan.pulled import count_lists  # numpy and more: only where it is shown

    return count_lists(job.run_dir, meta, memory_limit_mb=job.memory_limit_mb)


def sample(job: Job, meta: PlanMeta, count: int) -> tuple[Entry, ...]:
    """The first entries of the plan."""
    with PlanReader(job.run_dir, meta) as plan:
        most = min(count, meta.shares[0].batches)
        return tuple(entry for entries in plan.scan(0, most) for entry in entries)


def _file_of(job: Job) -> str:
    """The file that says that the run is planned."""
    return PLAN_FILE if job.cluster is None else files.CUT


def _planned_from(meta: PlanMeta, rows: BinaryIO, *, begun: bool) -> bool:
    """Whether what is piped in is what was planned. A plan that has not begun is made anew."""
    source = next((one for one in meta.fingerprint.sources if one.path == STDIN), None)
    return begun and source is not None and is_same(rows, source.size, source.sha256)


def _refusal(job: Job, changed: list[str]) -> WrongInput:
    return WrongInput(
        f"{'; '.join(changed)}; the run in {job.run_dir} has begun with what was planned before",
        where=job.source,
        mend=f"Undo the change to continue it, or {NEW_RUN}",
    )
