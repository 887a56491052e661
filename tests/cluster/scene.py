"""One run of many apps by many processes, and what must be true of it whatever happened.

What is compared is what the judge saw and what lies in the run directory, read here as a stranger
would: JSON lines, and `bulkdel`'s own exit codes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.cluster.app import digest
from tests.cluster.seen import Call, Judge, Pair
from tests.support.process import KEY, Done, Place, Process, csv_text, environment, finished

STORE: Final = "TRIAL_STORE"
"""The environment variable that holds the store's address."""
SECRET: Final = "0123456789abcdef0123456789abcdef"
PATIENCE_S: Final = 100.0
FIRST_APP: Final = 1400000000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large a run is.

    Attributes:
        apps: how many; every fifth is of the second provider, where `mixed`.
        accounts, friends: whose lists are shortened, and by how many pairs each.
        qps: of each app.
        shard_qps: as in the job file; a shard an app by default.
        slices: of the first app.
    """

    apps: int = 12
    accounts: int = 40
    friends: int = 2
    qps: float = 20
    shard_qps: float = 1
    slices: int = 0
    mixed: bool = True
    lease: str = "5s"
    timeout_s: float = 4
    batch_size: int = 1
    in_flight: int = 8


@dataclass(kw_only=True)
class Scene:
    """A job, its judge, and the processes at work on it."""

    place: Place
    judge: Judge
    scale: Scale
    pairs: list[Pair]
    bystanders: list[Pair]
    processes: list[Process] = field(default_factory=list)

    @property
    def run_dir(self) -> Path:
        """Where the run is kept."""
        return self.place.folder / "runs/job"

    def start(
        self, *arguments: str, store: str | None = None, prefix: Sequence[str] = ()
    ) -> Process:
        """A command that stays, with this address of the store; it is ended with the scene.

        `prefix` is what its command line begins with, such as one that enters a network.
        """
        place = self.place if store is None else replace(self.place, more={STORE: store})
        process: Process
        if prefix:
            process = subprocess.Popen(  # noqa: S603  # our own words
                [*prefix, sys.executable, "-m", "bulkdel", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=place.folder,
                env=environment(**{KEY: place.secret, **place.more}),
            )
        else:
            process = place.start(*arguments)
        self.processes.append(process)
        return process

    def worker(self, *more: str, store: str | None = None, prefix: Sequence[str] = ()) -> Process:
        """A worker."""
        return self.start("worker", "job.toml", "--yes", *more, store=store, prefix=prefix)

    def run(self, processes: int, *more: str) -> Process:
        """The run, by so many processes of this machine."""
        return self.start(
            "run", "job.toml", "--yes", "--no-progress", "--processes", str(processes), *more
        )

    def calls(self, after: float = 0) -> list[Call]:
        """What arrived after a Unix time."""
        return self.judge.calls(after)

    def until(self, what: str, holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
        """Wait for something; the Unix time at which it was seen."""
        ends = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < ends, f"not within {patience_s} s: {what}"
            time.sleep(0.1)
        return time.time()

    def until_sent(self, calls: int, after: float = 0) -> float:
        """Wait until so many calls arrived after a Unix time."""
        return self.until(f"{calls} calls", lambda: self.judge.count(after) >= calls)

    def until_over(self, pids: Iterable[int]) -> None:
        """Wait until none of these processes is there."""
        self.until("they end", lambda: not any(map(is_alive, pids)))

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of all shards' ledgers."""
        for path in sorted(self.run_dir.glob("shards/*/ledger.jsonl")):
            yield from map(json.loads, path.read_bytes().splitlines())

    def settled(self, code: int = 0) -> None:
        """Every promise, once all is settled: the graph, the ledgers, rates, overlaps, `verify`."""
        self.kept()
        wanted = {(f"app{at:03}", *pair) for at in range(self.scale.apps) for pair in self.pairs}
        lines = Counter(
            (line["target"], line["from_account"], line["to_account"]) for line in self.lines()
        )
        assert [line for line, times in lines.items() if times > 1] == [], "twice in a ledger"
        assert wanted - lines.keys() == set(), "in no ledger"
        assert lines.keys() - wanted == set(), "in a ledger, and not asked for"
        statuses = Counter(line["status"] for line in self.lines())
        assert set(statuses) <= {"deleted", "already_gone"}, statuses
        untouched = digest(self.bystanders)
        wrong = [app for app, seen in self.judge.seen().items() if seen.digest != untouched]
        assert wrong == [], "the graph that is left"
        verified = self.place.run("verify", "job.toml")
        assert verified.code == code, verified.out + verified.err
        status = self.place.status()
        assert status["state"] == "finished"
        assert status["rows"]["pairs"] == len(self.pairs)
        for target in status["targets"].values():
            assert target["pairs"] == target["deleted"] + target["already_gone"]
            assert target["unsettled"] == 0

    def kept(self) -> None:
        """The promises that hold at every moment: no overlap, no second over the rate.

        A rate is kept where calls leave; a process that has to wait for its turn on a busy machine
        between leaving and sending puts some more into a second. What two owners would send in one
        second is twice as much; and between the last call of one and the first of the next there is
        a second without any.
        """
        slack = 0.1 * self.scale.qps + 2 + self.scale.slices
        for app, seen in self.judge.seen().items():
            assert list(seen.overlaps) == [], f"app {app}: {seen.overlaps}"
            assert seen.fullest <= self.scale.qps + slack, f"app {app}: {seen.fullest} in a second"
            assert seen.refused == 0
        last: dict[int, Call] = {}
        for call in self.calls():
            before = last.get(call.app, call)
            is_sliced = self.scale.slices and call.app == FIRST_APP
            if before.pid != call.pid and before.pid and call.pid and not is_sliced:
                assert call.arrived - before.arrived >= 1, f"{before}, and already {call}"
            last[call.app] = call

    def ended(self, process: Process) -> Done:
        """A process's end, waited for."""
        self.processes.remove(process)
        return finished(process)

    def end(self) -> None:
        """Kill what is left, and the children of what is left."""
        for process in self.processes:
            children = senders(process.pid)
            process.kill()
            signal_all(signal.SIGKILL, *children)
            process.communicate()


