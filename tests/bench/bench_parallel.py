"""bulkdel beside what one would write instead: the fifty-line script, and the shell with curl.

    python -m tests.bench.bench_parallel [--qps 200] [--calls 2000]

Prints one JSON object: the same calls of one id, one sender after the other, at the same rate and
against the same server, which refuses what exceeds the rate in any second. `floor_s` is calls /
qps; `times_the_floor` is from the first to the last arrival, in floors. `cpu_ms_a_call` is of the
whole command, start-up and children included; `undone` are calls that were refused and not made
again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.bench import curl, rig

LATENCY_MS = (20.0, 300.0)


def bulkdel(folder: Path, url: str, qps: float) -> rig.Spent:
    """`bulkdel run`, its plan included."""
    rig.write_job(folder / "job.toml", url, qps=qps, in_flight=max(16, int(2 * qps)))
    call = [sys.executable, "-m", "bulkdel", "run", str(folder / "job.toml"), "--no-progress"]
    return rig.spend([*call, "--run-dir", str(folder / "run")])


def script(folder: Path, url: str, qps: float) -> rig.Spent:
    """The fifty lines of `script.py`."""
    paths = [str(folder / "batches.jsonl"), str(folder / "script.jsonl")]
    return rig.spend([sys.executable, "-m", "tests.bench.script", url, *paths, str(qps)])


def measure(folder: Path, *, qps: float, calls: int) -> dict[str, Any]:
    """All three, one after the other."""
    folder.mkdir()
    rig.write_input(folder, calls, 1)
    floor_s = calls / qps
    found: dict[str, Any] = {"qps": qps, "calls": calls, "floor_s": floor_s}
    for name, send in (("bulkdel", bulkdel), ("script", script), ("curl", curl.run)):
        with rig.serving(LATENCY_MS, int(qps)) as server:
            spent = send(folder, server.url, qps)
        found[name] = {
            "times_the_floor": round(server.seen["span_s"] / floor_s, 3),
            "most_arrived_in_a_second": server.seen["most_in_a_second"],
            "throttled": server.seen["throttled"],
            "undone": calls - server.seen["pairs"],
            "cpu_ms_a_call": round(spent.cpu_s / calls * 1000, 3),
            "wall_s": round(spent.wall_s, 2),
            "load": rig.load(),
        }
    found["curl"]["tool"] = curl.tool()
    found["curl"]["note"] = "" if curl.tool() == curl.PARALLEL else curl.MISSING
    return found


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_what_one_would_write_instead(tmp_path: Path) -> None:
    """Less is throttled than of either, nothing is left undone, and CPU is less than curl's."""
    found = measure(tmp_path / "at", qps=200, calls=1000)
    ours, scripted, shell = found["bulkdel"], found["script"], found["curl"]
    assert ours["undone"] == 0, found
    assert ours["throttled"] <= min(scripted["throttled"], shell["throttled"]), found
    assert ours["cpu_ms_a_call"] < shell["cpu_ms_a_call"], found


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qps", type=float, default=200.0)
    parser.add_argument("--calls", type=int, default=2000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder) / "at", qps=chosen.qps, calls=chosen.calls)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
