"""A backup carried out within a test, against emulated providers that live in the same loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
import zstandard

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faulttext import parse_faults
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.server import EmulatorServer
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.emulator.world import Data, World
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.values import Outcome
from bulkdel.plan.values import PlanMeta
from bulkdel.report.backup import BackupStatus
from bulkdel.runs.backup import backup_sides, finish_backup, prepare_backup
from bulkdel.runs.beside import held_side
from bulkdel.runs.run import held_run
from bulkdel.send.sitting import Sitting
from tests.support.judge import APP_IDS
from tests.support.process import KEY, csv_text, toml

Pair = tuple[str, str]
Entry = tuple[str, str, str]
"""Target, whose list, and who is on it."""

QUICK = "\n[retry]\nmax_attempts = 8\nbase_delay_s = 0.05\nmax_delay_s = 0.5\ntimeout_s = 4\n"


@dataclass(kw_only=True)
class Providers:
    """Emulated providers with friends, and a job that names some of them.

    Attributes:
        friends: who has whom.
        pairs: the job's input; of accounts alone, the first of each.
    """

    folder: Path
    friends: Iterable[Pair]
    pairs: Sequence[Pair]
    operation: str = "delete_friends"
    mode: str = "two_way"
    habits: Habits | None = None
    existing: frozenset[str] | None = None
    faults: Sequence[str] = ()
    names: Sequence[str] = ("tencent",)
    head: str = ""
    tail: str = ""
    emulated: Mapping[str, Emulated] = field(init=False)

    def __post_init__(self) -> None:
        self.emulated = {
            name: Emulated(
                name,
                app=EmulatedApp(app_id=APP_IDS[name]),
                world=self._world(),
                fault=parse_faults(self.faults).fault,
                habits=self.habits,
                log=None,
            )
            for name in self.names
        }

    def _world(self) -> World:
        world = World(existing=self.existing)
        world.befriend(self.friends)
        return world

    def job(self, address: str) -> Job:
        """The job as its file says it."""
        whole = self.operation == "delete_all_friends"
        rows = csv_text(self.pairs)
        if whole:
            rows = "From_Account\n" + "".join(f"{account}\n" for account, _ in self.pairs)
        (self.folder / "pairs.csv").write_text(rows)
        path = self.folder / "job.toml"
        text = toml(
            address,
            operation=self.operation,
            mode=self.mode,
            head=self.head,
            tencent="" if "tencent" in self.names else None,
            zego="" if "zego" in self.names else None,
            tail="[backup]\nenabled = true\n" + self.tail + QUICK,
        )
        path.write_text(text)
        return load_job(path)

    async def back_up(
        self,
        patch: pytest.MonkeyPatch,
        *,
        each: Callable[[Outcome], None] = lambda _: None,
    ) -> tuple[Job, PlanMeta, BackupStatus | None]:
        """Pulls all; the status is None where something is left. `each` hears of every outcome."""
        patch.setenv(KEY, DEMO_SECRET)
        async with AsyncExitStack() as stack:
            loop = asyncio.get_running_loop()
            began = time.time() - loop.time()
            server = EmulatorServer(*self.emulated.values(), clock=lambda: began + loop.time())
            await stack.enter_async_context(server)
            job = self.job(server.address)

            async def on_settled(outcome: Outcome) -> None:
                each(outcome)

            run = stack.enter_context(held_run(job))
            meta = run.plan(lambda _: None)
            prepare_backup(job, meta)
            for side in backup_sides(job):
                with held_side(job, side) as beside:
                    planned = beside.open()
                    if beside.unsettled:
                        await beside.sending(
                            planned,
                            limit=None,
                            started=_started,
                            on_settled=on_settled,
                            log=structlog.wrap_logger(None, processors=[_dropped]),
                        )
                    if beside.unsettled:
                        return job, meta, None
            return job, meta, finish_backup(job)

    def entries(self, *entries: Pair) -> dict[Entry, Data]:
        """What the backup should hold of these entries, at every target that has them."""
        return {
            (name, *entry): provided(name, entry[1], emulated.world.data(*entry))
            for name, emulated in self.emulated.items()
            for entry in entries
            if emulated.world.has(*entry)
        }

    def all_entries(self) -> dict[Entry, Data]:
        """Every entry of every list."""
        return self.entries(*self.friends)


def provided(name: str, friend: str, data: Data) -> dict[str, Any]:
    """An entry's data as the provider's own object of it, with what stands there in any order."""
    if name == "tencent":
        return {"To_Account": friend, **{str(tag): value for tag, value in data.items()}}
    return {"UserId": friend, **data}


def read_backup(run_dir: Path) -> dict[Entry, Data]:
    """What the file of a backup holds, as `Providers.entries`; each entry once."""
    held: dict[Entry, Data] = {}
    for line in lines_of(run_dir):
        key = (line["target"], line["account"], line["friend"])
        assert key not in held
        assert list(line) == ["target", "account", "friend", "data", "at"]
        held[key] = _comparable(key[0], line["data"])
    return held


def lines_of(run_dir: Path) -> list[dict[str, Any]]:
    """The lines of the file of a backup."""
    packed = (run_dir / "backup/friends.jsonl.zst").read_bytes()
    with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
        return [orjson.loads(line) for line in reader.read().splitlines()]


def _comparable(name: str, data: dict[str, Any]) -> dict[str, Any]:
    if name == "tencent":
        values = {one["Tag"]: one["Value"] for one in data["ValueItem"]}
        return {"To_Account": data["To_Account"], **values}
    more = {key: value for key, value in data.items() if key not in {"UserName", "Avatar"}}
    return more | {"Attributes": {one["Key"]: one["Value"] for one in data["Attributes"]}}


def _started(_: Sitting) -> None:
    """Nothing to keep."""


def _dropped(*_: object) -> dict[str, Any]:
    raise structlog.DropEvent