@contextmanager
def scene(
    folder: Path,
    scale: Scale,
    *,
    store: str | None = None,
    latency_s: tuple[float, float] = (0.005, 0.03),
    owners: bool = False,
    listens: tuple[str, int] = ("127.0.0.1", 0),
    tail: str = "",
) -> Iterator[Scene]:
    """A scene in a folder, with a job that nobody has begun."""
    pairs = [
        (f"from{one:04}", f"to{other:04}")
        for one in range(scale.accounts)
        for other in range(one * 7, one * 7 + scale.friends)
    ]
    bystanders = [(f"from{one:04}", f"stays{one % 7}") for one in range(scale.accounts)]
    apps = {FIRST_APP + at: (provider_of(scale, at), SECRET) for at in range(scale.apps)}
    place = Place(folder, secret=SECRET, more={} if store is None else {STORE: store})
    with Judge(
        apps, [*pairs, *bystanders], latency_s=latency_s, owners=owners, listens=listens
    ) as judge:
        place.write("pairs.csv", csv_text(pairs))
        place.write("job.toml", job_text(scale, judge.address, stored=store is not None) + tail)
        one = Scene(place=place, judge=judge, scale=scale, pairs=pairs, bystanders=bystanders)
        try:
            yield one
        finally:
            one.end()


def provider_of(scale: Scale, at: int) -> str:
    """Of the app with this number."""
    return "zego" if scale.mixed and at % 5 == 4 else "tencent"


def job_text(scale: Scale, address: str, *, stored: bool) -> str:
    """The job file."""
    store = f'store_env = "{STORE}"\n' if stored else ""
    slices = f"slices = {{ app000 = {scale.slices} }}\n" if scale.slices else ""
    return (
        'name = "job"\noperation = "delete_friends"\nmode = "one_way"\n'
        'run_dir = "runs/job"\n[input]\nfiles = ["pairs.csv"]\n'
        f'[cluster]\n{store}shard_qps = {scale.shard_qps}\nlease = "{scale.lease}"\n{slices}'
        f"[retry]\nbase_delay_s = 0.05\nmax_delay_s = 2\ntimeout_s = {scale.timeout_s}\n"
    ) + "".join(
        f'[targets.app{at:03}]\nprovider = "{provider_of(scale, at)}"\napp_id = {FIRST_APP + at}\n'
        f'secret_env = "{KEY}"\nendpoint = "{address}"\nqps = {scale.qps}\n'
        f"max_in_flight = {scale.in_flight}\nbatch_size = {scale.batch_size}\n"
        for at in range(scale.apps)
    )


def owners(calls: Iterable[Call]) -> dict[int, set[int]]:
    """Which apps each process has called."""
    found: dict[int, set[int]] = {}
    for call in calls:
        found.setdefault(call.pid, set()).add(call.app)
    return found


def senders(*pids: int) -> list[int]:
    """The living processes that send for these commands; a stopped one lives."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            sends = b"sender" in (folder / "cmdline").read_bytes()
            if sends and int(parent) in pids and state not in {"Z", "X"}:
                found.append(int(folder.name))
    return sorted(found)


def everything(*workers: Process) -> list[int]:
    """These commands, then the processes that send for them."""
    pids = [worker.pid for worker in workers]
    return [*pids, *senders(*pids)]


def is_alive(pid: int) -> bool:
    """Whether the process is there, stopped or not; one that only waits to be reaped is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def signal_all(number: int, *pids: int) -> None:
    """The signal, to each that is still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
