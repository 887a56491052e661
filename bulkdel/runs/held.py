"""A run directory that this process holds: the stages of `run`, one after another."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from functools import partial
from typing import BinaryIO, Final

import structlog
from structlog.typing import FilteringBoundLogger

from bulkdel.cli.edge import nothing_sent, unexpected
from bulkdel.cli.progress import Show
from bulkdel.cli.signals import Stopping
from bulkdel.errors import BulkdelError, Corrupt, StorageFailed, WrongInput
from bulkdel.job.job import Job, Reach, Target
from bulkdel.job.secrets import read_secret
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.lock import hold
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.sittings import LaneStop
from bulkdel.ledger.snapshot import begun
from bulkdel.plan.fingerprint import Changes, fingerprint_changes
from bulkdel.plan.input.protect import protected_accounts
from bulkdel.plan.input.sources import STDIN
from bulkdel.plan.read import PLAN_FILE, PlanReader, plan_sha256, read_plan_meta
from bulkdel.plan.values import PLAN_VERSION, PlanMeta
from bulkdel.providers.protocol import Secret
from bulkdel.report.status import Status
from bulkdel.runs import beside
from bulkdel.runs.control import listening
from bulkdel.runs.piped import is_same, piped
from bulkdel.runs.reporting import report
from bulkdel.runs.stages import Say
from bulkdel.runs.wiring import identity_of, look
from bulkdel.send.book import JournalBook
from bulkdel.send.descriptors import fit
from bulkdel.send.shared import Destination, OnSettled
from bulkdel.send.sitting import Sitting
from bulkdel.send.view import End, Ending

SHOW_EVERY_S: Final = 0.5


class HeldRun:
    """One job's run directory, held by this process; what `Stages` promises."""

    def __init__(self, job: Job, stack: ExitStack, warnings: Sequence[str]) -> None:
        self._job = job
        self._stack = stack
        self._warnings = warnings
        self._say: Say = _nothing
        self._secrets: dict[str, Secret] = {}
        self._begun = begun(job.run_dir)
        self._sha256: Future[str] | None = None
        self._compare = False

    def plan(self, say: Say) -> PlanMeta:
        """The plan that is there, or a new one where it may be made anew."""
        self._say = say
        for words in self._warnings:
            say(f"Warning: {words}.")
        with nothing_sent():
            return self._planned(say)

    def _planned(self, say: Say) -> PlanMeta:
        meta = read_plan_meta(self._job.run_dir)
        if meta is None and self._begun:
            raise Corrupt(
                f"{self._job.run_dir / PLAN_FILE} is gone, but the run has begun: restore it, or "
                "begin a new run with --run-dir"
            )
        if meta is None:
            say(f"Planning {self._job.name} ...")
            return self._make(sys.stdin.buffer if sys.stdin else None)
        if self._begun:  # both files are read whole, and hashing has a core of its own
            self._sha256 = beside.begin(lambda: plan_sha256(self._job.run_dir), "plan-digest")
        changes = fingerprint_changes(self._job, meta.fingerprint)
        rows = piped() if STDIN in self._job.input.files else None
        if rows is not None and not _planned_from(meta, rows, begun=self._begun):
            words = "input -: standard input is read anew"
            if self._begun:
                words = "input -: standard input holds other rows"
            changes = Changes(changed=(*changes.changed, words), missing=changes.missing)
        if meta.fingerprint.version != PLAN_VERSION and not self._begun:
            words = "the plan: it is of an older version of bulkdel"
            changes = Changes(changed=(*changes.changed, words), missing=changes.missing)
        if changes.changed:
            if self._begun:
                raise WrongInput(_refusal(self._job, changes))
            say(f"Planning {self._job.name} anew, since it changed: {_list(changes.changed)} ...")
            return self._make(rows)
        self._compare = not self._begun  # of a run that has begun, the whole file's hash is known
        if changes.missing:
            say(f"Warning: {_list(changes.missing)}: gone since the plan was made; it is whole.")
        return meta

    def begin(self, meta: PlanMeta) -> Status:
        """Opens the plan and the journal, and reads the secrets if anything is left to send."""
        with nothing_sent():
            return self._begin(meta)

    def _begin(self, meta: PlanMeta) -> Status:
        self._meta = meta
        self._plan = self._stack.enter_context(PlanReader(self._job.run_dir, meta))
        if self._compare:
            self._plan.compare()
        self._protected = frozenset(protected_accounts(self._job.guards))
        self._journal = self._stack.enter_context(
            Journal.open(
                self._job.run_dir,
                identity_of(self._job, meta, self._sha256.result() if self._sha256 else None),
                self._plan.entry,
                operation=self._job.operation,
                mode=self._job.mode,
            )
        )
        status = self.status()
        if status.unsettled > 0:
            self._secrets = {target.name: _secret_of(target) for target in self._job.targets}
        return status

    def agreed(self) -> bool:
        """Whether calls of this plan left before: then it was agreed to, and is not asked again."""
        return self._begun

    def send(self, meta: PlanMeta, *, limit: int | None, show: Show, watch: Stopping) -> Ending:
        """Sends until nothing is left or something stops it; every reply is recorded by then."""

        async def work() -> Ending:
            loop = asyncio.get_running_loop()

            def started(sitting: Sitting) -> None:
                def stop(name: str) -> None:
                    loop.call_soon_threadsafe(sitting.stop, End.STOPPED, f"stopped by {name}")

                watch.tell(stop)

            return await self.sending(meta, limit=limit, started=started, show=show)

        with ExitStack() as stack:
            with nothing_sent():
                runner = stack.enter_context(asyncio.Runner())
            return runner.run(work())

    def status(self) -> Status:
        """How things stand now."""
        return look(self._job, held=True, meta=self._meta)

    def report(self, say: Say) -> None:
        """The run as a page, for whoever comes in the morning; it decides nothing."""
        try:
            page, _ = report(self._job, held=True, patient=False, meta=self._meta)
        except Exception as error:  # noqa: BLE001  # the run's outcome stands, whatever this is
            told = str(error) if isinstance(error, BulkdelError) else unexpected(error)
            structlog.get_logger().warning("report.failed", said=told)
            say(f"Warning: no report was written: {told}")
        else:
            say(f"Report: {page}")

    async def _destinations(
        self, targets: tuple[Target, ...], meta: PlanMeta, stack: AsyncExitStack
    ) -> list[Destination]:
        """Where each target's calls go: to its address, or to a stand-in within this process."""
        destinations = []
        for target, share in zip(targets, meta.shares, strict=True):
            address = target.address
            if address is None:
                from bulkdel.runs.stand_in import stand_in  # a web server: only where wanted

                server = await asyncio.to_thread(
                    stand_in, self._job, target, share, self._plan, self._journal
                )
                address = (await stack.enter_async_context(server)).address
            secret = self._secrets[target.name]
            destinations.append(Destination(target=target, address=address, secret=secret))
        return destinations

    def _warn(self, log: FilteringBoundLogger, words: str) -> None:
        """Tell of a convenience that this sitting does without."""
        log.warning("sitting.without", said=words)
        self._say(f"Warning: {words}.")

    def _make(self, stdin: BinaryIO | None) -> PlanMeta:
        from bulkdel.plan.make import make_plan  # numpy and more: a continued run needs none of it

        return make_plan(self._job, stdin=stdin if STDIN in self._job.input.files else None)

    async def sending(
        self,
        meta: PlanMeta,
        *,
        limit: int | None,
        started: Callable[[Sitting], None],
        show: Show | None = None,
        on_settled: OnSettled | None = None,
        log: FilteringBoundLogger | None = None,
    ) -> Ending:
        """As `send`, within a running loop.

        Args:
            meta: the plan's.
            limit: pairs to settle in this sitting; None means all.
            started: is given the sitting before it sends.
            show: to be called about twice a second.
            on_settled: is awaited with every outcome, once it is durable.
            log: takes what happens; structlog's own, as it is set up, if there is none.
        """
        job, log = self._job, log or structlog.get_logger()
        show = show or _nothing
        targets, fewer = fit(job.targets)
        if fewer:
            log.warning("calls.bounded", said=fewer)
            self._say(f"Warning: {fewer}.")
        async with AsyncExitStack() as stack:
            with nothing_sent():
                recorder = await stack.enter_async_context(Recorder(self._journal))
                sitting = Sitting(
                    job=job,
                    destinations=await self._destinations(targets, meta, stack),
                    meta=meta,
                    plan=self._plan,
                    book=JournalBook(self._journal, recorder),
                    protected=self._protected,
                    continued=self._begun,
                    limit=limit,
                    log=log,
                    on_settled=on_settled,
                )
                started(sitting)
                ceilings = {target.name: target.qps for target in job.targets}
                warn = partial(self._warn, log)
                await stack.enter_async_context(listening(job.run_dir, sitting, ceilings, warn))
                self._journal.start_sitting(_now_ms(), os.getpid())
            shower = asyncio.create_task(_keep_showing(sitting, show), name="progress")
            try:
                ending = await sitting.run()
            finally:
                shower.cancel()
            show(sitting.views())
        with suppress(StorageFailed, Corrupt):  # the lanes' own words say it better
            self._journal.end_sitting(
                _now_ms(),
                "; ".join(dict.fromkeys(str(lane.end) for lane in ending.lanes)),
                [
                    LaneStop(target=lane.target, end=str(lane.end), words=lane.words)
                    for lane in ending.lanes
                ],
            )
        return ending


