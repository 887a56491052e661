"""What `run` would decide before its first call, by the very code that it decides with."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bulkdel import rundir
from bulkdel.errors import BulkdelError
from bulkdel.job.job import Job
from bulkdel.ledger.history import begun
from bulkdel.ledger.lock import busy, holder
from bulkdel.ledger.opening import ensure_opens
from bulkdel.plan.input.sources import STDIN, find_sources
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.report.checks import Check, crossed, good, skipped, warning
from bulkdel.report.deadline import deadline_doubt
from bulkdel.report.doubts import too_many
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.phrases import unit
from bulkdel.runs.failures import machine_words
from bulkdel.runs.plan import decide_plan
from bulkdel.runs.shards import has_begun, part_plan, parts_of
from bulkdel.runs.status import identity_of, look

TRIED_BYTES: Final = 64_000_000
TRIED_ROWS: Final = 1_000_000
"""Input files of so many bytes and about so many rows are planned for a trial: some 2 s of work."""
_ROOM: Final = 16
"""Times the bytes of the input: free room that a trial wants."""
_SHARDS_LOOKED: Final = 100
_LINE: Final = 600
_ELSEWHERE: Final = "put that right, or use run_dir or --run-dir"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands in a run directory.

    Attributes:
        check: how that is.
        plan: the plan that `run` would keep; None where it would make one.
        left: pairs that are not settled, over all targets; None where there is no plan to keep.
        usable: whether `run` would come as far as its plan.
    """

    check: Check
    plan: PlanMeta | None = None
    left: int | None = None
    usable: bool = True


def look_at_run_dir(job: Job) -> Standing:
    """Whether a run can be kept there, and whether the one that is there goes on with this job."""
    try:
        warned = rundir.look(job.run_dir)
        if worker := holder(job.run_dir):
            raise busy(job.run_dir, worker)
        standing = _standing(job)
    except BulkdelError as error:
        words = f"{error.where}: {error.what}" if error.where else error.what
        words = "; ".join((words, *error.more))
        mend = plain(error.mend, _LINE) or _ELSEWHERE
        return Standing(check=crossed("run directory", plain(words, 2 * _LINE), mend), usable=False)
    except (OSError, MemoryError) as error:
        words = machine_words(error)
        return Standing(
            check=crossed("run directory", plain(words, 2 * _LINE), _ELSEWHERE), usable=False
        )
    if warned and not standing.check.mend:
        mend = plain(warned[0], 2 * _LINE)
        return replace(standing, check=warning("run directory", standing.check.words, mend))
    return standing


def _standing(job: Job) -> Standing:
    at = plain(str(job.run_dir), _LINE)
    is_begun = has_begun(job) if job.cluster else begun(job.run_dir)
    decision = decide_plan(job, begun=is_begun)
    meta = decision.meta
    if meta is None:
        if decision.anew:
            why = f"{at}: a plan that nothing was sent of; run makes it anew, since it changed"
            return Standing(check=warning("run directory", why, "; ".join(decision.anew)))
        return Standing(check=good("run directory", f"{at}: a new run"))
    parts = parts_of(job)
    for part in parts[:_SHARDS_LOOKED]:
        _ensure_opens(part, part_plan(part), begun=is_begun)
    status = look(job, meta=meta)
    left = max(status.unsettled, 0)
    words = f"{at}: a run that is {status.state}, {counted(left, unit(job.operation))} left"
    if len(parts) > _SHARDS_LOOKED:
        words += f"; of {count(len(parts))} shards the first {_SHARDS_LOOKED} looked at"
    check = good("run directory", words)
    if decision.missing:
        gone = "; ".join(decision.missing)
        check = warning("run directory", words, f"{gone}: gone since it was planned; it is whole")
    return Standing(check=check, plan=meta, left=left)


