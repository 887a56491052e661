"""Fewest calls: what orient reaches, its time and its memory. Prints JSON.

    python -m tests.bench.bench_orient [FILE.csv[.gz] ...] [--rows N ...] [--batch-size B ...]

A FILE has a header and two columns, one friendship a row. `--rows` draws a network with hubs by a
seed. Each case runs in a process of its own, so that the memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import multiprocessing
import resource
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import orjson

from bulkdel.plan.orient import orient
from tests.support.networks import a_network, edges_of

_ACCOUNTS = 1 / 3  # of the rows drawn


def main() -> None:
    """Runs all cases asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rows", nargs="*", type=int, default=[125_000])
    parser.add_argument("--batch-size", nargs="*", type=int, default=[1000, 20])
    asked = parser.parse_args()
    results = []
    for source in [*asked.files, *asked.rows]:
        for batch_size in asked.batch_size:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                results.append(pool.apply(_measured, (source, batch_size)))
    sys.stdout.buffer.write(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")


def _measured(source: Path | int, batch_size: int) -> dict[str, str | int | float]:
    if isinstance(source, int):
        accounts = int(source * _ACCOUNTS)
        edges = a_network(accounts, source)
    else:
        edges = edges_of(_numbered(source))
        accounts = max(edges.high, default=-1) + 1
    degrees = array("i", [0]) * accounts
    for low, high in zip(edges.low, edges.high, strict=True):
        degrees[low] += 1
        degrees[high] += 1
    before_mb = _now_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    made = orient(accounts, edges, batch_size)
    return {
        "source": str(source) if isinstance(source, int) else source.name,
        "friendships": len(edges.low),
        "batch_size": batch_size,
        "as_given": sum(-(-degree // batch_size) for degree in degrees),
        "calls": made.calls,
        "bound": made.bound,
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "before_mb": before_mb,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _numbered(path: Path) -> Iterator[tuple[int, int]]:
    """Friendships by account number, given in the order of the names."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    rows = csv.reader(text.splitlines())
    next(rows)
    pairs = [(one, two) for one, two in rows if one != two]
    names = sorted({name for pair in pairs for name in pair})
    number = {name: at for at, name in enumerate(names)}
    return ((number[one], number[two]) for one, two in pairs)


def _now_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


if __name__ == "__main__":
    main()
