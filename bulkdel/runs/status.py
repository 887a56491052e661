"""How a run stands, and what it is: read from its directory, whoever works on it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bulkdel.errors import Corrupt, StorageFailed, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.history import CodeCount, snapshot
from bulkdel.ledger.identity import Identity, TargetIdentity, refuse_other_plan
from bulkdel.ledger.lock import holder
from bulkdel.plan.read import PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.status import LastSitting, Status, at_rest, fold
from bulkdel.runs.live import read_live
from bulkdel.runs.look_shards import Looks, cut_of, look_shards
from bulkdel.runs.names import names_of
from bulkdel.runs.notes import canary_waits
from bulkdel.runs.seen_lanes import seen_lane, why_it_ended
from bulkdel.runs.side_status import look_sides
from bulkdel.send.view import LaneView


class NoPlan(WrongInput):
    """There is no plan yet, so nothing can be shown."""


def look(
    job: Job,
    *,
    held: bool = False,
    meta: PlanMeta | None = None,
    views: Sequence[LaneView] = (),
    looks: Looks | None = None,
) -> Status:
    """How a run stands, whoever works on it. Takes no lock and changes nothing.

    Args:
        job: whose run.
        held: whether it is this process that holds the run directory.
        meta: its plan's, where that was read before.
        views: the lanes as this process sends them now; none where it sends nothing.
        looks: what earlier looks at a run that is cut have seen, so that they need not again.

    Raises:
        NoPlan: there is none yet.
    """
    looks = looks or Looks()
    cut = cut_of(job.run_dir, looks)
    meta = cut.meta if cut else meta or read_plan_meta(job.run_dir)
    if meta is None:
        raise NoPlan(
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
    if cut is not None:
        return look_shards(job, cut, looks, held=held)
    now_ms = time.time_ns() // 1_000_000
    worker = None if held else holder(job.run_dir)
    works = f"process {worker.pid}" if worker else f"process {os.getpid()}" if views else ""
    beside = look_sides(job.run_dir)
    here = (
        "" if any(one.at_work for one in beside.sides) else works
    )  # else nothing of the run is sent
    seen = snapshot(job.run_dir)
    if seen is not None and seen.begun:
        refuse_other_plan(job.run_dir, seen.identity, meta.digest)
    if seen is None or seen.identity.plan_digest != meta.digest:
        return fold(meta, {}, job=job, now_ms=now_ms, holder=works, beside=beside)
    last, lanes = None, {}
    if seen.last is not None:
        live = read_live(job.run_dir)
        if live is None or live.began_ms != seen.last.started_ms:
            live = None
        qps = {target.name: target.qps for target in job.targets}
        lanes = {
            share.target: seen_lane(share.target, qps[share.target], seen.last, live, now_ms, here)
            for share in meta.shares
        }
        waits = canary_waits(job, meta) if here and not views else None
        if waits is not None:
            lanes = {name: at_rest(name, qps=qps[name], state=waits) for name in lanes}
        lanes |= {view.target: view for view in views}
        last = LastSitting(
            began_ms=seen.last.started_ms,
            ended_ms=seen.last.ended_ms,
            why=why_it_ended(seen.last, live),
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
        lanes=lanes,
        carried=seen.carried,
        settled_ms=seen.settled_ms,
        holder=works,
        beside=beside,
    )


def with_examples(codes: Sequence[CodeCount], job: Job, meta: PlanMeta) -> tuple[CodeCount, ...]:
    """The codes, each with an account that got it, where the plan can be read."""
    if not codes:  # opening the plan would cost 15 ms
        return ()
    examples, names = dict.fromkeys(codes, ""), names_of(job)
    with suppress(Corrupt, StorageFailed), PlanReader(job.run_dir, meta) as plan:
        for one in codes:
            with suppress(Corrupt, StorageFailed):  # `verify` says so; here the figures matter
                examples[one] = names(plan.entry(one.ordinal).from_account)
    return tuple(replace(one, example=example) for one, example in examples.items())


def identity_of(job: Job, meta: PlanMeta, sha256: str | None = None) -> Identity:
    """What the job's run is, for the journal. Reads the plan's file once, unless given `sha256`."""
    return Identity(
        plan_digest=meta.digest,
        plan_sha256=plan_sha256(job.run_dir) if sha256 is None else sha256,
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
