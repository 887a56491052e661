"""Gathers a run's findings from its directory and writes the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from bulkdel.job.job import Job
from bulkdel.ledger.history import open_history
from bulkdel.ledger.ledger_file import ledger_sha256
from bulkdel.plan.cut import read_cut
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.report.facts import RunFacts
from bulkdel.report.facts import gather as gathered
from bulkdel.report.ledger_counts import count_ledger
from bulkdel.report.nameless import nameless_facts
from bulkdel.report.rejects import read_rejects
from bulkdel.report.remarks import may_name_twice
from bulkdel.report.report_files import write_report
from bulkdel.runs.names import names_of
from bulkdel.runs.report_shards import facts_of_shards, timelines_of, why_ended
from bulkdel.runs.side_facts import side_facts
from bulkdel.runs.status import identity_of, look

LEDGER_MOST: Final = 1 << 30
"""Bytes of a ledger that `run` still counts at its end; `report` counts any."""


def report(
    job: Job,
    *,
    held: bool = False,
    patient: bool = True,
    meta: PlanMeta | None = None,
    folder: Path | None = None,
    ids: bool = True,
    command: Callable[..., str],
) -> tuple[Path, Path]:
    """Writes report.html and report.json of the job's run, and returns their paths.

    Args:
        job: whose run.
        held: whether it is this process that holds the run directory.
        patient: whether a ledger larger than LEDGER_MOST is counted, too.
        meta: the plan's, where that was read before.
        folder: where to; the run directory if there is none.
        ids: whether accounts are named by their ids.
        command: says any command that belongs to the job, ready to paste.

    Raises:
        WrongInput: there is no plan yet, or the files cannot be written.
    """
    facts = gather(job, held=held, patient=patient, meta=meta, ids=ids)
    # Both are absolute: a page is read from anywhere.
    return write_report(facts, folder or job.run_dir, command)


def gather(
    job: Job,
    *,
    held: bool = False,
    patient: bool = True,
    meta: PlanMeta | None = None,
    ids: bool = True,
) -> RunFacts:
    """All that the run directory tells of the run; without `ids`, with pseudonyms for accounts."""
    facts = _gathered(replace(job, log_ids=ids), held=held, patient=patient, meta=meta)
    return facts if ids else nameless_facts(facts, names_of(replace(job, log_ids=False)))


def _gathered(job: Job, *, held: bool, patient: bool, meta: PlanMeta | None) -> RunFacts:
    cut = read_cut(job.run_dir)
    meta = cut.meta if cut else meta or read_plan_meta(job.run_dir)
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
    if cut is not None:
        return facts_of_shards(job, cut, status, facts_of, LEDGER_MOST if not patient else None)
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
            timelines=timelines_of(history),
            why=partial(why_ended, status),
        )
