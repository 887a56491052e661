"""The work of `close`: look at what is left, ask, and settle it as failed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack

import structlog

from bulkdel import files
from bulkdel.errors import BulkdelError, Corrupt, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.closing import close_entries, close_reserve
from bulkdel.ledger.history import Snapshot, begun, snapshot
from bulkdel.ledger.identity import Identity
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.lock import hold
from bulkdel.ledger.sittings import LaneStop
from bulkdel.ledger.values import Deal
from bulkdel.plan.read import PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.status import Status
from bulkdel.runs import log
from bulkdel.runs.circumstances import circumstances
from bulkdel.runs.names import names_of
from bulkdel.runs.seams import Say
from bulkdel.runs.shards import held_whole
from bulkdel.runs.status import identity_of, look
from bulkdel.send.view import End

_TELL_EVERY_S = 2.0


class NotClosed(BulkdelError):
    """Pairs are left: nobody agreed to settle them, or they could not be written."""


def close_run(job: Job, *, agree: Callable[[Status], Agreement], say: Say, command: str) -> Status:
    """Settles what is left of the run of `job` as failed, and returns how it stands then.

    Args:
        job: whose run.
        agree: asks whether what the status shows may be settled, and says how somebody agreed;
            raises if not.
        say: is told what takes time.
        command: as it was given, for log and journal.

    Raises:
        Busy: another process holds the run directory.
        WrongInput: there is no run that has begun.
        NotClosed: pairs are left all the same.
    """
    if not job.run_dir.is_dir():
        raise WrongInput("there is no run, so there is nothing to close", where=job.run_dir)
    with held_whole(job) as parts:
        if parts == (job,):
            return _close(job, agree=agree, say=say, command=command)
        if not any(begun(part.run_dir) for part in parts):
            raise _nothing_sent(job)
        status = look(job, held=True)
        how = agree(status) if status.unsettled else Agreement.NOT_NEEDED
        for part in parts:
            _close(part, agree=lambda _: how, say=say, command=command, unsent=True)
        return look(job, held=True)


def _close(
    job: Job,
    *,
    agree: Callable[[Status], Agreement],
    say: Say,
    command: str,
    unsent: bool = False,
) -> Status:
    """As `close_run`, of one part of a run; `unsent`: also where nothing was sent of this part."""
    with ExitStack() as stack:
        stack.enter_context(hold(job.run_dir))
        meta, identity = _begun(job, unsent=unsent)
        plan = stack.enter_context(PlanReader(job.run_dir, meta))
        journal = stack.enter_context(
            Journal.open(
                job.run_dir,
                identity,
                plan.entry,
                operation=meta.fingerprint.operation,
                mode=meta.fingerprint.mode,
            )
        )
        status = look(job, held=True)
        if status.unsettled > 0:
            consent = Consent(how=agree(status), at_ms=_now_ms(), command=command)
            stack.enter_context(
                log.logging_to(job.run_dir / files.LOG, warn=say, names=names_of(job, make=True))
            )
            events = structlog.get_logger()
            given = {"command": command, "job": job.name, "run_dir": str(job.run_dir)}
            left = status.unsettled
            events.info(log.COMMAND_STARTED, **given, left=left, **log.process_values())
            journal.start_sitting(_now_ms(), os.getpid(), circumstances(consent, sends=False))
            _settle(journal, plan, meta, status.unsettled, say)
            status = look(job, held=True)
            events.info(log.COMMAND_ENDED, left=status.unsettled)
    if status.unsettled:
        raise NotClosed(
            f"{status.unsettled:,} pairs are left although every entry of the plan is settled: "
            "`bulkdel verify` says what is wrong with the journal"
        )
    return status


def _nothing_sent(job: Job) -> WrongInput:
    return WrongInput(
        "nothing was sent from here yet, so there is nothing to close",
        where=job.run_dir,
        mend="`bulkdel run` begins to send, and a run that is not wanted needs no end",
    )


def _begun(job: Job, *, unsent: bool) -> tuple[PlanMeta, Identity]:
    meta = read_plan_meta(job.run_dir)
    seen = snapshot(job.run_dir)
    if seen is None or not seen.begun:
        if meta is not None and unsent:
            return meta, identity_of(job, meta)
        raise _nothing_sent(job)
    if meta is None or not _is_same(job, meta, seen):
        what = "is gone" if meta is None else "is not the one that the run has begun with"
        mend = "restore the whole directory from a backup, since its files belong together"
        raise Corrupt(f"plan.parquet {what}", where=job.run_dir, mend=mend)
    return meta, seen.identity


def _is_same(job: Job, meta: PlanMeta, seen: Snapshot) -> bool:
    sent = seen.identity
    return meta.digest == sent.plan_digest and sent.plan_sha256 in ("", plan_sha256(job.run_dir))


def _settle(journal: Journal, plan: PlanReader, meta: PlanMeta, whole: int, say: Say) -> None:
    told_at = time.monotonic()
    done = 0

    def closed(pairs: int) -> None:
        nonlocal told_at, done
        done += pairs
        if time.monotonic() - told_at >= _TELL_EVERY_S:
            told_at = time.monotonic()
            say(f"{done:,} of {whole:,} closed ...")

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
