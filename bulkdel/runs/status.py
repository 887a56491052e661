"""How a run stands, and what it is: read from its directory, whoever works on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bulkdel.errors import Corrupt, StorageFailed, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.history import CodeCount, snapshot
from bulkdel.ledger.identity import Identity, TargetIdentity
from bulkdel.ledger.lock import holder
from bulkdel.plan.read import PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.ending import why
from bulkdel.report.status import LastSitting, Status, fold, recent_rates
from bulkdel.send.view import End, Ending, LaneEnd


def look(job: Job, *, held: bool = False, meta: PlanMeta | None = None) -> Status:
    """How a run stands, whoever works on it. Takes no lock and changes nothing.

    Args:
        job: whose run.
        held: whether it is this process that holds the run directory.
        meta: its plan's, where that was read before.

    Raises:
        WrongInput: there is no plan yet.
    """
    meta = meta or read_plan_meta(job.run_dir)
    if meta is None:
        raise WrongInput(
            "there is no plan yet, so there is nothing to show",
            where=job.run_dir,
            mend="`bulkdel plan` makes one",
        )
    named = {target.name for target in job.targets}
    if gone := [share.target for share in meta.shares if share.target not in named]:
        raise WrongInput(
            f"the run in {job.run_dir} was planned for the target {gone[0]}, which the job file no "
            "longer has",
            where=job.source,
        )
    now_ms = time.time_ns() // 1_000_000
    worker = None if held else holder(job.run_dir)
    works = f"process {worker.pid}" if worker else ""
    seen = snapshot(job.run_dir)
    if seen is None or seen.identity.plan_digest != meta.digest:
        return fold(meta, {}, job=job, now_ms=now_ms, holder=works)
    last = None
    if seen.last is not None:
        lanes = tuple(
            LaneEnd(target=one.target, end=End(one.end), words=one.words) for one in seen.last.lanes
        )
        last = LastSitting(
            began_ms=seen.last.started_ms,
            ended_ms=seen.last.ended_ms,
            why=why(Ending(lanes=lanes)) if seen.last.ended_ms is not None else "",
        )
    return fold(
        meta,
        seen.counters,
        job=job,
        now_ms=now_ms,
        began_ms=seen.first_started_ms,
        last=last,
        failed=seen.failed,
        unsettled=with_examples(seen.unsettled, job, meta),
        rates=recent_rates(seen.recent, now_ms),
        holder=works,
    )


def with_examples(codes: Sequence[CodeCount], job: Job, meta: PlanMeta) -> tuple[CodeCount, ...]:
    """The codes, each with an account that got it, where the plan can be read."""
    if not codes:  # opening the plan would cost 15 ms
        return ()
    examples = dict.fromkeys(codes, "")
    with suppress(Corrupt, StorageFailed), PlanReader(job.run_dir, meta) as plan:
        for one in codes:
            with suppress(Corrupt, StorageFailed):  # `verify` says so; here the figures matter
                examples[one] = plan.entry(one.ordinal).from_account
    return tuple(replace(one, example=example) for one, example in examples.items())


def identity_of(job: Job, meta: PlanMeta, sha256: str | None = None) -> Identity:
    """What the job's run is, for the journal. Reads the plan's file once, unless given `sha256`."""
    return Identity(
        plan_digest=meta.digest,
        plan_sha256=sha256 or plan_sha256(job.run_dir),
        targets=tuple(
            TargetIdentity(
                name=target.name,
                provider=target.provider,
                region=target.region,
                app_id=target.app_id,
                reach=target.reach,
            )
            for target in job.targets
        ),
    )
