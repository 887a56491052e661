"""A run with its backup, verification and undo, each killed again and again, and what must be true.

The judge keeps every friend's data. What is on its lists is compared, field by field, with what was
there before; nothing here shares code with the engine.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import zstandard

from tests.crash.dies import FRIENDS_SYNCED, NEVER
from tests.support.judge import Judge, Pair
from tests.support.process import ROOT, Done, Place, csv_text, finished, toml

Data: TypeAlias = dict[str, Any]
World: TypeAlias = dict[Pair, Data]

POINTS = (
    "lock-truncated",
    "plan-written",
    "plan-named",
    "journal-made",
    "admitted",
    "intent-committed",
    "sent",
    "answered",
    "settlement-committed",
    "published",
    "ledger-torn",
    "ledger-unsynced",
    "mending",
    "ledger-mended",
    "landing-lost",
    "friends-written",
    "friends-synced",
    "closing",
)
TRIES = 12
"""How often a command may leave with work left once it is not killed any more."""
KEPT = ("plan.parquet", "journal.db", "ledger.jsonl", "rejects.jsonl")
"""The run's own files, none of whose bytes a run beside it may change."""
ACCOUNTS, FRIENDS = 14, 40
EXISTING = (
    *(f"a{at:02}" for at in range(ACCOUNTS)),
    *(f"b{at:02}" for at in range(FRIENDS)),
    *(f"c{at:02}" for at in range(3)),
)
NOBODY = ("nobody0", "nobody1")
"""Accounts that do not exist at the provider, and in the job do."""

_DIES = str(ROOT / "tests/crash/dies.py")


