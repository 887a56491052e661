"""A run directory that this process holds: plan, begin, send, report."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    contextmanager,
)
from functools import partial
from typing import TYPE_CHECKING

import structlog
from structlog.typing import FilteringBoundLogger

from bulkdel import files, rundir
from bulkdel.errors import BulkdelError
from bulkdel.job.job import Job, Target
from bulkdel.job.secrets import read_login
from bulkdel.lease.values import OURS, Ownership
from bulkdel.ledger.circumstances import Consent
from bulkdel.ledger.history import begun
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.lock import hold
from bulkdel.ledger.recorder import Recorder
from bulkdel.plan.protect import protected_accounts
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.providers.protocol import Secret
from bulkdel.report.preview import Preview
from bulkdel.report.rejects import read_rejects
from bulkdel.report.status import Status
from bulkdel.runs.app_lock import one_sender
from bulkdel.runs.backed_up import ensure_backed_up
from bulkdel.runs.circumstances import circumstances, settings_of
from bulkdel.runs.control import Obeys, listening
from bulkdel.runs.destinations import destinations_of, secret_of
from bulkdel.runs.end_notes import crash_noted, note_dead, note_end
from bulkdel.runs.failures import nothing_sent, unexpected
from bulkdel.runs.live import EVERY_S, MANY, SELDOM_S, LiveFile
from bulkdel.runs.plan import SAMPLE, backup_lists, choose_plan, sample, would_save
from bulkdel.runs.progress_log import ProgressLog
from bulkdel.runs.report import report
from bulkdel.runs.seams import Say, Show, TellStop
from bulkdel.runs.showing import keep_showing
from bulkdel.runs.status import identity_of, look
from bulkdel.send.allowance import Allowance
from bulkdel.send.book import JournalBook
from bulkdel.send.deed import Deed
from bulkdel.send.descriptors import fitting, sittings
from bulkdel.send.selection import Selection
from bulkdel.send.shared import OnSettled, Shared
from bulkdel.send.sitting import Sitting
from bulkdel.send.tunnel import Proxy
from bulkdel.send.view import End, Ending, LaneEnd, LaneView

if TYPE_CHECKING:
    from bulkdel.emulator.server import EmulatorServer


class Run:
    """One job's run directory, held by this process, and what is done in it, in this order."""

    def __init__(
        self,
        job: Job,
        stack: ExitStack,
        warnings: Sequence[str],
        *,
        ownership: Ownership = OURS,
        has_begun: bool = False,
    ) -> None:
        self._job = job
        self.ownership = ownership
        self._live: LiveFile | None = None
        self._hands = 0
        self._stack = stack
        self._warnings = warnings
        self._say: Say = _nothing
        self._secrets: dict[str, Secret] = {}
        self._consent: Consent | None = None
        self._proxies: dict[str, Proxy | None] = {}
        self._begun = has_begun
        self._deed_of: Callable[[Target], Deed] | None = None
        self._log: FilteringBoundLogger | None = None

    def plan(self, say: Say) -> PlanMeta:
        """The plan: the one that is there, or a new one.

        `say` takes what needs time, and why a plan is made anew.

        Raises:
            WrongInput: the input cannot be read, or has changed since the first call left.
        """
        self._say = say
        for words in self._warnings:
            say(f"Warning: {words}.")
        with nothing_sent():
            self._chosen = choose_plan(self._job, say, begun=self._begun)
        return self._chosen.meta

    def begin(self, meta: PlanMeta) -> Status:
        """Opens the journal, brings the ledger into agreement with it, and says how things stand.

        Raises:
            Corrupt: a file of the run directory is not what was written to it.
        """
        with nothing_sent():
            self._open(meta)
            return self.status()

    def _open(self, meta: PlanMeta) -> None:
        self._meta, sha256 = meta, self._chosen.sha256
        self._plan = self._stack.enter_context(PlanReader(self._job.run_dir, meta))
        if self._chosen.compare:
            self._plan.compare()
        self._protected = protected_accounts(self._job.guards)
        self._journal = self._stack.enter_context(
            Journal.open(
                self._job.run_dir,
                identity_of(self._job, meta, sha256.result() if sha256 else None),
                self._plan.entry,
                operation=meta.fingerprint.operation,
                mode=self._job.mode,
                fence=self.ownership.fence,
                alone=self.ownership.alone,
                epoch=self.ownership.epoch,
            )
        )
        if self.unsettled:
            for target in self._job.targets:
                self._secrets[target.name] = secret_of(target)
                self._proxies[target.name] = Proxy.of(target.proxy, read_login(target))
            at, warn = self._main_job.run_dir, self._warn_now
            self._stack.enter_context(one_sender(self._job.targets, at, warn))

    @property
    def unsettled(self) -> int:
        """Pairs that are left, over all targets; once the journal is open."""
        return sum(_unsettled(self._meta, self._journal))

    def log_to(self, log: FilteringBoundLogger) -> None:
        """What happens is told to this one, whoever sends."""
        self._log = log

    def agreed(self) -> bool:
        """Whether calls of this plan left before: then it was agreed to, and is not asked again."""
        return self._begun

    def agree(self, consent: Consent) -> None:
        """Keeps how somebody agreed to the plan; nothing is sent before."""
        self._consent = consent

    def send(
        self,
        meta: PlanMeta,
        *,
        limit: int | None,
        show: Show,
        tell: TellStop,
        selection: Selection | None = None,
        used_s: float = 0.0,
    ) -> Ending:
        """Sends until nothing is left or something stops it; every reply is recorded by then.

        Args:
            meta: the plan's.
            limit: pairs to settle in this sitting; None means all.
            show: to be called about twice a second.
            tell: takes what the first signal is told to, and what counts the calls in flight. Both
                may be called at any moment until this returns.
            selection: which pairs are sent; None means all.
            used_s: seconds of max_duration that were used before.

        Raises:
            WrongInput: a secret is not there; nothing was sent.
        """

        async def work() -> Ending:
            loop = asyncio.get_running_loop()

            def started(sitting: Sitting) -> None:
                def stop(name: str) -> None:
                    loop.call_soon_threadsafe(sitting.stop, End.STOPPED, f"stopped by {name}")

                tell(stop, sitting.in_flight)

            return await self.sending(
                meta,
                limit=limit,
                started=started,
                show=show,
                selection=selection,
                used_s=used_s,
            )

        with ExitStack() as stack:
            with nothing_sent():
                runner = stack.enter_context(asyncio.Runner())
            return runner.run(work())

    def listening(
        self, work: Obeys, warn: Callable[[str], None]
    ) -> AbstractAsyncContextManager[None]:
        """Within it `pause`, `resume` and `rate` of this run reach `work`; see control."""
        job = self._main_job
        ceilings = {target.name: target.qps for target in job.targets}
        return listening(job.run_dir, work, ceilings, warn)

    @property
    def _main_job(self) -> Job:
        """The job of the run that this is, or that it is beside."""
        return self._job

    def _follows_calls(self) -> bool:
        """Whether calls of another sitting may have left within the last second."""
        return self._begun or rundir.has_sides(self._job.run_dir)

    def note_ended(self, ending: Ending) -> None:
        """Keep how all of it ended, where that is not how the last sending ended."""
        self._note_end(ending.lanes)

    def status(self) -> Status:
        """How things stand now."""
        return look(self._job, held=True, meta=self._meta)

    def report(self, say: Say, command: Callable[..., str]) -> None:
        """The run as a page, for whoever comes in the morning; it decides nothing."""
        try:
            page, _ = report(self._job, held=True, patient=False, meta=self._meta, command=command)
        except Exception as error:  # noqa: BLE001  # the run's outcome stands, whatever this is
            words = str(error) if isinstance(error, BulkdelError) else unexpected(error)
            structlog.get_logger().warning("report.failed", said=words)
            say(f"Warning: no report was written: {words}")
        else:
            say(f"Report: {page}")

    def _word_since(self, began_ms: int) -> LiveFile:
        return LiveFile(
            self._job.run_dir,
            pid=os.getpid(),
            began_ms=began_ms,
            hands=self._hands,
            every_s=SELDOM_S if sittings() > MANY else EVERY_S,
            fence=self.ownership.fence,
        )

    def _stand_in(self, target: Target) -> EmulatorServer:
        from bulkdel.runs.stand_in import stand_in  # a web server: only where wanted

        return stand_in(self._job, target)

    def _warn_now(self, words: str) -> None:
        self._warn(self._log or structlog.get_logger(), words)

    def _warn(self, log: FilteringBoundLogger, words: str) -> None:
        """Tell of a convenience that this sitting does without."""
        log.warning("sitting.without", said=words)
        self._say(f"Warning: {words}.")

    def _note_end(self, lanes: Sequence[LaneEnd]) -> None:
        """Keep how the sitting ended, if it began, for whoever asks later."""
        note_end(self._journal, lanes)

    async def sending(
        self,
        meta: PlanMeta,
        *,
        limit: int | None,
        started: Callable[[Sitting], None],
        show: Show | None = None,
        on_settled: OnSettled | None = None,
        log: FilteringBoundLogger | None = None,
        selection: Selection | None = None,
        used_s: float = 0.0,
    ) -> Ending:
        """As `send`, within a running loop.

        Args:
            meta: the plan's.
            limit: pairs to settle in this sitting; None means all.
            started: is given the sitting before it sends.
            show: to be called about twice a second.
            on_settled: is awaited with every outcome, once it is durable.
            log: takes what happens; structlog's own, as it is set up, if there is none.
            selection: which pairs are sent; None means all.
            used_s: seconds of max_duration that were used before.
        """
        job, consent = self._job, self._consent
        log = self._log or log or structlog.get_logger()
        if consent is None:
            raise AssertionError("nobody has agreed to the plan")
        if self._deed_of is None:  # it deletes
            ensure_backed_up(job, meta)
        show = show or _nothing
        async with AsyncExitStack() as stack:
            targets, fewer = stack.enter_context(fitting(job.targets))
            if fewer:
                log.warning("calls.bounded", said=fewer)
                self._say(f"Warning: {fewer}.")
            stack.enter_context(crash_noted(self._journal, meta))
            with nothing_sent():
                recorder = await stack.enter_async_context(Recorder(self._journal))
                shared = Shared(
                    job=job,
                    meta=meta,
                    plan=self._plan,
                    book=JournalBook(self._journal, recorder),
                    protected=frozenset(self._protected),
                    allowance=Allowance(limit, _unsettled(meta, self._journal)),
                    log=log,
                    on_settled=on_settled,
                    deed_of=self._deed_of,
                    selection=selection,
                    used_s=used_s,
                    fence=self.ownership.fence,
                )
                destinations = await destinations_of(
                    targets, self._secrets, self._proxies, self._stand_in, stack
                )
                sitting = Sitting(shared, destinations, continued=self._follows_calls())
                started(sitting)
                warn = partial(self._warn, log)
                await stack.enter_async_context(self.listening(sitting, warn))
                settings = settings_of(job, targets, self._protected)
                how = circumstances(consent, sends=True, limit=limit, settings=settings)
                note_dead(self._journal)
                began_ms = _now_ms()
                self._journal.start_sitting(began_ms, os.getpid(), how)
            self._live = live = self._word_since(began_ms)
            progress = ProgressLog(log, asyncio.get_running_loop().time)

            def show_all(views: Sequence[LaneView]) -> None:
                live.views = views
                progress.show(views)
                show(views)

            showing = keep_showing(sitting, show_all, live, warn)
            shower = asyncio.create_task(showing, name="progress")
            try:
                ending = await sitting.run()
            finally:
                shower.cancel()
            show_all(sitting.views())
        self._note_end(ending.lanes)
        return ending


