"""Where the commands meet the stages: the only file of the command line that knows them all.

Each function imports what it needs, so that `bulkdel --help` need not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bulkdel.job.job import Job
    from bulkdel.ledger.identity import Identity
    from bulkdel.ledger.snapshot import CodeCount
    from bulkdel.plan.values import PlanMeta
    from bulkdel.report.phrases import Face
    from bulkdel.report.status import Status
    from bulkdel.runs.stages import Say, Stages
    from bulkdel.words import Entry


def load(path: Path, run_dir: Path | None, max_duration: str | None = None) -> Job:
    """The job that the file describes; `run_dir` and `max_duration` replace the file's own."""
    from bulkdel.job.jobfile import duration_s, load_job

    job = load_job(path, run_dir=run_dir)
    if max_duration is None:
        return job
    bound_s = duration_s(max_duration, "--max-duration")
    return replace(job, schedule=replace(job.schedule, max_duration_s=bound_s))


def faces() -> Mapping[str, Face]:
    """The providers, by name."""
    from bulkdel.providers import PROVIDERS

    return PROVIDERS


def open_stages(job: Job) -> AbstractContextManager[Stages]:
    """The stages of a job whose run directory this process holds from now on."""
    from bulkdel.runs.held import held_run

    return held_run(job)


def plan_only(job: Job, say: Say) -> PlanMeta:
    """The job's plan, made if there is none that fits; sends nothing."""
    from bulkdel.runs.held import held_run

    with held_run(job) as stages:
        return stages.plan(say)


def sample(job: Job, meta: PlanMeta, count: int) -> tuple[Entry, ...]:
    """The first entries of the plan."""
    from bulkdel.plan.read import PlanReader

    with PlanReader(job.run_dir, meta) as plan:
        most = min(count, meta.shares[0].batches)
        return tuple(entry for entries in plan.scan(0, most) for entry in entries)


def look(job: Job, *, held: bool = False, meta: PlanMeta | None = None) -> Status:
    """How a run stands, whoever works on it. Takes no lock and changes nothing.

    Args:
        job: whose run.
        held: whether it is this process that holds the run directory.
        meta: its plan's, where that was read before.

    Raises:
        WrongInput: there is no plan yet.
    """
    from bulkdel.errors import WrongInput
    from bulkdel.ledger.lock import holder
    from bulkdel.ledger.snapshot import snapshot
    from bulkdel.plan.read import read_plan_meta
    from bulkdel.report.status import Sitting, fold, recent_rates
    from bulkdel.report.text.summary import why
    from bulkdel.send.view import End, Ending, LaneEnd

    meta = meta or read_plan_meta(job.run_dir)
    if meta is None:
        raise WrongInput(
            f"{job.run_dir}: there is no plan yet, so there is nothing to show; "
            "`bulkdel plan` makes one"
        )
    named = {target.name for target in job.targets}
    if gone := [share.target for share in meta.shares if share.target not in named]:
        raise WrongInput(
            f"{job.source}: the run in {job.run_dir} was planned for the target {gone[0]}, "
            "which the job file no longer has"
        )
    now_ms = time.time_ns() // 1_000_000
    worker = None if held else holder(job.run_dir)
    works = f"process {worker.pid}" if worker else ""
    seen = snapshot(job.run_dir)
    if seen is None or seen.identity.plan_digest != meta.digest:
        return fold(meta, {}, job=job, faces=faces(), now_ms=now_ms, holder=works)
    last = None
    if seen.last is not None:
        lanes = tuple(
            LaneEnd(target=one.target, end=End(one.end), words=one.words) for one in seen.last.lanes
        )
        last = Sitting(
            began_ms=seen.last.started_ms,
            ended_ms=seen.last.ended_ms,
            why=why(Ending(lanes=lanes)) if seen.last.ended_ms is not None else "",
        )
    return fold(
        meta,
        seen.counters,
        job=job,
        faces=faces(),
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
    from bulkdel.errors import Corrupt, StorageFailed
    from bulkdel.plan.read import PlanReader

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
    from bulkdel.ledger.identity import Identity, TargetIdentity
    from bulkdel.plan.read import plan_sha256

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


def serve(
    *,
    port: int,
    app_id: int,
    secret_env: str | None,
    friends: Path | None,
    providers: tuple[str, ...],
    faults: tuple[str, ...],
) -> None:
    """The emulator on a loopback port, until a signal comes."""
    from bulkdel.cli.serving import serve_emulator

    serve_emulator(
        port=port,
        app_id=app_id,
        secret_env=secret_env,
        friends=friends,
        providers=providers,
        faults=faults,
    )
