"""Many processes beside one: what they are worth, what they cost, and how they get over a death.

    python -m tests.bench.bench_cluster [--quick] [--only PART ...]

Prints one JSON object. `kill`: from SIGKILL of a sender to the first call of each of its shards
elsewhere, on one machine, and of a worker with its sender over a store with a lease of 15 s and a
timeout of 10 s. `zombies`: calls that arrived of processes after they were stopped for longer than
their lease, and then continued. `slices`: calls in the fullest second of a target in four slices,
whose worker is killed on the way, beside its rate. `processes`: calls/s, CPU a call and the memory
of the largest of 1, 2 and 4 processes beside `bulkdel run` without [cluster], all against
one server on the same cores: where the server and the senders share too few of them, `cpu_share` is
what the senders had of a core each, and calls/s of two on two free cores are 2 / (CPU a call).
`store`: statements and CPU of PostgreSQL a second with 200 shards. `thousand`: the seconds that
planning 1,000 shards, showing them and taking all of them took.

Arrivals are the kernel's time stamps. PostgreSQL is from this machine, or from its package.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests.bench import rig
from tests.bench.server import busiest_second
from tests.cluster.scene import Scale, Scene, scene, senders, signal_all
from tests.support.postgres import Server, a_postgres

IN_FLIGHT: Final = 64
LATENCY_MS: Final = (20.0, 60.0)
APPS: Final = 10
QPS: Final = 200.0
"""An app's, so that they are allowed twice what one process sends."""
_PARENT: Final = 1
_OWN_TICKS: Final = 11


