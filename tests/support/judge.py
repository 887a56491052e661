"""The emulator in a process of its own: it outlives every kill, and knows what really happened.

Run as a script it serves, and answers the commands that stand on its standard input, one JSON
value a line. `Judge` is the other end, for tests.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faulttext import parse_faults
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.like import with_habits
from bulkdel.emulator.server import EmulatorServer, stats_of
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.emulator.world import World
from tests.support.warm import ROOT, Order, environment, start_with

Pair = tuple[str, str]

APP_IDS = {"tencent": 1400000000, "zego": 1234567890}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one emulated provider saw up to a moment.

    Attributes:
        calls: that arrived, whatever became of them.
        in_flight: of those, how many are not answered yet.
        overlaps: arrived while the client waited for another call of the same account.
        throttled: refused for the rate.
        arrivals: each call's Unix time, account and number of ids, in the order they came.
        left: who has whom.
    """

    calls: int
    in_flight: int
    overlaps: int
    throttled: int
    arrivals: tuple[tuple[float, str, int], ...]
    left: frozenset[Pair]


class Judge:
    """A judge's process; a context manager. `address` is where it listens.

    Args:
        friends: who has whom at the start, by provider; these providers are served.
        secret: the key that signatures are checked with.
        faults: as `bulkdel emulator --fault` takes them.
        habits: as `bulkdel emulator --habit` takes them, for each provider.
        existing: the accounts that exist; None means every account does.
    """

    def __init__(
        self,
        friends: Mapping[str, Iterable[Pair]],
        *,
        secret: str = DEMO_SECRET,
        faults: Iterable[str] = (),
        habits: Iterable[str] = (),
        existing: Iterable[str] | None = None,
    ) -> None:
        self._secret = secret
        self._habits = tuple(habits)
        self._existing = None if existing is None else tuple(existing)
        self._faults = tuple(faults)
        self._friends = friends
        self.address = ""

    def __enter__(self) -> Self:
        (takes, feeds), (reads, says) = os.pipe(), os.pipe()
        order = Order(
            program=("-m", "tests.support.judge"),
            arguments=(),
            folder=str(ROOT),
            environment=environment(),
        )
        self._process = start_with(order, (takes, says, 2))
        os.close(takes)
        os.close(says)
        self._commands = os.fdopen(feeds, "wb")
        self._answers = os.fdopen(reads, "rb")
        try:
            self.address = self._ask(
                {
                    "secret": self._secret,
                    "habits": self._habits,
                    "existing": self._existing,
                    "friends": {name: list(pairs) for name, pairs in self._friends.items()},
                }
            )
            if self._faults:
                self.break_with(*self._faults)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def break_with(self, *faults: str) -> None:
        """From now on calls meet these faults, and no others."""
        self._ask({"faults": faults})

    def begin_anew(self, friends: Mapping[str, Iterable[Pair]]) -> None:
        """From now on these are who has whom."""
        self._ask({"friends": {name: list(pairs) for name, pairs in friends.items()}})

    def befriend(self, provider: str, *pairs: Pair) -> None:
        """Let each pair's first account have the second, behind the program's back."""
        self._ask({"befriend": provider, "pairs": pairs})

    def put(self, provider: str, pair: Pair, data: Mapping[str, Any]) -> None:
        """Let the first account have the second with this data, by the provider's own names."""
        self._ask({"put": provider, "pair": pair, "data": data})

    def snapshot(self, provider: str) -> dict[Pair, dict[str, Any]]:
        """Every entry of every list with its data: two that are equal are one world."""
        entries = self._ask({"entries": provider})
        return {(account, friend): data for account, friend, data in entries}

    def seen(self, provider: str) -> Seen:
        """What the provider saw up to now."""
        found = self._ask({"look": provider})
        return Seen(
            calls=found["received"],
            in_flight=found["in_flight"],
            overlaps=found["overlaps"],
            throttled=found["throttled"],
            arrivals=tuple((at, account, ids) for at, account, ids in found["arrivals"]),
            left=frozenset((account, other) for account, other in found["left"]),
        )

    @property
    def calls(self) -> int:
        """Calls that arrived so far, of all providers."""
        return sum(self.seen(name).calls for name in self._friends)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._commands.close()
        self._answers.close()

    def _ask(self, command: Mapping[str, Any]) -> Any:
        self._commands.write(json.dumps(command).encode() + b"\n")
        self._commands.flush()
        line = self._answers.readline()
        assert line, "the judge has died"
        return json.loads(line)


def read_pairs(path: Path) -> list[Pair]:
    """The rows of a CSV file below its header."""
    with path.open(newline="") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    begin = json.loads(await commands.readline())
    habits = with_habits(Habits(), begin["habits"])
    existing = begin["existing"] and set(begin["existing"])
    emulated = {}
    for name, pairs in begin["friends"].items():
        app = EmulatedApp(app_id=APP_IDS[name], secret=begin["secret"])
        world = _world(pairs, existing)
        emulated[name] = Emulated(name, app=app, world=world, habits=habits, log=None)
    async with EmulatorServer(*emulated.values()) as server:
        _say(server.address)
        while line := await commands.readline():
            _say(_obey(json.loads(line), emulated))


def _obey(command: dict[str, Any], emulated: Mapping[str, Emulated]) -> object:
    """What a command is answered."""
    match command:
        case {"faults": faults}:
            scenario = parse_faults(faults)
            for each in emulated.values():
                each.fault = scenario.fault
                each.limit = scenario.limit()
        case {"friends": friends}:
            for name, pairs in friends.items():
                emulated[name].world = _world(pairs, emulated[name].world.existing)
        case {"befriend": name, "pairs": pairs}:
            emulated[name].world.befriend(pairs)
        case {"put": name, "pair": pair, "data": data}:
            emulated[name].world.put(pair[0], pair[1], data)
        case {"entries": name}:
            snapshot = emulated[name].world.snapshot()
            return [(*pair, data) for pair, data in snapshot.items()]
        case _:
            return _look(emulated[command["look"]])
    return None


def _world(pairs: Iterable[Iterable[str]], existing: Collection[str] | None) -> World:
    world = World(existing=existing)
    world.befriend((account, other) for account, other in pairs)
    return world


def _look(emulated: Emulated) -> dict[str, Any]:
    return {
        **stats_of(emulated),
        "arrivals": [(each.at, each.account, each.ids) for each in emulated.stats.log],
        "left": list(emulated.world.pairs()),
    }


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve())
