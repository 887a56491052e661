"""Gathers a run's findings from its directory and writes the report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from bulkdel.job.job import Job
from bulkdel.ledger.history import History, open_history
from bulkdel.ledger.ledger_file import ledger_sha256
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.ending import why
from bulkdel.report.facts import RunFacts
from bulkdel.report.facts import gather as gathered
from bulkdel.report.ledger_counts import count_ledger
from bulkdel.report.rejects import read_rejects
from bulkdel.report.remarks import may_name_twice
from bulkdel.report.report_files import write_report
from bulkdel.report.status import State, Status
from bulkdel.report.timeline import Timeline, fold_samples, width_for
from bulkdel.runs.side_facts import side_facts
from bulkdel.runs.status import identity_of, look
from bulkdel.send.view import End, Ending, LaneEnd

LEDGER_MOST: Final = 1 << 30
"""Bytes of a ledger that `run` still counts at its end; `report` counts any."""


def report(
    job: Job,
    *,
    held: bool = False,
    patient: bool = True,
    meta: PlanMeta | None = None,
    folder: Path | None = None,
    command: Callable[..., str],
) -> tuple[Path, Path]:
    """Writes report.html and report.json of the job's run, and returns their paths.

    Args:
        job: whose run.
        held: whether it is this process that holds the run directory.
        patient: whether a ledger larger than LEDGER_MOST is counted, too.
        meta: the plan's, where that was read before.
        folder: where to; the run directory if there is none.
        command: says any command that belongs to the job, ready to paste.

    Raises:
        WrongInput: there is no plan yet, or the files cannot be written.
    """
    facts = gather(job, held=held, patient=patient, meta=meta)
    # Both are absolute: a page is read from anywhere.
    return write_report(facts, folder or job.run_dir, command)


def gather(
    job: Job, *, held: bool = False, patient: bool = True, meta: PlanMeta | None = None
) -> RunFacts:
    """All that the run directory tells of the run."""
    meta = meta or read_plan_meta(job.run_dir)
    status = look(job, held=held, meta=meta)
    if meta is None:
        raise AssertionError("a run that can be looked at has a plan")
    facts_of = partial(
        gathered,
        status,
        decided=meta.fingerprint,
        words_of=lambda provider, code: PROVIDERS[provider].words(code),
        purge_of=lambda provider, code: PROVIDERS[provider].purge(code),
        rejects=read_rejects(job.run_dir / "rejects.jsonl"),
        beside=side_facts(job, status),
        input_format=next((one.format for one in meta.fingerprint.sources), "csv"),
    )
    with open_history(job.run_dir) as history:
        if history is None or history.identity.plan_digest != meta.digest:
            return facts_of(identity_of(job, meta))
        head = history.ledger_end()
        count = patient or head.length <= LEDGER_MOST
        return facts_of(
            history.identity,
            head=head,
            counts=count_ledger(job.run_dir, both_sides=may_name_twice(status)) if count else None,
            ledger_sha256=ledger_sha256(job.run_dir, head.length) if count else "",
            sittings=history.sittings(),
            sitting_count=history.sitting_count(),
            agreements=history.agreements(),
            timelines=_timelines(history),
            why=partial(_why, status),
        )


def _timelines(history: History) -> dict[str, Timeline]:
    width = width_for(history.spans_within)
    return {
        target.name: fold_samples(history.samples(index), width)
        for index, target in enumerate(history.identity.targets)
    }


def _why(status: Status, sitting: SittingRecord) -> str:
    if sitting.ended_ms is None:
        last = status.last is not None and sitting.started_ms == status.last.began_ms
        if last and status.state is State.RUNNING:
            return "at work"
        return "gone without a word: killed, or a crash"
    if sitting.circumstances is not None and not sitting.circumstances.sends:
        return "closed by the operator"
    lanes = tuple(
        LaneEnd(target=one.target, end=End(one.end), words=one.words) for one in sitting.lanes
    )
    return why(Ending(lanes=lanes))