def kill(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See above."""
    rounds = 2 if quick else 10
    here = [_resumed_here(folder / f"here{at}") for at in range(rounds)]
    with a_postgres() as server:
        there = [_resumed_there(folder / f"there{at}", server) for at in range(1 + rounds // 4)]
    return {"one_machine_s": _spread(here), "store_s": _spread(there), "goals_s": [3, 30]}


def _resumed_here(folder: Path) -> float:
    with _begun(folder, Scale(apps=8, accounts=400)) as one:
        run = one.run(2)
        one.until_sent(80)
        return _until_resumed(one, lambda: senders(run.pid)[:1])


def _resumed_there(folder: Path, server: Server) -> float:
    scale = Scale(apps=8, accounts=1200, lease="15s", timeout_s=10)
    with _begun(folder, scale, store=server.database()) as one:
        first, _ = one.worker(), one.worker()
        one.until("both send", lambda: len({call.pid for call in one.calls()}) == 2)
        one.until_sent(120)
        return _until_resumed(one, lambda: [first.pid, *senders(first.pid)])


def _until_resumed(one: Scene, victims: Callable[[], list[int]]) -> float:
    """Kill them, and wait until each app that one of them called is called again."""
    pids = victims()
    signal_all(signal.SIGKILL, *pids)
    killed_at = time.time()
    its = {call.app for call in one.calls() if call.pid in pids}
    one.until("its shards go on", lambda: its <= {call.app for call in one.calls(killed_at)})
    first: dict[int, float] = {}
    for call in one.calls(killed_at):
        first.setdefault(call.app, call.arrived)
    one.kept()
    return max(first[app] for app in its) - killed_at


def zombies(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See above."""
    wanted, late, stops = (5 if quick else 200), 0, 0
    with a_postgres() as server:
        while stops < wanted:
            scale = Scale(apps=12, accounts=4000)
            with _begun(folder / f"{stops}", scale, store=server.database()) as one:
                workers = [one.worker() for _ in range(4)]
                one.until_sent(80)
                for _ in range(10):
                    pids = [pid for worker in workers[:3] for pid in senders(worker.pid)]
                    signal_all(signal.SIGSTOP, *pids)
                    stopped_at = time.time() + 0.01
                    time.sleep(5.5)
                    signal_all(signal.SIGCONT, *pids)
                    time.sleep(2)
                    late += sum(call.pid in pids for call in one.calls(stopped_at))
                    stops += len(pids)
                    if stops >= wanted:
                        break
                one.kept()
    return {"stops": stops, "late_calls": late, "overlaps": 0, "goal": 0}


def slices(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See above."""
    qps = 100.0
    scale = Scale(apps=1, accounts=1000 if quick else 4000, qps=qps, slices=4, mixed=False)
    with a_postgres() as server, _begun(folder / "at", scale, store=server.database()) as one:
        first, second = one.worker(), one.worker()
        one.until_sent(scale.accounts // 2)
        signal_all(signal.SIGKILL, first.pid, *senders(first.pid))
        assert one.ended(second).code == 0
        one.settled()
        times = [call.arrived for call in one.calls()]
        first_half = times[: len(times) // 4]
        return {
            "qps": qps,
            "calls": len(times),
            "fullest_second": busiest_second(times),
            "share_of_rate": round(len(first_half) / (first_half[-1] - first_half[0]) / qps, 3),
        }


def processes(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See above; the rounds of one and of several are taken in turns.

    CPU a call is what the more calls of the larger run took: a start costs what it costs once.
    """
    rounds, few, many = (1, 1000, 4000) if quick else (3, 4000, 20000)
    found: dict[str, list[dict[str, float]]] = {}
    for at in range(rounds):
        for count in (0, 1, 2, 4):
            name = str(count) if count else "without_cluster"
            less = _flat_out(folder / f"{at}-{count}-few", count, few)
            more = _flat_out(folder / f"{at}-{count}-many", count, many)
            more["cpu_ms_a_call"] = (more.pop("cpu_s") - less["cpu_s"]) / (many - few) * 1000
            more["start_cpu_s"] = less["cpu_s"] - few * more["cpu_ms_a_call"] / 1000
            found.setdefault(name, []).append(more)
    middle = {
        name: {key: round(statistics.median(one[key] for one in some), 3) for key in some[0]}
        for name, some in found.items()
    }
    base = middle["without_cluster"]
    for one in middle.values():
        one["times_one"] = round(one["calls_a_second"] / base["calls_a_second"], 2)
        one["cpu_beside_one"] = round(one["cpu_ms_a_call"] / base["cpu_ms_a_call"], 3)
    return {"apps": APPS, "calls": many, "cores": os.cpu_count(), **middle}


def _flat_out(folder: Path, count: int, calls: int) -> dict[str, float]:
    """A planned job of so many apps that one process is too few, sent by `count` (0: uncut)."""
    folder.mkdir(parents=True)
    rig.write_input(folder, calls // APPS, 1)
    with rig.serving(LATENCY_MS) as server:
        cluster = "[cluster]\nshard_qps = 1\n" if count else ""
        targets = "".join(
            f'[targets.app{at}]\nprovider = "tencent"\napp_id = {1400000000 + at}\n'
            f'secret_env = "{rig.SECRET}"\nendpoint = "{server.url}"\nqps = {QPS:g}\n'
            f"max_in_flight = {IN_FLIGHT}\n"
            for at in range(APPS)
        )
        head = 'operation = "delete_friends"\nmode = "two_way"\n[input]\nfiles = ["pairs.csv"]\n'
        (folder / "job.toml").write_text(head + cluster + targets)
        command = [sys.executable, "-m", "bulkdel"]
        more = [str(folder / "job.toml"), "--run-dir", str(folder / "run")]
        rig.spend([*command, "plan", *more])
        many = ["--processes", str(count)] if count else []
        spent = rig.spend([*command, "run", *more, "--no-progress", *many])
    assert server.seen["calls"] == calls
    return {
        "calls_a_second": round(calls / server.seen["span_s"], 1),
        "cpu_s": spent.cpu_s,
        "cpu_share": round(spent.cpu_s / spent.wall_s / max(1, count), 2),
        "peak_mb": round(spent.peak_mb),
    }


def store(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See above."""
    seconds = 5 if quick else 30
    scale = Scale(apps=200, accounts=200, qps=5, lease="15s", timeout_s=10, mixed=False)
    with a_postgres() as server:
        address = server.database()
        with _begun(folder / "at", scale, store=address, owners=False) as one:
            workers = [one.worker() for _ in range(4)]
            one.until("all shards", lambda: len({call.app for call in one.calls()}) == 200, 240)
            before = _work_of(server, address)
            time.sleep(seconds)
            after = _work_of(server, address)
            signal_all(signal.SIGTERM, *(worker.pid for worker in workers))
            for worker in workers:
                one.ended(worker)
            one.kept()
    return {
        "shards": 200,
        "workers": 4,
        "transactions_a_second": round((after[0] - before[0]) / seconds, 1),
        "cpu_share": round((after[1] - before[1]) / seconds, 4),
    }


def _work_of(server: Server, address: str) -> tuple[int, float]:
    """Transactions of a database up to now, and CPU seconds of its server's processes."""
    name = address.rpartition("/")[2]
    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s", (name,)
        ).fetchone()
        own = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        assert own is not None
        return row[0], _cpu_of(int(_stat(own[0])[_PARENT]))


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_of(parent: int) -> float:
    """CPU seconds of a process and its children, those included that have ended."""
    ticks = sum(map(int, _stat(parent)[_OWN_TICKS : _OWN_TICKS + 4]))
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        ticks += sum(map(int, _stat(int(child))[_OWN_TICKS : _OWN_TICKS + 2]))
    return ticks / os.sysconf("SC_CLK_TCK")


def thousand(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See above."""
    scale = Scale(apps=100 if quick else 1000, accounts=4, friends=1, qps=5, mixed=False)
    with _begun(folder / "at", scale, owners=False) as one:
        spent: dict[str, Any] = {"shards": scale.apps}
        for command in ("plan", "status", "run", "status", "verify", "report"):
            begun = time.monotonic()
            more = ["--yes", "--no-progress", "--processes", "2"] if command == "run" else []
            done = one.place.run(command, "job.toml", *more)
            assert done.code == 0, done.err
            name = f"{command}_again" if command in spent else command
            spent[name] = round(time.monotonic() - begun, 2)
        one.settled()
    return spent


@contextmanager
def _begun(
    folder: Path, scale: Scale, *, store: str | None = None, owners: bool = True
) -> Iterator[Scene]:
    folder.mkdir(parents=True)
    with scene(folder, scale, store=store, owners=owners) as one:
        yield one


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "rounds": len(seconds),
        "median": round(statistics.median(seconds), 2),
        "most": round(max(seconds), 2),
    }


PARTS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "kill": kill,
    "zombies": zombies,
    "slices": slices,
    "processes": processes,
    "store": store,
    "thousand": thousand,
}


def measure(folder: Path, *, quick: bool, only: list[str] | None = None) -> dict[str, Any]:
    """The named parts, or all."""
    found: dict[str, Any] = {}
    for name in only or list(PARTS):
        found[name] = PARTS[name](folder / name, quick=quick)
        found[name]["load"] = rig.load()
    return found


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_many_processes(tmp_path: Path) -> None:
    """No call comes late, no second is over the rate, and a call costs what it costs alone."""
    found = measure(tmp_path, quick=True, only=["zombies", "slices", "processes"])
    assert found["zombies"]["late_calls"] == 0, found
    assert found["slices"]["fullest_second"] <= found["slices"]["qps"], found
    assert found["processes"]["2"]["cpu_beside_one"] <= 1.3, found


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), quick=chosen.quick, only=chosen.only)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
