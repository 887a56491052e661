"""The plan of a run: the one that is there, or a new one where it may be made anew."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO

from bulkdel.errors import NEW_RUN, Corrupt, WrongInput
from bulkdel.job.job import Job
from bulkdel.plan.fingerprint import Changes, fingerprint_changes
from bulkdel.plan.input.sources import STDIN
from bulkdel.plan.read import PLAN_FILE, PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PLAN_VERSION, PlanMeta
from bulkdel.runs import background
from bulkdel.runs.seams import Say
from bulkdel.runs.standard_input import is_same, piped
from bulkdel.words import Entry


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


def choose_plan(job: Job, say: Say, *, begun: bool) -> ChosenPlan:
    """The plan that is there, or a new one where it may be made anew.

    Args:
        job: whose plan.
        say: takes what needs time, and why a plan is made anew.
        begun: whether calls of the plan have left; from then on it is fixed.

    Raises:
        WrongInput: the input cannot be read, or has changed since the first call left.
        Corrupt: the plan is gone, or is not what was written.
    """
    meta = read_plan_meta(job.run_dir)
    if meta is None and begun:
        raise Corrupt(
            f"{job.run_dir / PLAN_FILE} is gone, but the run has begun: restore it, or {NEW_RUN}"
        )
    if meta is None:
        say(f"Planning {job.name} ...")
        return _made(job, sys.stdin.buffer if sys.stdin else None)
    sha256 = None
    if begun:  # both files are read whole, and hashing has a core of its own
        sha256 = background.begin(lambda: plan_sha256(job.run_dir), "plan-digest")
    changes = fingerprint_changes(job, meta.fingerprint)
    rows = piped() if STDIN in job.input.files else None
    if rows is not None and not _planned_from(meta, rows, begun=begun):
        words = "input -: standard input is read anew"
        if begun:
            words = "input -: standard input holds other rows"
        changes = Changes(changed=(*changes.changed, words), missing=changes.missing)
    if meta.fingerprint.version != PLAN_VERSION and not begun:
        words = "the plan: it is of an older version of bulkdel"
        changes = Changes(changed=(*changes.changed, words), missing=changes.missing)
    if changes.changed:
        if begun:
            raise _refusal(job, changes)
        say(f"Planning {job.name} anew, since it changed: {_list(changes.changed)} ...")
        return _made(job, rows)
    if changes.missing:
        say(f"Warning: {_list(changes.missing)}: gone since the plan was made; it is whole.")
    # Of a run that has begun, the whole file's hash is known.
    return ChosenPlan(meta=meta, sha256=sha256, compare=not begun)


def sample(job: Job, meta: PlanMeta, count: int) -> tuple[Entry, ...]:
    """The first entries of the plan."""
    with PlanReader(job.run_dir, meta) as plan:
        most = min(count, meta.shares[0].batches)
        return tuple(entry for entries in plan.scan(0, most) for entry in entries)


def _made(job: Job, stdin: BinaryIO | None) -> ChosenPlan:
    from bulkdel.plan.make import make_plan  # numpy and more: a continued run needs none of it

    return ChosenPlan(meta=make_plan(job, stdin=stdin if STDIN in job.input.files else None))


def _planned_from(meta: PlanMeta, rows: BinaryIO, *, begun: bool) -> bool:
    """Whether what is piped in is what was planned. A plan that has not begun is made anew."""
    source = next((one for one in meta.fingerprint.sources if one.path == STDIN), None)
    return begun and source is not None and is_same(rows, source.size, source.sha256)


def _refusal(job: Job, changes: Changes) -> WrongInput:
    return WrongInput(
        f"{_list(changes.changed)}; the run in {job.run_dir} has begun with what was planned "
        "before",
        where=job.source,
        mend=f"Undo the change to continue it, or {NEW_RUN}",
    )


def _list(sentences: tuple[str, ...]) -> str:
    return "; ".join(sentences)
