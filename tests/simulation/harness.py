"""Carries a scenario out: sitting after sitting over one run directory, in virtual time."""

from __future__ import annotations

import asyncio
import io
import random
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import structlog

from bulkdel.emulator.server import EmulatorServer
from bulkdel.errors import StorageFailed
from bulkdel.job.job import Job
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.send.view import End as LaneEnded
from tests.simulation.disk import whole_lines
from tests.simulation.history import History, SittingHistory
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import EPOCH_S, Network
from tests.simulation.one_sitting import OneSitting, running
from tests.simulation.planned import entries_of, findings_in, job_of, plan_of, to_ask
from tests.simulation.scenario import End, Scenario, Trial
from tests.simulation.sockets import record
from tests.support.autojump_clock import AutojumpLoop

HEALED_SITTINGS: Final = 12
STUBBORN_SITTINGS: Final = 3
"""Sittings that may follow once nothing goes wrong any more but what never will go right."""


def carried_out(scenario: Scenario, *, sockets: bool = False, asks: bool = False) -> History:
    """The history of the scenario's run; over loopback sockets it is not the same each time.

    With `asks` nothing is deleted: it is asked whether what would have been is gone.

    Raises:
        Broken: a promise was broken on the way.
    """
    random.seed(scenario.seed)  # the jitter of retries
    with (
        tempfile.TemporaryDirectory(prefix="bulkdel-simulated-", dir=_fast()) as folder,
        asyncio.Runner(loop_factory=AutojumpLoop if sockets else SimulatedLoop) as runner,
    ):
        return runner.run(_Run(scenario, Path(folder), sockets=sockets, asks=asks).whole())


class _Run:
    def __init__(self, scenario: Scenario, folder: Path, *, sockets: bool, asks: bool) -> None:
        self._scenario, self._asks = scenario, asks
        self._sockets = sockets
        self._addresses: dict[str, str] = {}
        self._folder = folder
        self._number = 0
        self._dir = folder / "run-0"
        self._dir.mkdir(mode=0o700)
        self._networks = {
            target.name: Network(
                target.name, scenario.emulated(target), target.links, scenario.seed
            )
            for target in scenario.targets
        }
        self._history = History(scenario=scenario)
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

    async def whole(self) -> History:
        history, scenario = self._history, self._scenario
        loop = running()
        if isinstance(loop, SimulatedLoop) and scenario.thread_s:
            loop.thread_s = lambda: self._rng.random() * scenario.thread_s
        for name, network in self._networks.items():
            network.emulated.since = EPOCH_S
            history.before[name] = set(network.emulated.world.pairs())
        meta, plan = plan_of(scenario, self._job)
        meta = to_ask(meta) if self._asks else meta
        try:
            async with AsyncExitStack() as stack:
                if self._sockets:
                    await self._serve(stack)
                await self._sittings(meta, plan)
            history.findings = findings_in(self._dir, meta, plan)
            if scenario.oriented:
                history.planned = entries_of(meta, plan)
        finally:
            plan.close()
        for name, network in self._networks.items():
            history.sent[name] = network.sent
            history.received[name] = network.emulated.stats.received
            history.overlaps[name] = network.emulated.stats.overlaps
            history.after[name] = set(network.emulated.world.pairs())
        self._gather_files()
        history.log = self._out.getvalue().replace(str(self._folder), "FOLDER")
        history.files["run.log"] = history.log.encode()
        history.virtual_s = loop.time()
        return history

    async def _serve(self, stack: AsyncExitStack) -> None:
        """Put every provider on a loopback port; connections are refused in its outages."""
        for name, network in self._networks.items():
            recorded = record(network, self._sitting, self._scenario.timeout_s)
            server = EmulatorServer(
                recorded, clock=lambda: EPOCH_S + running().time(), outages=network.links.outages
            )
            self._addresses[name] = (await stack.enter_async_context(server)).address

    def _sitting(self) -> int:
        return len(self._history.sittings) - 1

    async def _sittings(self, meta: PlanMeta, plan: PlanReader) -> None:
        scenario, history = self._scenario, self._history
        for trial in scenario.trials:
            await asyncio.sleep(trial.pause_s)
            if await self._sit(trial, meta, plan):
                return
        healed = 0
        pause_s = 0.0
        while healed < (STUBBORN_SITTINGS if scenario.stubborn else HEALED_SITTINGS):
            await asyncio.sleep(pause_s)
            healed += running().time() >= scenario.healed_s
            if await self._sit(Trial(end=End.BY_ITSELF), meta, plan):
                return
            pause_s = min(max(2 * pause_s, 1.0, scenario.healed_s / 20), scenario.healed_s)
            if LaneEnded.GUARD in history.sittings[-1].ends.values():
                return

    @property
    def _job(self) -> Job:
        return job_of(self._scenario, self._dir)

    async def _sit(self, trial: Trial, meta: PlanMeta, plan: PlanReader) -> bool:
        """One sitting; whether the run is finished."""
        loop = running()
        seen = SittingHistory(trial=trial, began_at=loop.time())
        self._history.sittings.append(seen)
        at = len(self._history.sittings) - 1
        self._log.info("simulation.sitting", number=at, end=str(trial.end))
        sitting = OneSitting(
            self._scenario,
            trial,
            seen,
            at,
            self._job,
            meta,
            plan,
            self._networks,
            self._addresses,
            self._log,
        )
        try:
            ghost = await sitting.carry_out(self._folder / f"run-{self._number + 1}")
        except StorageFailed:
            seen.failed, ghost = True, False
        for name, most in sitting.crowds.items():
            self._history.crowds[name] = max(most, self._history.crowds[name])
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
                self._history.files[f"{self._dir.name}/{path.name}"] = path.read_bytes()
        self._history.finished = bool(self._history.sittings) and set(
            self._history.sittings[-1].ends.values()
        ) == {str(LaneEnded.FINISHED)}


def _stamp(_: Any, __: str, event: Any) -> Any:
    event["t"] = round(running().time(), 6)
    return event


def _fast() -> str | None:
    """A directory in memory, where there is one: what is tried here is order, not the disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a fresh one inside it
