"""What a verification costs: CPU of `bulkdel verify --remote` beside the run that it verifies.

    python -m tests.bench.bench_verify [--rounds 3] [--ids 1000] [--calls 2000]

Prints one JSON object. Each round runs both one after the other against the same server in a
process of its own, with as many calls; the plan of the run is made before, that of the verification
is made by it, out of the ledger. Figures are of the whole processes, start-up included.
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

from tests.bench import bench_cost, rig


def report(folder: Path, *, ids: int, calls: int, rounds: int) -> dict[str, Any]:
    """Interleaved rounds of both."""
    rig.write_input(folder, calls, ids)
    job = folder / "job.toml"
    qps, in_flight = bench_cost.FLAT_OUT, bench_cost.IN_FLIGHT
    rig.write_job(job, "http://127.0.0.1:9", qps=qps, in_flight=in_flight)
    bench_cost.bulkdel("plan", folder, folder / "planned")
    spent: dict[str, list[rig.Spent]] = {"run": [], "verify": []}
    for _ in range(rounds):
        run_dir = folder / "run"
        shutil.copytree(folder / "planned", run_dir)
        with rig.serving(bench_cost.LATENCY_MS) as server:
            rig.write_job(job, server.url, qps=qps, in_flight=in_flight)
            spent["run"].append(bench_cost.bulkdel("run", folder, run_dir))
            command = [sys.executable, "-m", "bulkdel", "verify", "--remote", str(job)]
            spent["verify"].append(
                rig.spend([*command, "--run-dir", str(run_dir), "--no-progress"])
            )
        assert server.seen["pairs"] == 2 * calls * ids
        shutil.rmtree(run_dir)
    return {
        "ids": ids,
        "calls": calls,
        "ms_a_call": {
            what: [round(one.cpu_s / calls * 1000, 3) for one in all_]
            for what, all_ in spent.items()
        },
        "ratio": round(
            statistics.median(
                asked.cpu_s / sent.cpu_s
                for asked, sent in zip(spent["verify"], spent["run"], strict=True)
            ),
            3,
        ),
        "peak_mb": {what: round(max(one.peak_mb for one in all_)) for what, all_ in spent.items()},
        "load": rig.load(),
    }


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_a_verification_costs_little_more_than_the_run(tmp_path: Path) -> None:
    """Calls of 1000 ids: at most one and a half times the CPU."""
    found = report(tmp_path, ids=1000, calls=2000, rounds=3)
    assert found["ratio"] <= 1.5, found


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ids", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=2000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = report(Path(folder), ids=chosen.ids, calls=chosen.calls, rounds=chosen.rounds)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
