"""How long planning takes beside sort(1) on the same rows, and what memory it needs.

    python tests/bench/bench_plan.py [--rows 10000000] [--targets 2] [--rounds 1]

Prints one JSON object: seconds of each round of both, interleaved, their ratio, and the peak
resident memory of the planning process. The rows are shuffled, with a skewed number of friends.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_PLAN = """
import json, resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.plan.jobs import a_job, a_target
from bulkdel.plan.make import make_plan
folder, targets = Path(sys.argv[2]), int(sys.argv[3])
chosen = (a_target("tencent"), a_target("zego", provider="zego", batch_size=20))[:targets]
begun = time.perf_counter()
meta = make_plan(a_job(folder, [sys.argv[4]], targets=chosen))
print(json.dumps({
    "seconds": round(time.perf_counter() - begun, 2),
    "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "pairs": meta.books.pairs,
    "batches": [share.batches for share in meta.shares],
}))
"""


def write_rows(path: Path, rows: int, *, seed: int = 7) -> None:
    """Shuffled rows over rows/10 accounts with ids of three kinds; some accounts have very many."""
    rnd = random.Random(seed)
    count = max(10, rows // 10)
    names = []
    for at in range(count):
        match at % 3:
            case 0:
                names.append(f"user_{at:08d}")
            case 1:
                names.append(str(1_000_000_000 + at * 7))
            case _:
                names.append(hashlib.sha256(str(at).encode()).hexdigest()[:20])
    rnd.shuffle(names)
    with path.open("w", encoding="utf-8") as out:
        out.write("From_Account,To_Account\n")
        for _ in range(rows):
            one, other = int(count * rnd.random() ** 3), int(count * rnd.random())
            if one == other:
                other = (other + 1) % count
            out.write(f"{names[one]},{names[other]}\n")


def measure(rows: int, targets: int, rounds: int, folder: Path) -> dict[str, object]:
    """Plans and sorts in turn, `rounds` times."""
    source = folder / "rows.csv"
    write_rows(source, rows)
    sorts: list[float] = []
    plans: list[dict[str, object]] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        command = ["sort", "-u", "-S", "2G", "--parallel=2", "-T", str(folder), "-o"]
        subprocess.run(  # noqa: S603 - fixed words
            [*command, str(folder / "sorted"), str(source)],
            check=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        sorts.append(round(time.perf_counter() - begun, 2))
        (folder / "sorted").unlink()
        shutil.rmtree(folder / "run", ignore_errors=True)
        told = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-c", _PLAN, str(ROOT), str(folder), str(targets), source.name],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        plans.append(json.loads(told.stdout))
    took = [float(str(made["seconds"])) for made in plans]
    return {
        "rows": rows,
        "targets": targets,
        "sort_s": sorts,
        "plan_s": took,
        "ratio": round(statistics.median(took) / statistics.median(sorts), 2),
        "peak_rss_mb": max(int(str(made["peak_rss_mb"])) for made in plans),
        "pairs": plans[0]["pairs"],
        "batches": plans[0]["batches"],
        "plan_mb": (folder / "run" / "plan.parquet").stat().st_size >> 20,
    }


def main() -> None:
    """Measures in a temporary folder and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--targets", type=int, choices=(1, 2), default=2)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = measure(given.rows, given.targets, given.rounds, Path(folder))
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
