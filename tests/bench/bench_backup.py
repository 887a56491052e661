"""How near a backup comes to the allowed rate, and what memory it takes.

    python -m tests.bench.bench_backup [--accounts 2000 8000] [--pages 1] [--latency-ms 20 300]

Prints one JSON object: for each number of accounts, `bulkdel backup` of a job that clears their
lists, against a server with so many pages of 100 friends for each: calls a second from the first to
the last as a share of Tencent's 200, the peak of the process's memory, and the file's size.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.bench import rig

QPS = 200
LATENCY_MS = (20.0, 300.0)


def measure(
    folder: Path, accounts: int, *, pages: int, latency_ms: tuple[float, float]
) -> dict[str, Any]:
    """One backup."""
    folder.mkdir()
    rows = "".join(f"user_{number:07d}\n" for number in range(accounts))
    (folder / "pairs.csv").write_text(f"From_Account\n{rows}")
    job = folder / "job.toml"
    with rig.serving(latency_ms, pages=pages) as server:
        rig.write_job(job, server.url, qps=QPS, in_flight=2 * QPS)
        text = job.read_text()
        text = text.replace("delete_friends", "delete_all_friends").replace("two_way", "one_way")
        job.write_text(text.replace("batch_size = 1000\n", "") + "[backup]\nenabled = true\n")
        spent = rig.spend([sys.executable, "-m", "bulkdel", "backup", str(job), "--no-progress"])
    kept = folder / "runs/job/backup"
    note = json.loads((kept / "backup.json").read_text())
    assert note["friends"] == 100 * pages * accounts
    return {
        "accounts": accounts,
        "pages": pages,
        "share_of_rate": round((server.seen["calls"] - 1) / server.seen["span_s"] / QPS, 4),
        "most_in_a_second": server.seen["most_in_a_second"],
        "peak_mb": round(spent.peak_mb),
        "cpu_share": round(spent.cpu_s / spent.wall_s, 3),
        "file_mb": round(note["bytes"] / 1e6, 1),
        "load": rig.load(),
    }


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_a_backup_keeps_the_rate_and_its_memory(tmp_path: Path) -> None:
    """At least 0.97 of the rate, in memory that does not grow with the number of accounts."""
    few, many = (
        measure(tmp_path / str(number), number, pages=1, latency_ms=LATENCY_MS)
        for number in (2000, 8000)
    )
    assert many["share_of_rate"] >= 0.97, many
    assert many["peak_mb"] <= few["peak_mb"] + 25, (few, many)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, nargs="+", default=[2000, 8000])
    parser.add_argument("--pages", type=int, default=1)
    parser.add_argument("--latency-ms", type=float, nargs=2, default=LATENCY_MS)
    chosen = parser.parse_args()
    low, high = chosen.latency_ms
    with tempfile.TemporaryDirectory() as folder:
        found = [
            measure(Path(folder) / str(number), number, pages=chosen.pages, latency_ms=(low, high))
            for number in chosen.accounts
        ]
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
