"""One sitting: the engine at work, until it ends, is stopped, or its process dies.

A process dies by having what it left copied away at that instant: the copy is the run directory
from then on, and whatever the ghost still does goes nowhere.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from bulkdel.errors import BulkdelError
from bulkdel.job.job import Job, Target
from bulkdel.ledger.history import begun, snapshot
from bulkdel.ledger.identity import Identity, TargetIdentity
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.recorder import MARGIN_BYTES, Recorder
from bulkdel.ledger.sittings import LaneStop
from bulkdel.ledger.tables import JOURNAL
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import Secret
from bulkdel.send import sitting as sending
from bulkdel.send.allowance import Allowance
from bulkdel.send.book import Book
from bulkdel.send.deed import Asking, Deed
from bulkdel.send.shared import Destination, Shared
from bulkdel.send.sitting import Sitting
from bulkdel.send.transport import Transport
from bulkdel.send.tunnel import Proxy
from bulkdel.send.view import End as LaneEnded
from bulkdel.send.view import Ending
from bulkdel.words import Errand
from tests.simulation.disk import CountedBook, CountedPlan, Reads, Trouble, TroubledJournal, keep
from tests.simulation.history import Broken, SittingHistory
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import EPOCH_S, Network, NetworkTransport, Sent
from tests.simulation.scenario import SECRET, WRONG_SECRET, End, Scenario, Trial
from tests.support.autojump_clock import AutojumpLoop
from tests.support.build import CIRCUMSTANCES


class OneSitting:
    """What one process has, and what is let happen to it."""

    def __init__(  # noqa: PLR0917  # all that a process has
        self,
        scenario: Scenario,
        trial: Trial,
        seen: SittingHistory,
        number: int,
        job: Job,
        meta: PlanMeta,
        plan: PlanReader,
        networks: Mapping[str, Network],
        addresses: Mapping[str, str],
        log: Any,
    ) -> None:
        self._scenario, self._trial, self._seen, self._at = scenario, trial, seen, number
        self._job, self._meta, self._plan, self._networks, self._log = (
            job,
            meta,
            plan,
            networks,
            log,
        )
        self._transports: list[NetworkTransport] = []
        self._addresses = addresses
        self._kept: Path | None = None
        self._task: asyncio.Task[Ending] | None = None
        self._sitting: Sitting | None = None
        self.crowds: Counter[str] = Counter()
        self._full = False
        self._gave_up = False
        self._began = running().time()

    async def carry_out(self, copy: Path) -> bool:
        """Whether the process died, leaving `copy`."""
        loop, trial, seen = running(), self._trial, self._seen
        self._copy = copy
        continued = begun(self._job.run_dir)
        journal = TroubledJournal.open(
            self._job.run_dir,
            _identity(self._job, self._meta),
            self._plan.entry,
            operation=self._meta.fingerprint.operation,
            mode=self._job.mode,
        )
        fails_at = trial.number if trial.end is End.READ_FAILS else 0
        journal.reads = reads = Reads(fails_at, damaged=trial.damaged)
        self._reader = sqlite3.connect(self._job.run_dir / JOURNAL)
        try:
            if trial.end in {End.DIES_IN_WRITE, End.WRITE_FAILS}:
                dies = self._die if trial.end is End.DIES_IN_WRITE else None
                journal.trouble = Trouble(
                    tick=trial.number, point=trial.point, torn=trial.torn, dies=dies
                )
            journal.start_sitting(int(self._now_s() * 1000), 1, CIRCUMSTANCES)
            seen.before = self._numbers()
            with self._put_in_place():
                recorder = Recorder(journal, free_bytes=self._free_bytes, clock=loop.time)
                async with recorder:
                    book = CountedBook(journal, recorder, reads)
                    plan = CountedPlan(self._plan, reads)
                    self._sitting = self._made(book, plan, continued=continued)
                    self._task = loop.create_task(self._sitting.run(), name="sitting")
                    timers = self._arm()
                    ending = await self._finished()
            for timer in timers:
                timer.cancel()
            if ending is not None and self._kept is None:
                self._end(journal, ending)
        finally:
            for network in self._networks.values():
                network.watch = lambda _: None
            seen.failed = journal.failures > 0
            seen.reads = reads.count
            seen.died = self._kept is not None
            for wire in self._transports:
                if not seen.died:
                    wire.die()
            self._reader.close()
            journal.close()
        return seen.died

    def _arm(self) -> list[asyncio.TimerHandle]:
        """Let happen what the trial says."""
        loop, trial = running(), self._trial
        timers: list[asyncio.TimerHandle] = []
        for name, network in self._networks.items():
            network.watch = self._watch_of(name)
        if trial.end is End.DIES_AT_TURN and isinstance(loop, SimulatedLoop):
            loop.at_turn(trial.number * 4, self._die)
        if trial.end in {End.STOPS, End.STOPS_AND_DIES}:
            timers.append(loop.call_later(trial.at_s, self._stop))
        if trial.end is End.STOPS_AND_DIES:
            timers.append(loop.call_later(trial.at_s + trial.grace_s, self._die))
        if trial.end is End.NO_SPACE:
            timers.append(loop.call_later(trial.at_s, self._fill))
        timers.append(loop.call_later(self._patience_s(), self._give_up))
        return timers

    def _die(self) -> None:
        """The process is gone at this instant."""
        if self._kept is not None or self._task is None or self._task.done():
            return
        self._kept = self._copy
        keep(self._job.run_dir, self._copy)
        for wire in self._transports:
            wire.die()
        loop = running()
        if isinstance(loop, SimulatedLoop):
            loop.thread_s = lambda: 0.0
        self._task.cancel()

    def _stop(self) -> None:
        if self._sitting is not None:
            self._seen.stopped_at = running().time()
            self._sitting.stop(LaneEnded.STOPPED, "stopped by SIGTERM")

    def _fill(self) -> None:
        self._full = True

    def _give_up(self) -> None:
        if self._kept is None and self._task is not None and not self._task.done():
            self._gave_up = True
            self._task.cancel()

    def _patience_s(self) -> float:
        """A sitting that takes longer than this hangs. Generous, and derived from the job."""
        job = self._job
        retry = job.retry
        left = sum(share.pairs + share.batches for share in self._meta.shares)
        slowest = min(target.qps for target in job.targets)
        calls = 2 * left * (retry.max_attempts + 10)
        each = retry.timeout_s + retry.max_delay_s + 5.0
        return (
            2 * self._scenario.healed_s + retry.outage_limit_s * 2 + calls * (each + 20 / slowest)
        )

    async def _finished(self) -> Ending | None:
        """The ending; None where the process died."""
        loop = running()
        pace = loop.thread_s if isinstance(loop, SimulatedLoop) else None
        assert self._task is not None
        try:
            ending = await self._task
        except asyncio.CancelledError:
            ending = None
        except BaseException:
            if self._kept is None:
                raise
            ending = None
        finally:
            if isinstance(loop, SimulatedLoop) and pace is not None:
                loop.thread_s = pace
        if self._gave_up:
            raise Broken(f"sitting {self._at} did not end within {self._patience_s():.0f} s")
        return ending

    def _end(self, journal: Journal, ending: Ending) -> None:
        seen = self._seen
        for lane in ending.lanes:
            seen.ends[lane.target] = str(lane.end)
            seen.words[lane.target] = lane.words
        try:
            journal.end_sitting(
                int(self._now_s() * 1000),
                "ended",
                [
                    LaneStop(target=lane.target, end=str(lane.end), words=lane.words)
                    for lane in ending.lanes
                ],
            )
        except BulkdelError:
            seen.failed = True
        seen.after = self._numbers()
        if seen.stopped_at is not None:
            took = running().time() - seen.stopped_at
            most = self._job.retry.timeout_s + 20 * self._scenario.thread_s + 0.5
            if took > most:
                raise Broken(f"stopping took {took:.3f} s, more than {most:.3f} s")

    def _numbers(self) -> dict[str, dict[str, int]]:
        found = snapshot(self._job.run_dir)
        assert found is not None
        return {
            name: {key: getattr(counters, key) for key in counters.__slots__}
            for name, counters in found.counters.items()
        }

    def _made(self, book: Book, plan: PlanReader, *, continued: bool) -> Sitting:
        wrong = self._trial.end is End.WRONG_KEY
        secret = WRONG_SECRET if wrong else SECRET
        shared = Shared(
            job=self._job,
            meta=self._meta,
            plan=plan,
            book=book,
            protected=frozenset(),
            allowance=Allowance(
                self._trial.limit,
                [
                    share.pairs - book.counters(index).settled
                    for index, share in enumerate(self._meta.shares)
                ],
            ),
            log=self._log,
            now_s=self._now_s,
            deed_of=self._asking if isinstance(self._meta.fingerprint.operation, Errand) else None,
        )
        destinations = [
            Destination(
                target=target,
                address=self._addresses.get(target.name, target.name),
                secret=Secret(secret),
            )
            for target in self._job.targets
        ]
        return Sitting(shared, destinations, continued=continued)

    def _asking(self, target: Target) -> Deed:
        """Of a plan to ask, what its calls do."""
        return Asking(PROVIDERS[target.provider], self._job.mode)

    def _now_s(self) -> float:
        """This machine's clock, which may be off."""
        now = running().time()
        skew = 0.0
        for since, by in self._trial.skews:
            if now - self._began >= since:
                skew = by
        return EPOCH_S + now + skew

    def _watch_of(self, name: str) -> Any:
        trial = self._trial
        number = [one.name for one in self._scenario.targets].index(name)

        def watch(sent: Sent) -> None:
            self._seen.calls[name] += 1
            noted = self._reader.execute(
                "SELECT calls FROM counters WHERE target = ?", (number,)
            ).fetchone()[0]
            if noted < len(self._networks[name].sent):
                raise Broken(f"a call left before its intent was durable: {sent}")
            if self._sitting is not None:
                for lane in self._sitting._lanes:
                    target = lane._target.name
                    most = lane._carriers.count
                    self.crowds[target] = max(self.crowds[target], most)
            if trial.end is End.DIES_AT_CALL and sum(self._seen.calls.values()) == trial.number:
                running().call_soon(self._die)

        return watch

    @contextmanager
    def _put_in_place(self) -> Iterator[None]:
        """Calls go through the emulated network."""

        def emulated(
            address: str,
            *,
            max_in_flight: int,
            timeout_s: float,
            room: asyncio.Semaphore,
            proxy: Proxy | None,
            fence: Callable[[], None],
        ) -> NetworkTransport:
            del max_in_flight, room, proxy, fence  # no lease ends in these
            made = NetworkTransport(self._networks[address], sitting=self._at, timeout_s=timeout_s)
            self._transports.append(made)
            return made

        transport = Transport if self._addresses else emulated
        with mock.patch.object(sending, "Transport", transport):
            yield

    def _free_bytes(self) -> int:
        return 0 if self._full else 10 * MARGIN_BYTES


def _identity(job: Job, meta: PlanMeta) -> Identity:
    return Identity(
        plan_digest=meta.digest,
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


def running() -> AutojumpLoop:
    """The loop that this runs on; over sockets it is not a SimulatedLoop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, AutojumpLoop)
    return loop
