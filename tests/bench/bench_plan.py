"""How long planning takes beside sort(1) on the same rows, and what memory it needs.

    python tests/bench/bench_plan.py [--rows 10000000] [--rounds 3]

Prints one JSON object: seconds of every round of sort and of planning for one target and for two,
interleaved, with the load of the machine before each; ratios of the medians; processor seconds; the
peak resident memory of the planning process. The rows are shuffled, with a skewed number of
friends. The same rows are planned for one target with every field in quotes, and with a note
between the ids that holds delimiters, doubled quotes and a line break.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
seconds = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": round(seconds, 2),
    "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    "peak_rss_mb": used.ru_maxrss // 1024,
    "pairs": meta.books.pairs,
    "batches": [share.batches for share in meta.shares],
}))
"""
_SORT = ("sort", "-u", "-S", "2G", "--parallel=2")


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


def write_quoted(source: Path, path: Path, *, note: str = "") -> None:
    """The rows of `source` with every field in quotes, and with `note` between them."""
    between = f'","{note}","' if note else '","'
    with source.open(encoding="utf-8") as rows, path.open("w", encoding="utf-8") as out:
        next(rows)
        names = ["From_Account", "note", "To_Account"] if note else ["From_Account", "To_Account"]
        out.write(",".join(f'"{name}"' for name in names) + "\n")
        out.writelines('"' + row[:-1].replace(",", between) + '"\n' for row in rows)


def sort(source: Path, folder: Path) -> dict[str, float]:
    """Sorts once, as anybody would."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603 - fixed words
        [*_SORT, "-T", str(folder), "-o", str(folder / "sorted"), str(source)],
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (folder / "sorted").unlink()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 2), "cpu_s": round(cpu, 2)}


def plan(source: Path, folder: Path, targets: int) -> dict[str, Any]:
    """Plans once, in a process of its own."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    told = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", _PLAN, str(ROOT), str(folder), str(targets), source.name],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    size = (folder / "run" / "plan.parquet").stat().st_size
    return {**json.loads(told.stdout), "plan_mb": size >> 20}


def measure(rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Sorts and plans in turn, `rounds` times."""
    source = folder / "rows.csv"
    write_rows(source, rows)
    quoted, notes = folder / "quoted.csv", folder / "notes.csv"
    write_quoted(source, quoted)
    write_quoted(source, notes, note='say ""hi"", then\ngo, and stay')
    works: dict[str, Callable[[], dict[str, Any]]] = {
        "sort": lambda: sort(source, folder),
        "one_target": lambda: plan(source, folder, 1),
        "two_targets": lambda: plan(source, folder, 2),
        "quoted": lambda: plan(quoted, folder, 1),
        "notes": lambda: plan(notes, folder, 1),
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            load = round(os.getloadavg()[0], 1)
            found[name].append({"load": load, **work()})
    medians = {
        name: statistics.median(round_["seconds"] for round_ in some)
        for name, some in found.items()
    }
    return {
        "rows": rows,
        "ratio": {
            name: round(medians[name] / medians["sort"], 2) for name in medians if name != "sort"
        },
        "median_s": medians,
        "rounds": found,
    }


def main() -> None:
    """Measures in a temporary folder and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = measure(given.rows, given.rounds, Path(folder))
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