def _ensure_opens(job: Job, meta: PlanMeta, *, begun: bool) -> None:
    """Return if a process could go on with a run, or a shard, whose plan this is."""
    with PlanReader(job.run_dir, meta) as plan:
        if not begun:  # of one that has, the journal knows the whole file's hash
            plan.compare()
        ensure_opens(
            job.run_dir,
            identity_of(job, meta),
            plan.entry,
            operation=job.operation,
            mode=job.mode,
        )


def look_at_plan(job: Job, standing: Standing, *, rows_about: int, readable: bool) -> Check:
    """Whether the plan that `run` would go by may be sent.

    Args:
        job: whose plan.
        standing: of its run directory.
        rows_about: how many rows the input holds, as far as its heads tell.
        readable: whether the heads of all input files could be read.
    """
    if standing.plan is not None:
        return _judged(job, standing.plan, left=standing.left)
    unlooked = _unlooked(job, standing, readable=readable)
    if unlooked:
        return skipped("plan", unlooked)
    try:
        return _trial(job, rows_about)
    except BulkdelError as error:
        words = f"{error.where}: {error.what}" if error.where else error.what
        mend = plain(error.mend, _LINE) or "correct the input, or input.files"
        return crossed("plan", plain("; ".join((words, *error.more)), 2 * _LINE), mend)
    except (OSError, MemoryError) as error:
        why = plain(machine_words(error), _LINE)
        return skipped("plan", f"it could not be tried here ({why}): plan makes it")


def _unlooked(job: Job, standing: Standing, *, readable: bool) -> str:
    """Why no plan can be looked at; empty if one can be tried."""
    if not standing.usable:
        return "not looked at before the run directory is in order"
    if STDIN in job.input.files:
        return "standard input is read by run alone"
    return "" if readable else "not looked at before the input is in order"


def _trial(job: Job, rows_about: int) -> Check:
    """How the plan that `run` would make is; of a large input it is not tried."""
    sources = find_sources(job.input, job.run_dir)
    size = sum(Path(source.path).stat().st_size for source in sources)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if size > TRIED_BYTES or rows_about > TRIED_ROWS or free < _ROOM * size:
        return _unread(job, rows_about)
    return _judged(job, _tried(job), left=None)


def _tried(job: Job) -> PlanMeta:
    """The plan that `run` would make, made where nothing of it stays."""
    from bulkdel.plan.make import make_plan  # numpy and more: most of what is looked at needs none

    with tempfile.TemporaryDirectory(prefix="bulkdel-") as folder:
        return make_plan(replace(job, run_dir=Path(folder).resolve()))


def _judged(job: Job, meta: PlanMeta, *, left: int | None) -> Check:
    books, noun = meta.books, unit(job.operation)
    if not books.read:
        return crossed("plan", "the input holds no rows at all", "is it the right file?")
    if left == 0:
        return good("plan", f"{counted(books.pairs, noun)}, all of them settled")
    if why := too_many(job.guards, books):
        what, _, mend = why.partition(". ")
        return crossed("plan", what, f"{mend[:1].lower()}{mend[1:]}, or narrow the input")
    words = f"{counted(books.read, 'row')}: {counted(books.pairs, noun)} to send"
    others = (
        (books.duplicates, "duplicates"),
        (books.rejected, "rejected"),
        (books.protected, "protected"),
    )
    words += "".join(f", {count(number)} {what}" for number, what in others if number)
    if not books.pairs:
        return warning("plan", words, "nothing would be sent: is it the right input?")
    if late := deadline_doubt(job, meta, time.time(), left=left):
        return warning("plan", words, late.rstrip("."))
    return good("plan", words)


def _unread(job: Job, rows_about: int) -> Check:
    most = job.guards.max_pairs
    words = f"about {counted(rows_about, 'row')}, more than check reads: plan reads all of them"
    if most is not None and rows_about > most:
        mend = f"run sends no more than guards.max_pairs = {count(most)}: plan counts the pairs"
        return warning("plan", words, mend)
    return skipped("plan", words)