@contextmanager
def held_run(job: Job) -> Iterator[Run]:
    """Holds the job's run directory (made 0700 if need be) for the length of a with block.

    Raises:
        Busy: another process holds it.
        WrongInput: it is of no use; see `hold`.
    """
    with ExitStack() as stack:
        with nothing_sent():
            warnings = stack.enter_context(hold(job.run_dir))
            held = Run(job, stack, warnings, has_begun=begun(job.run_dir))
        yield held


def plan_only(job: Job, say: Say) -> Preview:
    """The job's plan, made if there is none that fits, and what is to be shown of it.

    Sends nothing.
    """
    with held_run(job) as run:
        meta = run.plan(say)
        # Once calls have left, nothing that decides the plan can be chosen any more.
        saved, why_not = ((), "") if run.agreed() else would_save(job, meta, say)
        return Preview(
            meta=meta,
            rejects=read_rejects(job.run_dir / files.REJECTS),
            sample=sample(job, meta, SAMPLE) if meta.books.pairs else (),
            savings=saved,
            savings_unknown=why_not,
            backup_lists=backup_lists(job, meta),
        )


def _nothing(_: object) -> None:
    return


def _unsettled(meta: PlanMeta, journal: Journal) -> list[int]:
    """Pairs left of each target, in the plan's order."""
    return [
        share.pairs - journal.counters(index).settled for index, share in enumerate(meta.shares)
    ]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
