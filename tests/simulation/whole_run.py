"""Carries a scenario out: sitting after sitting over one run directory, in virtual time.

A process dies by having what it left copied away at that instant: the copy is the run directory
from then on, and whatever the ghost still does goes nowhere.
"""

from __future__ import annotations

import asyncio
import io
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import structlog

from bulkdel.emulator.server import EmulatorServer
from bulkdel.errors import BulkdelError, StorageFailed
from bulkdel.job.job import Job
from bulkdel.ledger.identity import Identity, TargetIdentity
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.recorder import MARGIN_BYTES, Recorder
from bulkdel.ledger.sittings import LaneStop
from bulkdel.ledger.snapshot import begun, snapshot
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.providers.protocol import Secret
from bulkdel.send import run as sending
from bulkdel.send.run import Post, Sitting
from bulkdel.send.transport import Transport
from bulkdel.send.view import End as LaneEnded
from bulkdel.send.view import Ending
from tests.simulation.disk import Trouble, TroubledJournal, keep, whole_lines
from tests.simulation.loop import SimulatedLoop
from tests.simulation.planned import job_of, plan_of
from tests.simulation.scenario import SECRET, WRONG_SECRET, Act, End, Scenario
from tests.simulation.sockets import record
from tests.simulation.wire import EPOCH_S, Sent, Sky, Wire
from tests.support.autojump_clock import AutojumpLoop

HEALED_SITTINGS = 12
"""Sittings that may follow once nothing goes wrong any more."""
_DYING = (End.DIES_AT_TURN, End.DIES_AT_CALL, End.DIES_IN_WRITE, End.STOPS_AND_DIES)


