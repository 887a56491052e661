"""How soon a killed run with almost everything settled sends its next call, and what status needs.

    python -m tests.bench.bench_resume [--rows 10000000] [--rounds 3] [--keep DIR]

Prints one JSON object. The plan is a real one of as many entries as there are pairs (batches of
one), the journal that of a run killed near its end (`nearly_done.py`). Each round continues a copy
of it with `bulkdel run`: seconds from the start of the process to the arrival of the first call,
of which one is the wait that keeps the rate across a restart. `pieces` are seconds of its parts,
each taken alone: hashing the input and the plan to see that they are unchanged, which a run does
side by side, and opening the journal. With `--keep` the plan and the journal stay in DIR and are
used again, for as long as no format of theirs changes; 100 M rows need 19 GB and a quarter of an
hour to prepare.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench import rig

GOAL_S = 10.0
LEFT = 1000
IN_FLIGHT = 400
"""Calls whose answers the kill took away: what a Tencent target has out at 200 calls/s."""
_QPS = 1000.0
_JOB = "job.toml"
_READY = "ready"

_ROWS = """
import sys
from pathlib import Path
from tests.bench.bench_plan import write_rows
write_rows(Path(sys.argv[1]), int(sys.argv[2]))
"""
_PIECES = """
import json, sys, time
from pathlib import Path
from bulkdel.cli.options import load
from bulkdel.runs.status import identity_of
from bulkdel.ledger.journal import Journal
from bulkdel.plan.fingerprint import fingerprint_changes
from bulkdel.plan.read import PlanReader, plan_sha256, read_plan_meta
job = load(Path(sys.argv[1]), Path(sys.argv[2]))
meta = read_plan_meta(job.run_dir)
took = {}
def timed(name, work):
    begun = time.perf_counter()
    made = work()
    took[name] = round(time.perf_counter() - begun, 3)
    return made
assert not timed("hash_input_s", lambda: fingerprint_changes(job, meta.fingerprint)).changed
timed("hash_plan_s", lambda: plan_sha256(job.run_dir))
identity = identity_of(job, meta)
with PlanReader(job.run_dir, meta) as plan:
    words = {"operation": meta.fingerprint.operation, "mode": meta.fingerprint.mode}
    journal = timed(
        "open_journal_s", lambda: Journal.open(job.run_dir, identity, plan.entry, **words)
    )
    journal.close()
print(json.dumps(took))
"""


def prepare(folder: Path, rows: int) -> None:
    """The input, its plan and the journal in `folder`, unless they are there."""
    if (folder / _READY).exists():
        if (there := (folder / _READY).read_text(encoding="ascii")) != str(rows):
            raise SystemExit(f"{folder} holds a run of {there} rows: remove it, or ask for those")
        return
    folder.mkdir(parents=True, exist_ok=True)
    # In a process of its own: a child's peak memory counts from its parent's.
    rig.spend([sys.executable, "-c", _ROWS, str(folder / "pairs.csv"), str(rows)])
    _write_job(folder, "http://127.0.0.1:9")
    run_dir = folder / "settled"
    shutil.rmtree(run_dir, ignore_errors=True)
    job = str(folder / _JOB)
    rig.spend([sys.executable, "-m", "bulkdel", "plan", job, "--run-dir", str(run_dir)])
    _nearly_done("settle", folder, run_dir, LEFT)
    (folder / _READY).write_text(str(rows), encoding="ascii")


def _write_job(folder: Path, url: str) -> None:
    rig.write_job(folder / _JOB, url, qps=_QPS, in_flight=IN_FLIGHT, batch_size=1)


def _nearly_done(what: str, folder: Path, run_dir: Path, *numbers: int) -> None:
    command = [sys.executable, "-m", "tests.bench.nearly_done", what, str(folder / _JOB)]
    rig.spend([*command, str(run_dir), *map(str, numbers)])


@contextlib.contextmanager
def killed(folder: Path) -> Iterator[Path]:
    """A copy of the run, as a kill leaves it."""
    run_dir = folder / "run"
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(mode=0o700)
    for one in (folder / "settled").iterdir():
        if one.name == "ledger.jsonl":  # a hole
            (run_dir / one.name).touch(mode=0o600)
            os.truncate(run_dir / one.name, one.stat().st_size)
        else:
            shutil.copy2(one, run_dir / one.name)
    _nearly_done("kill", folder, run_dir, LEFT, IN_FLIGHT)
    try:
        yield run_dir
    finally:
        shutil.rmtree(run_dir)


def pieces(folder: Path) -> dict[str, float]:
    """Seconds of the parts of a resume, each alone."""
    with killed(folder) as run_dir:
        told = subprocess.run(  # noqa: S603  # this interpreter
            [sys.executable, "-c", _PIECES, str(folder / _JOB), str(run_dir)],
            check=True,
            capture_output=True,
            text=True,
            cwd=rig.ROOT,
        )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def once(folder: Path) -> dict[str, Any]:
    """One status and one resume of a killed run; all that was left is sent once."""
    tool, where = [sys.executable, "-m", "bulkdel"], [str(folder / _JOB), "--run-dir"]
    with killed(folder) as run_dir:
        where.append(str(run_dir))
        status = rig.spend([*tool, "status", *where, "--json"])
        with rig.serving((20.0, 60.0)) as server:
            _write_job(folder, server.url)
            begun = time.monotonic()
            run = rig.spend([*tool, "run", *where, "--no-progress"])
        assert server.seen["calls"] == server.seen["pairs"] == LEFT
    return {
        "first_call_s": round(server.seen["first"] - begun, 2),
        "run_peak_mb": round(run.peak_mb),
        "status_s": round(status.wall_s, 2),
        "status_cpu_s": round(status.cpu_s, 2),
        "status_peak_mb": round(status.peak_mb),
        "load": rig.load(),
    }


def measure(folder: Path, *, rows: int, rounds: int) -> dict[str, Any]:
    """Rounds over one run of `rows` entries."""
    prepare(folder, rows)
    found = [once(folder) for _ in range(rounds)]
    settled = folder / "settled"
    middle = {
        key: statistics.median(one[key] for one in found)
        for key in ("first_call_s", "status_s", "status_peak_mb")
    }
    return {
        "rows": rows,
        "goal_s": GOAL_S,
        "median": middle,
        "pieces": pieces(folder),
        "mb": {
            name: (at / name).stat().st_size >> 20
            for at, name in (
                (folder, "pairs.csv"),
                (settled, "plan.parquet"),
                (settled, "journal.db"),
                (settled, "ledger.jsonl"),
            )
        },
        "rounds": found,
    }


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_resume(tmp_path: Path) -> None:
    """The next call of a run of 10 M settled entries leaves within 10 s."""
    found = measure(tmp_path / "resume", rows=10_000_000, rounds=1)
    assert found["median"]["first_call_s"] <= GOAL_S, found


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary) / "resume"
        found = measure(folder, rows=chosen.rows, rounds=chosen.rounds)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
