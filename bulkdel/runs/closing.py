"""The work of `close`: look at what is left, ask, and settle it as failed."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack

import structlog

from bulkdel import files
from bulkdel.cli import ask, streams
from bulkdel.errors import BulkdelError, Corrupt, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.closing import close_entries, close_reserve
from bulkdel.ledger.history import Snapshot, snapshot
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.lock import hold
from bulkdel.ledger.sittings import LaneStop
from bulkdel.ledger.values import Deal
from bulkdel.plan.read import PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.status import Status
from bulkdel.report.text.closure import closed_text, closing_text, question
from bulkdel.runs import log
from bulkdel.runs.wiring import look
from bulkdel.send.view import End

_TELL_EVERY_S = 2.0


class NotClosed(BulkdelError):
    """Pairs are left: nobody agreed to settle them, or they could not be written."""


def close_run(job: Job, *, yes: bool, command: str) -> None:
    """Settles what is left of the run of `job` as failed, after a person or `yes` agreed.

    Raises:
        Busy: another process holds the run directory.
        WrongInput: there is no run that has begun, or nobody can be asked.
        NotClosed: the person did not agree.
    """
    if not job.run_dir.is_dir():
        raise WrongInput(f"{job.run_dir}: there is no run, so there is nothing to close")
    with ExitStack() as stack:
        stack.enter_context(hold(job.run_dir))
        meta, seen = _begun(job)
        plan = stack.enter_context(PlanReader(job.run_dir, meta))
        journal = stack.enter_context(
            Journal.open(
                job.run_dir,
                seen.identity,
                plan.entry,
                operation=meta.fingerprint.operation,
                mode=meta.fingerprint.mode,
            )
        )
        status = look(job, held=True)
        if status.unsettled > 0:
            _agree(job, status, yes=yes)
            stack.enter_context(log.logging_to(job.run_dir / files.LOG, warn=streams.say))
            events = structlog.get_logger()
            events.info(log.COMMAND_STARTED, command=command, job=job.name, left=status.unsettled)
            _settle(journal, plan, meta, status.unsettled)
            status = look(job, held=True)
            events.info(log.COMMAND_ENDED, left=status.unsettled)
    if status.unsettled:
        raise NotClosed(
            f"{status.unsettled:,} pairs are left although every entry of the plan is settled: "
            "`bulkdel verify` says what is wrong with the journal"
        )
    streams.result(closed_text(status, streams.width(sys.stdout)))


def _begun(job: Job) -> tuple[PlanMeta, Snapshot]:
    meta = read_plan_meta(job.run_dir)
    seen = snapshot(job.run_dir)
    if seen is None or not seen.begun:
        raise WrongInput(
            f"{job.run_dir}: nothing was sent from here yet, so there is nothing to close; "
            "delete the directory if the run is not wanted"
        )
    if meta is None or not _is_same(job, meta, seen):
        what = "is gone" if meta is None else "is not the one that the run has begun with"
        raise Corrupt(f"{job.run_dir}: plan.parquet {what}; restore it from a backup")
    return meta, seen


def _is_same(job: Job, meta: PlanMeta, seen: Snapshot) -> bool:
    sent = seen.identity
    return meta.digest == sent.plan_digest and sent.plan_sha256 in ("", plan_sha256(job.run_dir))


def _agree(job: Job, status: Status, *, yes: bool) -> None:
    streams.say(closing_text(status, streams.width(sys.stderr), colour=streams.colour(sys.stderr)))
    if yes:
        return
    if not (streams.terminal(sys.stdin) and streams.terminal(sys.stderr)):
        raise WrongInput(
            f"there is no terminal to ask on, so nothing of {job.name} was closed; look at the "
            "above and add --yes if it is right"
        )
    if not ask.confirmed(question(status)):
        raise NotClosed(f"not confirmed ({ask.ONLY_YES}); nothing was closed")


def _settle(journal: Journal, plan: PlanReader, meta: PlanMeta, whole: int) -> None:
    journal.start_sitting(_now_ms(), os.getpid())
    told_at = time.monotonic()
    done = 0

    def closed(pairs: int) -> None:
        nonlocal told_at, done
        done += pairs
        if time.monotonic() - told_at >= _TELL_EVERY_S:
            told_at = time.monotonic()
            streams.say(f"{done:,} of {whole:,} closed ...")

    sizes = dict(meta.fingerprint.targets)
    entries = sum(share.batches for share in meta.shares)
    for target, share in enumerate(meta.shares):
        end = share.first + share.batches
        close_entries(journal, plan.scan, target, share.first, end, _now_ms, closed)
        deal = Deal(target=target, batch_size=sizes[share.target], first=entries)
        close_reserve(journal, deal, _now_ms, closed)
    words = "closed by the operator: what was left is settled as failed"
    lanes = [
        LaneStop(target=share.target, end=str(End.FINISHED), words=words) for share in meta.shares
    ]
    journal.end_sitting(_now_ms(), str(End.FINISHED), lanes)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