class Broken(AssertionError):
    """A promise was broken while the run went on."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """One sitting from outside.

    Attributes:
        ends: how its lanes ended, by target; empty where the process died.
        words: what they said.
        died: whether the process died; failed: whether a write of it failed.
        before, after: the counters by target, as status numbers.
        ledger: the ledger's complete lines when it was over.
        calls: calls that left in it, by target.
        stopped_at: when it was told to stop; virtual seconds.
    """

    act: Act
    began_at: float
    ended_at: float = 0.0
    ends: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    died: bool = False
    failed: bool = False
    before: dict[str, dict[str, int]] = field(default_factory=dict)
    after: dict[str, dict[str, int]] = field(default_factory=dict)
    ledger: bytes = b""
    calls: Counter[str] = field(default_factory=Counter)
    stopped_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Story:
    """All that an oracle needs to know of a whole run.

    Attributes:
        sent: calls that left, by target.
        received: calls that the provider counted, by target.
        overlaps: calls that met another one of the same account, by the provider's count.
        before: friend lists at the beginning, by target; after: at the end.
        files: what the run directory holds at the end, and what every ghost's held.
        crowds: the most carriers that a lane had, by target.
    """

    scenario: Scenario
    sittings: list[Seen] = field(default_factory=list)
    sent: dict[str, list[Sent]] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    overlaps: dict[str, int] = field(default_factory=dict)
    before: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    after: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    crowds: Counter[str] = field(default_factory=Counter)
    finished: bool = False
    log: str = ""
    virtual_s: float = 0.0


def carried_out(scenario: Scenario, *, sockets: bool = False) -> Story:
    """The story of the scenario's run; over loopback sockets it is not the same each time.

    Raises:
        Broken: a promise was broken on the way.
    """
    random.seed(scenario.seed)  # the jitter of retries
    with (
        tempfile.TemporaryDirectory(prefix="bulkdel-simulated-", dir=_fast()) as folder,
        asyncio.Runner(loop_factory=AutojumpLoop if sockets else SimulatedLoop) as runner,
    ):
        return runner.run(_Run(scenario, Path(folder), sockets=sockets).whole())


class _Run:
    def __init__(self, scenario: Scenario, folder: Path, *, sockets: bool) -> None:
        self._scenario = scenario
        self._sockets = sockets
        self._addresses: dict[str, str] = {}
        self._folder = folder
        self._number = 0
        self._dir = folder / "run-0"
        self._dir.mkdir(mode=0o700)
        self._skies = {
            target.name: Sky(target.name, scenario.emulated(target), target.roads, scenario.seed)
            for target in scenario.targets
        }
        self._story = Story(scenario=scenario)
        self._out = io.StringIO()
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(self._out),
            processors=[
                _stamp,
                structlog.processors.ExceptionRenderer(),
                structlog.processors.JSONRenderer(),
            ],
        )
        self._rng = random.Random(f"{scenario.seed}/disk")

    async def whole(self) -> Story:
        story, scenario = self._story, self._scenario
        loop = _loop()
        if isinstance(loop, SimulatedLoop) and scenario.thread_s:
            loop.thread_s = lambda: self._rng.random() * scenario.thread_s
        for name, sky in self._skies.items():
            sky.emulated.since = EPOCH_S
            story.before[name] = set(sky.emulated.world.pairs())
        meta, plan = plan_of(scenario, self._job)
        try:
            async with AsyncExitStack() as stack:
                if self._sockets:
                    await self._serve(stack)
                await self._sittings(meta, plan)
        finally:
            plan.close()
        for name, sky in self._skies.items():
            story.sent[name] = sky.sent
            story.received[name] = sky.emulated.stats.received
            story.overlaps[name] = sky.emulated.stats.overlaps
            story.after[name] = set(sky.emulated.world.pairs())
        self._gather_files()
        story.log = self._out.getvalue().replace(str(self._folder), "FOLDER")
        story.files["run.log"] = story.log.encode()
        story.virtual_s = loop.time()
        return story

    async def _serve(self, stack: AsyncExitStack) -> None:
        """Put every provider on a loopback port; connections are refused in its outages."""
        for name, sky in self._skies.items():
            recorded = record(sky, self._sitting, self._scenario.timeout_s)
            server = EmulatorServer(
                recorded, clock=lambda: EPOCH_S + _loop().time(), outages=sky.roads.outages
            )
            self._addresses[name] = (await stack.enter_async_context(server)).address

    def _sitting(self) -> int:
        return len(self._story.sittings) - 1

    async def _sittings(self, meta: PlanMeta, plan: PlanReader) -> None:
        scenario, story = self._scenario, self._story
        for act in scenario.acts:
            await asyncio.sleep(act.pause_s)
            if await self._sit(act, meta, plan):
                return
        healed = 0
        pause_s = 0.0
        while healed < (3 if scenario.stubborn else HEALED_SITTINGS):
            await asyncio.sleep(pause_s)
            healed += _loop().time() >= scenario.healed_s
            if await self._sit(Act(end=End.BY_ITSELF), meta, plan):
                return
            pause_s = min(max(2 * pause_s, 1.0, scenario.healed_s / 20), scenario.healed_s)
            if LaneEnded.GUARD in story.sittings[-1].ends.values():
                return

    @property
    def _job(self) -> Job:
        return job_of(self._scenario, self._dir)

    async def _sit(self, act: Act, meta: PlanMeta, plan: PlanReader) -> bool:
        """One sitting; whether the run is finished."""
        loop = _loop()
        seen = Seen(act=act, began_at=loop.time())
        self._story.sittings.append(seen)
        at = len(self._story.sittings) - 1
        self._log.info("simulation.sitting", number=at, end=str(act.end))
        sitting = _OneSitting(
            self._scenario, act, seen, at, self._job, meta, plan, self._skies, self._log
        )
        sitting.addresses = self._addresses
        try:
            ghost = await sitting.carry_out(self._folder / f"run-{self._number + 1}")
        except StorageFailed:
            seen.failed, ghost = True, False
        for name, most in sitting.crowds.items():
            self._story.crowds[name] = max(most, self._story.crowds[name])
        seen.ended_at = loop.time()
        if ghost:
            self._gather_files()
            self._number += 1
            self._dir = self._folder / f"run-{self._number}"
        seen.ledger = whole_lines(self._dir)
        return not seen.died and set(seen.ends.values()) == {str(LaneEnded.FINISHED)}

    def _gather_files(self) -> None:
        for path in sorted(self._dir.iterdir()):
            if path.is_file():
                self._story.files[f"{self._dir.name}/{path.name}"] = path.read_bytes()
        self._story.finished = bool(self._story.sittings) and set(
            self._story.sittings[-1].ends.values()
        ) == {str(LaneEnded.FINISHED)}


class _OneSitting:
    def __init__(  # noqa: PLR0917  # all that a process has
        self,
        scenario: Scenario,
        act: Act,
        seen: Seen,
        number: int,
        job: Job,
        meta: PlanMeta,
        plan: PlanReader,
        skies: dict[str, Sky],
        log: Any,
    ) -> None:
        self._scenario, self._act, self._seen, self._at = scenario, act, seen, number
        self._job, self._meta, self._plan, self._skies, self._log = job, meta, plan, skies, log
        self._wires: list[Wire] = []
        self.addresses: dict[str, str] = {}
        self._kept: Path | None = None
        self._task: asyncio.Task[Ending] | None = None
        self._sitting: Sitting | None = None
        self.crowds: Counter[str] = Counter()
        self._full = False
        self._gave_up = False
        self._began = _loop().time()

    async def carry_out(self, copy: Path) -> bool:
        """Whether the process died, leaving `copy`."""
        loop, act, seen = _loop(), self._act, self._seen
        self._copy = copy
        continued = begun(self._job.run_dir)
        journal = TroubledJournal.open(
            self._job.run_dir,
            _identity(self._job, self._meta),
            self._plan.entry,
            operation=self._job.operation,
            mode=self._job.mode,
        )
        try:
            if act.end in {End.DIES_IN_WRITE, End.WRITE_FAILS}:
                dies = self._die if act.end is End.DIES_IN_WRITE else None
                journal.trouble = Trouble(
                    tick=act.number, point=act.point, torn=act.torn, dies=dies
                )
            journal.start_sitting(int(self._now_s() * 1000), 1)
            seen.before = self._numbers()
            with self._put_in_place():
                self._sitting = self._made(journal, continued=continued)
                self._task = loop.create_task(self._sitting.run(), name="sitting")
                timers = self._arm()
                ending = await self._finished()
            for timer in timers:
                timer.cancel()
            if ending is not None and self._kept is None:
                self._end(journal, ending)
        finally:
            for sky in self._skies.values():
                sky.watch = lambda _: None
            seen.failed = journal.failures > 0
            seen.died = self._kept is not None
            for wire in self._wires:
                if not seen.died:
                    wire.die()
            journal.close()
        return seen.died

    def _arm(self) -> list[asyncio.TimerHandle]:
        """Let happen what the act says."""
        loop, act = _loop(), self._act
        timers: list[asyncio.TimerHandle] = []
        for name, sky in self._skies.items():
            sky.watch = self._watch_of(name)
        if act.end is End.DIES_AT_TURN and isinstance(loop, SimulatedLoop):
            loop.at_turn(act.number * 4, self._die)
        if act.end in {End.STOPS, End.STOPS_AND_DIES}:
            timers.append(loop.call_later(act.at_s, self._stop))
        if act.end is End.STOPS_AND_DIES:
            timers.append(loop.call_later(act.at_s + act.grace_s, self._die))
        if act.end is End.NO_SPACE:
            timers.append(loop.call_later(act.at_s, self._fill))
        timers.append(loop.call_later(self._patience_s(), self._give_up))
        return timers

    def _die(self) -> None:
        """The process is gone at this instant."""
        if self._kept is not None or self._task is None or self._task.done():
            return
        self._kept = self._copy
        keep(self._job.run_dir, self._copy)
        for wire in self._wires:
            wire.die()
        loop = _loop()
        if isinstance(loop, SimulatedLoop):
            loop.thread_s = lambda: 0.0
        self._task.cancel()

    def _stop(self) -> None:
        if self._sitting is not None:
            self._seen.stopped_at = _loop().time()
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
        loop = _loop()
        pace = loop.thread_s if isinstance(loop, SimulatedLoop) else None
        assert self._task is not None
        try:
            ending = await self._task
        except asyncio.CancelledError:
            ending = None
        except BaseException as error:
            if self._kept is None and not self._storage(error):
                raise
            ending = None
        finally:
            if isinstance(loop, SimulatedLoop) and pace is not None:
                loop.thread_s = pace
        if self._gave_up:
            raise Broken(f"sitting {self._at} did not end within {self._patience_s():.0f} s")
        return ending

    @staticmethod
    def _storage(error: BaseException) -> bool:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return isinstance(error, StorageFailed)

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
            took = _loop().time() - seen.stopped_at
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

    def _made(self, journal: Journal, *, continued: bool) -> Sitting:
        wrong = self._act.end is End.WRONG_KEY
        secret = WRONG_SECRET if wrong else SECRET
        return Sitting(
            job=self._job,
            posts=[
                Post(
                    target=target,
                    address=self.addresses.get(target.name, target.name),
                    secret=Secret(secret),
                )
                for target in self._job.targets
            ],
            meta=self._meta,
            plan=self._plan,
            journal=journal,
            continued=continued,
            limit=self._act.limit,
            log=self._log,
            now_s=self._now_s,
        )

    def _now_s(self) -> float:
        """This machine's clock, which may be off."""
        now = _loop().time()
        skew = 0.0
        for since, by in self._act.skews:
            if now - self._began >= since:
                skew = by
        return EPOCH_S + now + skew

    def _watch_of(self, name: str) -> Any:
        act = self._act

        def watch(_: Sent) -> None:
            self._seen.calls[name] += 1
            if self._sitting is not None:
                for lane in self._sitting._lanes:
                    target = lane._target.name
                    most = lane._traffic.carriers
                    self.crowds[target] = max(self.crowds[target], most)
            if act.end is End.DIES_AT_CALL and sum(self._seen.calls.values()) == act.number:
                _loop().call_soon(self._die)

        return watch

    @contextmanager
    def _put_in_place(self) -> Iterator[None]:
        """Wires for transports, and a disk whose free space the act decides."""

        def wire(address: str, *, max_in_flight: int, timeout_s: float) -> Wire:
            del max_in_flight
            made = Wire(self._skies[address], sitting=self._at, timeout_s=timeout_s)
            self._wires.append(made)
            return made

        def recorder(journal: Journal) -> Recorder:
            return Recorder(journal, free_bytes=self._free_bytes, clock=_loop().time)

        transport = Transport if self.addresses else wire
        with (
            mock.patch.object(sending, "Transport", transport),
            mock.patch.object(sending, "Recorder", recorder),
        ):
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


def _loop() -> AutojumpLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, AutojumpLoop)
    return loop


def _stamp(_: Any, __: str, event: Any) -> Any:
    event["t"] = round(asyncio.get_running_loop().time(), 6)
    return event


def _fast() -> str | None:
    """A directory in memory, where there is one: what is tried here is order, not the disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a fresh one inside it