@dataclass(kw_only=True)
class Chain:
    """One run of one job against one judge, and all that goes beside it.

    Attributes:
        pairs: what the job asks to remove.
        go: whether pairs of accounts that could not be backed up are sent all the same.
        first: who had whom at the start, with what data.
        lists: whether it clears lists: then each pair is an account and an empty name.
        deaths: how often each command is killed, at most.
        points: where each command dies, by its name; None for wherever chance has it.
        seen: of each ledger, the complete lines that a reader has seen.
        met: what happened, for whoever wants to know what the stories cover.
    """

    place: Place
    judge: Judge
    rng: random.Random
    provider: str
    two_way: bool
    pairs: list[Pair]
    first: World
    go: bool = True
    lists: bool = False
    deaths: int = 2
    points: Mapping[str, Sequence[tuple[str, int]]] | None = None
    seen: dict[str, bytes] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)

    @property
    def run_dir(self) -> Path:
        """Where the run is kept."""
        return self.place.folder / "runs/job"

    def world(self) -> World:
        """Who has whom now, with what data."""
        return self.judge.snapshot(self.provider)

    def killed(self, *command: str, check: Callable[[], None]) -> Done:
        """A command that dies a few times and is given again, to its end.

        `check` is called whenever no process works.
        """
        planned = None if self.points is None else self.points.get(command[0], ())
        for point, passages in planned or ():
            done = finished(self._start(point, passages, *command))
            assert done.code == -signal.SIGKILL, f"{point} was never reached: {done}"
            self._cut_power(sure=True)
            self._look()
            check()
        for _ in range(self.rng.randint(0, self.deaths) if planned is None else 0):
            done = self._dies(*command)
            self._look()
            check()
            if done.code not in {-signal.SIGKILL, 75}:
                return done
        done = finished(self._start(NEVER, 1, *command))
        for _ in range(TRIES):
            self._look()
            check()
            if done.code != 75:
                return done
            done = finished(self._start(NEVER, 1, *command))
        return done

    def _dies(self, *command: str) -> Done:
        """Killed at a point, if that is reached, or after a while."""
        if self.rng.random() < 0.6:
            point = self.rng.choice(POINTS)
            done = finished(self._start(point, self.rng.choice((1, 1, 2, 3, 8)), *command))
            if done.code == -signal.SIGKILL:
                self.met.append(f"{command[0]} died at {point}")
                self._cut_power()
            return done
        process = self._start(NEVER, 1, *command)
        try:
            process.wait(self.rng.uniform(0.2, 3.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        done = finished(process)
        if done.code == -signal.SIGKILL:
            self.met.append(f"{command[0]} died")
        return done

    def _start(self, point: str, passages: int, *command: str) -> Any:
        departures = str(self.place.folder / "departures")
        return self.place.start(*command, program=(_DIES, point, str(passages), departures))

    def _cut_power(self, *, sure: bool = False) -> None:
        """Friend data that was not synced is gone, or some of it: the power was cut."""
        path, synced = self.run_dir / "backup/friends.jsonl.zst", self.place.folder / FRIENDS_SYNCED
        if path.exists() and (sure or self.rng.random() < 0.5):
            content = path.read_bytes()
            sizes = synced.read_text().split("\n")[:-1] if synced.exists() else []
            least = min(int(sizes[-1]) if sizes else 0, len(content))
            path.write_bytes(content[: least if sure else self.rng.randint(least, len(content))])

    def _look(self) -> None:
        """As a reader of every ledger: what was seen before stands there still."""
        for ledger in sorted(self.run_dir.rglob("ledger.jsonl")):
            name = str(ledger.relative_to(self.run_dir))
            now = ledger.read_bytes()
            assert now.startswith(self.seen.get(name, b"")), (
                f"a line of {name} that was seen is gone"
            )
            self.seen[name] = now[: now.rfind(b"\n") + 1]

    def lines(self, folder: str = "") -> list[dict[str, Any]]:
        """The complete lines of the ledger of the run, or of one beside it."""
        name = f"{folder}/ledger.jsonl" if folder else "ledger.jsonl"
        return [json.loads(line) for line in self.seen.get(name, b"").splitlines()]

    def files(self) -> dict[str, str]:
        """What the run's own files hold, by their names."""
        return {
            name: hashlib.sha256((self.run_dir / name).read_bytes()).hexdigest()
            for name in KEPT
            if (self.run_dir / name).exists()
        }

    def sides(self, pair: Pair) -> tuple[Pair, ...]:
        """The entries that the deletion of a pair, or the clearing of a list, may remove."""
        if self.lists:
            own = [entry for entry in self.first if entry[0] == pair[0]]
            return tuple(side for entry in own for side in (entry, entry[::-1])[: 1 + self.two_way])
        return (pair, pair[::-1]) if self.two_way else (pair,)

    def fresh_data(self, number: int) -> Data:
        """What a list says of somebody who was added just now."""
        if self.provider == "zego":
            return {"Wording": "", "FriendAlias": "again", "CreateTime": number, "Attributes": {}}
        return {"Tag_SNS_IM_AddSource": "AddSource_Type_Again", "Tag_SNS_IM_AddTime": number}

    def untouched(self) -> None:
        """Nothing was changed at the provider yet."""
        assert self.world() == self.first

    def backed_up(self) -> None:
        """No list was shortened before the data of what was taken off it was kept."""
        gone = self.first.keys() - self.world().keys()
        if not gone:
            return
        kept = {(line["account"], line["friend"]) for line in self.friends()}
        assert gone <= kept, f"gone without a backup: {sorted(gone - kept)[:3]}"

    def friends(self) -> Iterator[dict[str, Any]]:
        """The lines of the backup that are valid: of the pulls that its ledger names."""
        valid = {
            (line["account"], line["at"])
            for folder in ("backup", "backup/others")
            for line in self.lines(folder)
            if line["status"] == "pulled"
        }
        content = (self.run_dir / "backup/friends.jsonl.zst").read_bytes()
        while content:
            frame = zstandard.ZstdDecompressor().decompressobj()
            lines = frame.decompress(content)
            if not frame.eof:
                return  # torn
            content = frame.unused_data
            for line in lines.splitlines():
                one = json.loads(line)
                if (one["account"], one["at"]) in valid:
                    yield one


def tell(
    place: Place,
    judge: Judge,
    rng: random.Random,
    provider: str,
    *,
    two_way: bool,
    lists: bool = False,
) -> Chain:
    """A chain that has not begun: the world, the job and its input are made.

    With `lists` the job clears lists, and a pair is an account and an empty name.
    """
    pairs, world = network(rng)
    judge.begin_anew({provider: world})
    go = rng.random() < 0.5
    if lists:
        pairs = [(f"a{at:02}", "") for at in range(ACCOUNTS - 2)] + [(name, "") for name in NOBODY]
    accounts = "".join(f"{account}\n" for account, _ in pairs)
    place.write("pairs.csv", f"From_Account\n{accounts}" if lists else csv_text(pairs))
    limits = "qps = 60\nmax_in_flight = 12\nbatch_size = 5"
    text = toml(
        judge.address,
        mode="two_way" if two_way else "one_way",
        operation="delete_all_friends" if lists else "delete_friends",
        tencent=limits if provider == "tencent" else None,
        zego=limits.replace("60", "20") if provider == "zego" else None,
        tail=f'[backup]\nenabled = true\non_failure = "{"go" if go else "keep"}"\n'
        "[retry]\nbase_delay_s = 0.05\n",
    )
    place.write("job.toml", text)
    return Chain(
        place=place,
        judge=judge,
        rng=rng,
        provider=provider,
        two_way=two_way,
        pairs=pairs,
        first=judge.snapshot(provider),
        go=go,
        lists=lists,
    )


def network(rng: random.Random) -> tuple[list[Pair], list[Pair]]:
    """Pairs to remove, and who has whom; some of the pairs are of accounts that do not exist."""
    wanted = [
        (f"a{account:02}", f"b{other:02}")
        for account in range(ACCOUNTS)
        for other in rng.sample(range(FRIENDS), rng.choice((1, 3, 5, 6, 12)))
    ]
    others = [
        (f"a{account:02}", f"c{other:02}") for account in range(ACCOUNTS) for other in range(3)
    ]
    kinds = rng.choices(("both", "from", "to", "none"), (6, 3, 1, 1), k=len(wanted))
    world = [pair for pair, kind in zip(wanted, kinds, strict=True) if kind in {"both", "from"}]
    world += [
        pair[::-1] for pair, kind in zip(wanted, kinds, strict=True) if kind in {"both", "to"}
    ]
    world += others + [pair[::-1] for pair in others]
    pairs = [*wanted, *((name, f"b0{at}") for name in NOBODY for at in range(2))]
    rng.shuffle(pairs)
    return pairs, world


def friends_again(chain: Chain, after: World) -> World:
    """Behind the program's back some become friends again, on one list or both; what is there."""
    gone = sorted(chain.first.keys() - after.keys())
    for number, pair in enumerate(chain.rng.sample(gone, len(gone) // 6)):
        data = chain.fresh_data(number)
        for side in (pair, pair[::-1])[: chain.rng.choice((1, 1, 2))]:
            if side not in after:
                chain.judge.put(chain.provider, side, data)
    return chain.world()


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Fields that are not the same."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
