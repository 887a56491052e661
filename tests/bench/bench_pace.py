"""How near calls come to the allowed rate, and whether they ever cross it.

    python -m tests.bench.bench_pace [--qps 20 200 1000] [--seconds 60] [--busy 2] [--limit]

Prints one JSON object: for bulkdel and for the script that one would write instead, on the same
calls of one id and against the same server (20 to 300 ms), the calls a second from the first to
the last, as a share of the rate; the most calls in any sliding second, as they left and as they
arrived; and what was throttled. `--busy` processes burn CPU meanwhile. With `--limit` the server
refuses what exceeds the rate in any second.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bench import rig
from tests.bench.server import busiest_second

LATENCY_MS = (20.0, 300.0)
_BURN = "import os\nwhile os.getppid() == {}: sum(range(100000))"


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """A machine that has other things to do."""
    burning = [
        subprocess.Popen([sys.executable, "-c", _BURN.format(os.getpid())])  # noqa: S603  # our own
        for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def departures(command: list[str]) -> list[float]:
    """When the calls of a sender left, ascending."""
    done = subprocess.run(  # noqa: S603  # our own arguments
        command,
        cwd=rig.ROOT,
        env=os.environ | {rig.SECRET: "not-a-secret"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(json.loads(done.stdout))


def row(left: list[float], seen: dict[str, Any], qps: float) -> dict[str, Any]:
    """One sender's figures; a rate is of intervals, one fewer than calls."""
    return {
        "calls": seen["calls"],
        "share_of_rate": round((len(left) - 1) / (left[-1] - left[0]) / qps, 4),
        "most_left_in_a_second": busiest_second(left),
        "most_arrived_in_a_second": seen["most_in_a_second"],
        "throttled": seen["throttled"],
    }


def measure(folder: Path, qps: float, *, seconds: float, limit: bool) -> dict[str, Any]:
    """bulkdel, then the script."""
    folder.mkdir()
    rig.write_input(folder, int(qps * seconds), 1)
    most = int(qps) if limit else None
    with rig.serving(LATENCY_MS, most) as ours:
        rig.write_job(folder / "job.toml", ours.url, qps=qps, in_flight=max(16, int(2 * qps)))
        job, run_dir = str(folder / "job.toml"), str(folder / "run")
        left = departures([sys.executable, "-m", "tests.bench.leaving", job, run_dir])
    found = {"qps": qps, "bulkdel": row(left, ours.seen, qps)}
    with rig.serving(LATENCY_MS, most) as theirs:
        paths = [str(folder / "batches.jsonl"), str(folder / "script.jsonl")]
        left = departures(
            [sys.executable, "-m", "tests.bench.script", theirs.url, *paths, str(qps)]
        )
    return found | {"script": row(left, theirs.seen, qps), "load": rig.load()}


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("qps", [20.0, 200.0])
def test_pace(tmp_path: Path, qps: float) -> None:
    """At least 0.99 of the rate, and never more than the rate in any second where calls leave."""
    with busy(2):
        found = measure(tmp_path / "at", qps, seconds=20, limit=False)
    assert found["bulkdel"]["share_of_rate"] >= 0.985, found  # 20 s: less to catch up in
    assert found["bulkdel"]["most_left_in_a_second"] <= qps, found


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--qps", type=float, nargs="+", default=[20.0, 200.0, 1000.0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--busy", type=int, default=2)
    parser.add_argument("--limit", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, busy(chosen.busy):
        found = [
            measure(Path(folder) / f"{qps:g}", qps, seconds=chosen.seconds, limit=chosen.limit)
            for qps in chosen.qps
        ]
    sys.stdout.write(json.dumps({"busy": chosen.busy, "settings": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
