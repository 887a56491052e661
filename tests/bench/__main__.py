"""All measurements, one command.

    python -m tests.bench [--quick] [--only PART ...] [--network FILE] [--out FILE] [--table [FILE]]
    python -m tests.bench --cluster [--quick] [--out FILE]

Runs the parts one after the other and prints one JSON object: the machine, and what each part
found. `--table FILE` measures nothing and prints the table of README.md, beside this file, from
such an object instead; without a FILE it measures, and prints the table. It takes some 15 minutes,
with `--quick` less than two, and needs a machine that does nothing else: the figures are ratios
within one run, and nothing here fails for a figure. `--cluster` measures many processes beside one,
and nothing else: it needs the extra `cluster`, and a PostgreSQL or its package; see bench_cluster.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import (
    bench_cost,
    bench_orient,
    bench_pace,
    bench_parallel,
    bench_plan,
    bench_resume,
    bench_verify,
    rig,
)
from tests.bench.machine import machine
from tests.bench.table import table

BUSY = 2
"""Processes that burn CPU while the pace is measured."""


def pace(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See bench_pace."""
    rates, seconds = ([200.0], 8.0) if quick else ([20.0, 200.0, 1000.0], 60.0)
    with bench_pace.busy(BUSY):
        settings = [
            bench_pace.measure(folder / f"{qps:g}", qps, seconds=seconds, limit=False)
            for qps in rates
        ]
    return {"busy": BUSY, "seconds": seconds, "settings": settings}


def cost(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See bench_cost."""
    seconds, rounds = (3.0, 1) if quick else (12.0, 3)
    qps = [bench_cost.FLAT_OUT]
    return bench_cost.report(folder, ids=[1, 1000], qps=qps, seconds=seconds, rounds=rounds)


def verify(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See bench_verify."""
    calls, rounds = (500, 1) if quick else (2000, 3)
    return bench_verify.report(folder, ids=1000, calls=calls, rounds=rounds)


def plan(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See bench_plan."""
    rows, rounds = (500_000, 1) if quick else (10_000_000, 3)
    return bench_plan.measure(rows, rounds, folder)


def resume(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See bench_resume."""
    rows, rounds = (200_000, 1) if quick else (10_000_000, 3)
    return bench_resume.measure(folder, rows=rows, rounds=rounds)


def fewest_calls(folder: Path, *, quick: bool, network: Path | None = None) -> list[dict[str, Any]]:
    """See bench_orient; of `network`, or of a drawn one."""
    return bench_orient.measure(folder, network or (20_000 if quick else 125_000), [1000, 20])


def parallel(folder: Path, *, quick: bool) -> dict[str, Any]:
    """See bench_parallel."""
    return bench_parallel.measure(folder / "at", qps=200.0, calls=400 if quick else 2000)


PARTS: Mapping[str, Callable[..., Any]] = {
    "pace": pace,
    "cost": cost,
    "verify": verify,
    "plan": plan,
    "resume": resume,
    "fewest_calls": fewest_calls,
    "parallel": parallel,
}


def measure(names: list[str], *, quick: bool, network: Path | None = None) -> dict[str, Any]:
    """The named parts, one after the other, each in a folder that is gone afterwards."""
    parts: dict[str, Callable[..., Any]] = {
        **PARTS,
        "fewest_calls": partial(fewest_calls, network=network),
    }
    found: dict[str, Any] = {"machine": machine(), "quick": quick}
    for name in names:
        sys.stderr.write(f"{name} ... ")
        sys.stderr.flush()
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found[name] = parts[name](Path(folder), quick=quick)
        sys.stderr.write(f"{time.monotonic() - begun:.0f} s\n")
    found["machine"]["load_after"] = rig.load()
    return found


def main() -> None:
    """Measure, or read what was measured; print JSON or the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="less than two minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the JSON goes")
    parser.add_argument("--network", type=Path, metavar="FILE", help="friendships, a CSV[.gz]")
    parser.add_argument("--table", nargs="?", const="", metavar="FILE", help="print the table")
    parser.add_argument("--cluster", action="store_true", help="many processes beside one")
    chosen = parser.parse_args()
    if chosen.cluster:
        from tests.bench import bench_cluster  # noqa: PLC0415  # it needs more than the others

        with tempfile.TemporaryDirectory() as folder:
            parts = bench_cluster.measure(Path(folder), quick=chosen.quick)
        found = {"machine": machine(), "quick": chosen.quick, "cluster": parts}
    elif chosen.table:
        found = json.loads(Path(chosen.table).read_text(encoding="utf-8"))
    else:
        found = measure(chosen.only, quick=chosen.quick, network=chosen.network)
    made = json.dumps(found, indent=1) + "\n"
    if chosen.out:
        chosen.out.write_text(made, encoding="utf-8")
    if chosen.table is not None:
        sys.stdout.write(table(found))
    elif not chosen.out:
        sys.stdout.write(made)


if __name__ == "__main__":
    main()