@contextmanager
def held_run(job: Job) -> Iterator[HeldRun]:
    """Holds the job's run directory (made 0700 if need be) for the length of a with block.

    Raises:
        Busy: another process holds it.
        WrongInput: it is of no use; see `hold`.
    """
    with ExitStack() as stack:
        with nothing_sent():
            warnings = stack.enter_context(hold(job.run_dir))
            held = HeldRun(job, stack, warnings)
        yield held


def _nothing(_: object) -> None:
    return


async def _keep_showing(sitting: Sitting, show: Show) -> None:
    while True:
        show(sitting.views())
        await asyncio.sleep(SHOW_EVERY_S)


def _planned_from(meta: PlanMeta, rows: BinaryIO, *, begun: bool) -> bool:
    """Whether what is piped in is what was planned. A plan that has not begun is made anew."""
    source = next((one for one in meta.fingerprint.sources if one.path == STDIN), None)
    return begun and source is not None and is_same(rows, source.size, source.sha256)


def _refusal(job: Job, changes: Changes) -> str:
    return (
        f"{job.source}: {_list(changes.changed)}; the run in {job.run_dir} has begun with what was "
        "planned before. Undo the change to continue it, or begin a new run with --run-dir"
    )


def _list(sentences: tuple[str, ...]) -> str:
    return "; ".join(sentences)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _secret_of(target: Target) -> Secret:
    if target.reach is not Reach.EMULATOR:
        return read_secret(target)
    from bulkdel.runs.stand_in import SECRET

    return SECRET
