"""Fewest calls: what a whole plan reaches, its time and its memory. Prints JSON.

    python -m tests.bench.bench_orient [FILE.csv[.gz] ...] [--friendships N ...]
        [--batch-size B ...]

A FILE has a header and two columns, one friendship a row. `--friendships` draws a network with hubs
by a seed. Both directions are written out and shuffled. Each plan is made in a process of its own,
so that the memory is its own: as given, with fewest calls, and with fewest calls by the rule for
large inputs, each for all batch sizes at once.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bulkdel.plan.make import make_plan
from bulkdel.plan.scale import Scale
from bulkdel.plan.sides.choose import SidesMemory
from bulkdel.words import Orient
from tests.plan.jobs import a_job, a_target

_WAYS = {
    "as_given": (Orient.AS_GIVEN, Scale()),
    "fewest_calls": (Orient.FEWEST_CALLS, Scale()),
    "fewest_calls_by_rule": (Orient.FEWEST_CALLS, Scale(sides=SidesMemory(friendships=0))),
}
_AT_A_TIME = 1_000_000


def main() -> None:
    """Runs all cases asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--friendships", nargs="*", type=int, default=[125_000])
    parser.add_argument("--batch-size", nargs="*", type=int, default=[1000, 20])
    asked = parser.parse_args()
    results: list[dict[str, Any]] = []
    for source in [*asked.files, *asked.friendships]:
        with tempfile.TemporaryDirectory() as name:
            results += measure(Path(name), source, asked.batch_size)
    sys.stdout.buffer.write(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")


def measure(folder: Path, source: Path | int, sizes: list[int]) -> list[dict[str, Any]]:
    """What each way to plan reaches for the friendships of a file, or for so many drawn ones."""
    ends = _drawn(source) if isinstance(source, int) else _read(source)
    _write_both_ways(ends, folder / "in.csv")
    del ends
    results = []
    for way in _WAYS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            told = pool.apply(_measured, (folder, way, sizes))
        results.append({"source": getattr(source, "name", "drawn"), "way": way, **told})
    return results


def _measured(folder: Path, way: str, sizes: list[int]) -> dict[str, Any]:
    orient, scale = _WAYS[way]
    targets = tuple(a_target(str(size), batch_size=size) for size in sizes)
    load = round(os.getloadavg()[0], 1)
    begun = time.perf_counter()
    meta = make_plan(a_job(folder, ["in.csv"], targets=targets, orient=orient), scale=scale)
    wall = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rows": meta.books.read,
        "pairs": meta.books.pairs,
        "calls": {share.target: share.batches for share in meta.shares},
        "least": {share.target: share.least for share in meta.shares},
        "load": load,
        "wall_s": round(wall, 2),
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "peak_rss_mb": used.ru_maxrss // 1024,
    }


def _read(path: Path) -> list[tuple[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    rows = csv.reader(io.StringIO(text, newline=""))
    next(rows)
    return [(f"u{one}", f"u{two}") for one, two in rows if one != two]


def _drawn(friendships: int) -> list[tuple[str, str]]:
    """About so many: the earlier an account, the more friends it has."""
    rng = np.random.default_rng(1)
    accounts = friendships // 3
    one = (accounts * rng.random(friendships) ** 2.5).astype(np.int64)
    two = (accounts * rng.random(friendships) ** 1.5).astype(np.int64)
    keys = np.unique(np.minimum(one, two) * accounts + np.maximum(one, two))
    keys = keys[keys // accounts != keys % accounts]
    pairs = zip((keys // accounts).tolist(), (keys % accounts).tolist(), strict=True)
    return [(f"u{low}", f"u{high}") for low, high in pairs]


def _write_both_ways(ends: list[tuple[str, str]], out: Path) -> None:
    order = np.random.default_rng(2).permutation(2 * len(ends))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["From_Account", "To_Account"])
        for first in range(0, len(order), _AT_A_TIME):
            some = order[first : first + _AT_A_TIME].tolist()
            writer.writerows(ends[at >> 1][:: -1 if at & 1 else 1] for at in some)


if __name__ == "__main__":
    main()
