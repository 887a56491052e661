"""The cut of a run into shards: the one that is there, or a new one where it may be made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.ledger.lock import busy, hold, holder
from bulkdel.plan.cut import Cut, read_cut, shards_of
from bulkdel.plan.values import PlanMeta
from bulkdel.report.figures import counted
from bulkdel.report.preview import Preview
from bulkdel.report.rejects import read_rejects
from bulkdel.report.savings import Saving
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.plan import SAMPLE, backup_lists, kept_plan, sample, would_save
from bulkdel.runs.seams import Say
from bulkdel.runs.shards import has_begun, part_plan, shard_dirs, shard_job

T = TypeVar("T")

__all__ = ["choose_cut", "has_begun", "plan_cut"]


def choose_cut(job: Job, say: Say, *, begun: bool) -> Cut:
    """The cut that is there, or a new one where it may be made anew.

    Args:
        job: whose run, which has [cluster] and is held.
        say: takes what needs time, why it is cut anew, and that it stays as it is.
        begun: whether calls of any shard have left (see has_begun); from then on it is fixed.

    Raises:
        WrongInput: the input cannot be read, or has changed since the first call left; or the run
            was begun in one piece.
        Busy: a process works on a shard of a plan that would be made anew.
        Corrupt: the cut is gone, or is not what was written.
    """
    meta, stdin = kept_plan(job, say, begun=begun)
    cut = None if meta is None else read_cut(job.run_dir)
    if cut is None:
        for folder in shard_dirs(job.run_dir):
            if worker := holder(folder):
                raise busy(folder, worker)
        from bulkdel.plan.make_shards import make_shards  # numpy and more, as for one plan

        return make_shards(job, stdin=stdin)
    if job.cluster and cut.shards != shards_of(job.targets, job.cluster):
        shards = counted(len(cut.shards), "shard")
        say(
            f"The run stays cut as it was when its first call left, into {shards}; the job file "
            "would cut it otherwise now."
        )
    return cut


def plan_cut(job: Job, say: Say) -> Preview:
    """The job's cut, made if there is none that fits, and what is to be shown of it.

    Sends nothing.
    """
    with nothing_sent(), hold(job.run_dir) as warnings:
        for words in warnings:
            say(f"Warning: {words}.")
        begun = has_begun(job)
        cut = choose_cut(job, say, begun=begun)
        first = shard_job(job, cut.shards[0])
        saved, why_not = ((), "") if begun else _would_save(job, cut, say)
        lists_of = {} if not job.backup.enabled else _by_target(job, cut, backup_lists)
        return Preview(
            meta=cut.meta,
            rejects=read_rejects(job.run_dir / files.REJECTS),
            sample=sample(first, part_plan(first), SAMPLE) if cut.meta.books.pairs else (),
            savings=saved,
            savings_unknown=why_not,
            backup_lists=tuple(sum(lists) for lists in lists_of.values()),
            shards=cut.shards,
        )


def _would_save(job: Job, cut: Cut, say: Say) -> tuple[tuple[Saving, ...], str]:
    """What choosing sides would save each target, or why that was not counted."""
    why_not: list[str] = []

    def saving(part: Job, meta: PlanMeta) -> tuple[Saving, ...]:
        saved, why = would_save(part, meta, say)
        why_not.append(why)
        return saved

    found = _by_target(job, cut, saving)
    if any(why_not):
        return (), max(why_not)
    return tuple(
        replace(one, target=target.name, qps=target.qps)
        for target in job.targets
        for one in found[target.name]
    ), ""


def _by_target(
    job: Job, cut: Cut, ask: Callable[[Job, PlanMeta], Sequence[T]]
) -> dict[str, list[T]]:
    """What `ask` finds of each target, shard by shard; of the same entries it is asked once."""
    known: dict[object, Sequence[T]] = {}
    found: dict[str, list[T]] = {target.name: [] for target in job.targets}
    for shard in cut.shards:
        part = shard_job(job, shard)
        same = (tuple(one.batch_size for one in part.targets), shard.slice_at, shard.slices)
        if same not in known:
            known[same] = ask(part, part_plan(part))
        for name, one in zip(shard.targets, known[same], strict=False):
            found[name].append(one)
    return found
