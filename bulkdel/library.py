"""bulkdel as a library: the same engine, without a terminal, signals or printing.

    import asyncio
    from pathlib import Path

    from bulkdel import load_job, run, status

    async def main() -> None:
        job = load_job(Path("jobs/demo.toml"))
        async for batch in run(job):
            print(batch.target, batch.from_account, len(batch.deleted), "deleted")
        print(status(job).state)

    asyncio.run(main())

Leaving the loop stops the sitting as a first Ctrl-C does: calls in flight finish and are recorded.
Running the same job again continues it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bulkdel import files
from bulkdel.errors import Guarded, WrongInput
from bulkdel.job import jobfile
from bulkdel.job.job import Job, Reach
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.counting import placed
from bulkdel.ledger.values import Outcome
from bulkdel.report.doubts import too_many
from bulkdel.report.status import Status
from bulkdel.runs.canary import is_open
from bulkdel.runs.carrier import Carrier, say_nothing
from bulkdel.runs.log import LIBRARY_STARTED, log_of, process_values
from bulkdel.runs.names import names_of
from bulkdel.runs.phases import phases
from bulkdel.runs.place import find_run
from bulkdel.runs.run import held_run
from bulkdel.runs.status import look
from bulkdel.send.view import End
from bulkdel.words import Batch, Verdict

__all__ = ["Job", "Settled", "Status", "load_job", "run", "status"]

_BY_CALLER = "stopped by its caller"
_NOBODY = "the canary is as it should be; run it again with go_on=True"
WAITING_MOST = 100
"""Settled batches that wait for the one who reads them; then the sending waits as well."""


def load_job(path: Path, *, run_dir: Path | None = None) -> Job:
    """The job that the file at `path` describes, with the directory that its run lies in.

    That is `run_dir` (relative to the current directory), the file's own, or runs/NAME beside the
    file; a run of this job that lies in runs/NAME of the current directory alone is found there.

    Raises:
        WrongInput: the file cannot be read, is no TOML or no job: one line for each problem.
    """
    return find_run(jobfile.load_job(path, run_dir=run_dir), Path())[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one reply settled, durably: To_Accounts by status; a cleared account stands for itself.

    Attributes:
        from_account: the account that the call went out from; where the planner chose the sides,
            the input may name a pair the other way round.
        failed: (account, code, the provider's text).
    """

    target: str
    from_account: str
    deleted: tuple[str, ...]
    already_gone: tuple[str, ...]
    failed: tuple[tuple[str, int, str], ...]


async def run(
    job: Job, *, yes: bool = False, limit: int | None = None, go_on: bool = False
) -> AsyncGenerator[Settled, None]:
    """Plan the job if need be and carry it out, or continue it; yields what is settled.

    A [backup] and a [canary] of the job come first here too. A canary that somebody is to be asked
    about ends it with work left: run it again with `go_on`.

    Args:
        job: as `load_job` gives it.
        yes: must be true where a target is the real provider: nobody is asked.
        limit: settle at most so many pairs in this sitting.
        go_on: whether a canary that is as it should be is let on.

    Raises:
        WrongInput: the job or its input is wrong, it has [cluster], or `yes` is needed; nothing was
            sent.
        Guarded: guards.max_pairs forbids the plan; or the canary is not as it should be, and
            nothing else was sent.
    """
    real = any(target.reach is Reach.REAL for target in job.targets)
    _refuse(job, agreed=yes or not real)
    names = [target.name for target in job.targets]
    queue: asyncio.Queue[Settled | None] = asyncio.Queue(WAITING_MOST)
    with ExitStack() as stack:
        held = stack.enter_context(held_run(job))
        meta = await asyncio.to_thread(held.plan, say_nothing)
        left = (await asyncio.to_thread(held.begin, meta)).unsettled
        if left == 0 and not is_open(job, meta):
            return
        if guarded := too_many(job.guards, meta.books):
            raise Guarded(guarded, where=job.source)

        async def on_settled(outcome: Outcome) -> None:
            if (settled := _settled(names[outcome.target], outcome)) is not None:
                await queue.put(settled)

        how = Agreement.PROGRAM if real else Agreement.TRIAL
        held.agree(Consent(how=how, at_ms=time.time_ns() // 1_000_000, command=""))
        log = stack.enter_context(log_of(job.run_dir / files.LOG, names_of(job, make=True)))
        given = {"job": job.name, "run_dir": str(job.run_dir)}
        log.info(LIBRARY_STARTED, **given, **process_values())

        steps = phases(job, held, meta, say=say_nothing, limit=limit, go_on=go_on)
        carrier = Carrier(job, held, _NOBODY, on_settled, log)

        async def send() -> None:
            try:
                ending = await carrier.carry_out(steps)
            finally:
                await queue.put(None)
            wrong = [lane for lane in ending.lanes if lane.end is End.CANARY]
            if wrong:
                raise Guarded(wrong[0].words, where=f"target {wrong[0].target}")

        sender = asyncio.create_task(send(), name="bulkdel")
        try:
            while (settled := await queue.get()) is not None:
                yield settled
        finally:
            carrier.stop(End.STOPPED, _BY_CALLER)
            while not sender.done():
                getting = asyncio.ensure_future(queue.get())
                await asyncio.wait({sender, getting}, return_when=asyncio.FIRST_COMPLETED)
                getting.cancel()
            await sender


def _refuse(job: Job, *, agreed: bool) -> None:
    """Return if this may be sent from here."""
    if job.cluster is not None:
        what, mend = "[cluster] is for several processes", "use `bulkdel run`, or leave it out"
    elif not agreed:
        what, mend = "it deletes at a real provider", "say so with yes=True"
    else:
        return
    raise WrongInput(what, where=job.source, mend=mend)


def status(job: Job) -> Status:
    """How the run of a job stands, whoever works on it.

    Raises:
        WrongInput: there is no plan yet.
    """
    return look(job)


def _settled(target: str, outcome: Outcome) -> Settled | None:
    """None where nothing was settled, or all of it waits for its other side."""
    entry, settlement = outcome.entry, outcome.settlement
    if settlement is None or all(group.in_reserve for group in settlement.groups):
        return None
    ids = entry.to_accounts if isinstance(entry, Batch) else (entry.from_account,)
    by_status: dict[Verdict, list[str]] = {}
    failed: list[tuple[str, int, str]] = []
    for group, places in placed(settlement, len(ids)):
        if group.in_reserve:
            continue
        names = [ids[place] for place in places]
        by_status.setdefault(group.status, []).extend(names)
        if group.status is Verdict.FAILED:
            failed.extend((name, group.code, group.info) for name in names)
    return Settled(
        target=target,
        from_account=entry.from_account,
        deleted=tuple(by_status.get(Verdict.DELETED, ())),
        already_gone=tuple(by_status.get(Verdict.ALREADY_GONE, ())),
        failed=tuple(failed),
    )
