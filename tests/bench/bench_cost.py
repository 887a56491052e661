"""What a call costs: CPU of a whole `bulkdel run` beside a bare aiohttp + orjson loop.

    python -m tests.bench.bench_cost [--rounds 3] [--ids 1 1000] [--qps 200 1000] [--seconds 15]

Prints one JSON object. Each round runs the bare loop and bulkdel one after the other on the same
calls, with the same number in flight and against the same server in a process of its own; ratios
are of the whole processes, start-up included, and their medians are what counts. `plan` is what
`bulkdel plan` takes beforehand, `start` a whole run of one call. `joined` is the bare loop with
lines as cheap as they go.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.bench import rig

FLAT_OUT = 1000.0
"""Calls/s that are above what the machine does, so that nothing waits for the pace."""
IN_FLIGHT = 64
LATENCY_MS = (20.0, 60.0)


def bulkdel(command: str, folder: Path, run_dir: Path) -> rig.Spent:
    """One `bulkdel` command on the folder's job."""
    call = [sys.executable, "-m", "bulkdel", command, str(folder / "job.toml")]
    call += ["--run-dir", str(run_dir)]
    return rig.spend(call + (["--no-progress"] if command == "run" else []))


def bare(folder: Path, url: str, qps: float, how: str) -> rig.Spent:
    """The bare loop; at FLAT_OUT without any pace."""
    pace = 0 if qps >= FLAT_OUT else qps
    call = [sys.executable, "-m", "tests.bench.bare", url, str(folder / "batches.jsonl")]
    return rig.spend([*call, str(folder / "bare.jsonl"), str(IN_FLIGHT), str(pace), how])


def start_up(folder: Path) -> float:
    """CPU seconds of a run of one call, its plan included."""
    folder.mkdir()
    rig.write_input(folder, 1, 1)
    with rig.serving((0.0, 0.0)) as server:
        rig.write_job(folder / "job.toml", server.url, qps=FLAT_OUT, in_flight=IN_FLIGHT)
        return bulkdel("run", folder, folder / "run").cpu_s


def measure(folder: Path, *, ids: int, qps: float, calls: int, rounds: int) -> dict[str, Any]:
    """Interleaved rounds of one setting."""
    folder.mkdir()
    rig.write_input(folder, calls, ids)
    rig.write_job(folder / "job.toml", "http://127.0.0.1:9", qps=qps, in_flight=IN_FLIGHT)
    planned = bulkdel("plan", folder, folder / "planned")
    spent: dict[str, list[rig.Spent]] = {"dumps": [], "joined": [], "bulkdel": []}
    for number in range(rounds):
        for what, into in spent.items():
            with rig.serving(LATENCY_MS) as server:
                if what == "bulkdel":
                    rig.write_job(folder / "job.toml", server.url, qps=qps, in_flight=IN_FLIGHT)
                    run_dir = folder / f"run-{number}"
                    shutil.copytree(folder / "planned", run_dir)
                    into.append(bulkdel("run", folder, run_dir))
                else:
                    into.append(bare(folder, server.url, qps, what))
            assert server.seen["calls"] == calls
            assert server.seen["pairs"] == calls * ids
        # Piece by piece: a child's peak memory counts from its parent's.
        with (folder / f"run-{number}" / "ledger.jsonl").open("rb") as ledger:
            assert sum(1 for _ in ledger) == calls * ids
        shutil.rmtree(folder / f"run-{number}")
    floors = {what: spent[what] for what in ("dumps", "joined")}
    return {
        "ids": ids,
        "qps": qps,
        "calls": calls,
        "plan_ms_a_call": round(planned.cpu_s / calls * 1000, 3),
        "ms_a_call": {
            what: [round(one.cpu_s / calls * 1000, 3) for one in all_]
            for what, all_ in spent.items()
        },
        "calls_a_second": {
            what: [round(calls / one.wall_s, 1) for one in all_] for what, all_ in spent.items()
        },
        "ratio": {
            what: round(
                statistics.median(
                    ours.cpu_s / floor.cpu_s
                    for ours, floor in zip(spent["bulkdel"], all_, strict=True)
                ),
                3,
            )
            for what, all_ in floors.items()
        },
        "peak_mb": round(max(one.peak_mb for one in spent["bulkdel"])),
        "load": rig.load(),
    }


def report(
    folder: Path, *, ids: list[int], qps: list[float], seconds: float, rounds: int
) -> dict[str, Any]:
    """All settings; flat out as many calls as at the rate below it, but no more 1000-id ones."""
    return {
        "start_cpu_s": round(start_up(folder / "start"), 3),
        "settings": [
            measure(
                folder / f"{many}-{rate:g}",
                ids=many,
                qps=rate,
                calls=int(seconds * (rate if rate < FLAT_OUT else 800 if many < 100 else 200)),
                rounds=rounds,
            )
            for many in ids
            for rate in qps
        ],
    }


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_cost_of_a_call(tmp_path: Path) -> None:
    """1000 ids cost at most 1.4 times a bare loop, one id at most twice."""
    found = report(tmp_path, ids=[1, 1000], qps=[FLAT_OUT], seconds=15, rounds=3)
    for setting in found["settings"]:
        assert setting["ratio"]["dumps"] <= (1.4 if setting["ids"] == 1000 else 2.0), setting


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ids", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--qps", type=float, nargs="+", default=[200.0, FLAT_OUT])
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = report(
            Path(folder),
            ids=chosen.ids,
            qps=chosen.qps,
            seconds=chosen.seconds,
            rounds=chosen.rounds,
        )
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
