"""The table of the measurements, from a record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench import rig
from tests.bench import table as tables
from tests.bench.__main__ import PARTS

_SENDER = {"times_the_floor": 1.0, "most_arrived_in_a_second": 200, "throttled": 0, "undone": 0}
RECORD: dict[str, Any] = {
    "machine": {
        "cpu": "A processor",
        "usable_cores": 2,
        "memory_gb": 23.5,
        "system": "Linux 6.1",
        "python": "CPython 3.11.7",
        "load_before": [0.11, 0.2, 0.3],
        "load_after": [1.5, 0.2, 0.3],
    },
    "quick": False,
    "pace": {
        "busy": 2,
        "settings": [
            {
                "qps": 200.0,
                "bulkdel": {"share_of_rate": 0.9912, "most_left_in_a_second": 200},
                "script": {"share_of_rate": 1.0203, "most_left_in_a_second": 1399},
            }
        ],
    },
    "parallel": {
        "qps": 200.0,
        "calls": 2000,
        "bulkdel": {**_SENDER, "cpu_ms_a_call": 1.23},
        "script": {**_SENDER, "cpu_ms_a_call": 1.0, "throttled": 1198},
        "curl": {
            **_SENDER,
            "cpu_ms_a_call": 25.04,
            "times_the_floor": 2.714,
            "undone": 3,
            "tool": "xargs -P and curl",
            "note": "GNU parallel is not on this machine",
        },
    },
    "verify": {"ids": 1000, "calls": 2000, "ratio": 1.271},
    "cost": {"settings": [{"ids": 1000, "calls": 2400, "ratio": {"dumps": 0.584}}]},
    "plan": {
        "rows": 10_000_000,
        "ratio": {"one_target": 0.85, "two_targets": 1.2},
        "rounds": {"one_target": [{"peak_rss_mb": 455}, {"peak_rss_mb": 1460}]},
    },
    "resume": {
        "rows": 100_000_000,
        "goal_s": 10.0,
        "median": {"first_call_s": 7.26, "status_s": 0.5, "status_peak_mb": 90},
    },
    "fewest_calls": [
        {
            "source": "network.csv",
            "way": "as_given",
            "pairs": 2_000_000,
            "calls": {"1000": 40_000},
            "least": {"1000": None},
            "cpu_s": 0.5,
            "peak_rss_mb": 90,
        },
        {
            "source": "network.csv",
            "way": "fewest_calls",
            "pairs": 1_000_000,
            "calls": {"1000": 21_000},
            "least": {"1000": 20_500},
            "cpu_s": 3.44,
            "peak_rss_mb": 1_120,
        },
    ],
}

EXPECTED = """\
A processor, 2 cores, 23.5 GB, Linux 6.1, CPython 3.11.7; load 0.11 before and 1.5 after.

| what | bulkdel | the same packages in fifty lines | xargs -P and curl | goal |
| --- | ---: | ---: | ---: | ---: |
| share of the rate, 200 calls/s | 0.991 | 1.020 | - | ≥ 0.99 |
| most calls that left in any second, 200 calls/s | 200 | 1,399 | - | ≤ 200 |
| 2,000 calls at 200/s, time beside the floor | 1.00 x | 1.00 x | 2.71 x | - |
| 2,000 calls at 200/s, most that arrived in any second | 200 | 200 | 200 | - |
| 2,000 calls at 200/s, throttled | 0 | 1,198 | 0 | - |
| 2,000 calls at 200/s, not done at the end | 0 | 0 | 3 | 0 |
| 2,000 calls at 200/s, CPU a call | 1.2 ms | 1.0 ms | 25.0 ms | - |
| CPU of 2,400 calls of 1,000 ids beside a bare loop | 0.58 x | - | - | ≤ 1.4 x |
| CPU of verifying 2,000 calls of 1,000 ids beside sending them | 1.27 x | - | - | ≤ 1.5 x |
| plan of 10,000,000 rows beside `sort -u`, one target | 0.85 x | - | - | ≤ 0.75 x |
| plan of 10,000,000 rows beside `sort -u`, two targets | 1.20 x | - | - | - |
| its peak memory, one target | 1,460 MB | - | - | < 1,000 MB |
| next call after a kill, 100,000,000 pairs settled | 7.3 s | - | - | ≤ 10 s |
| `status` of 100,000,000 pairs | 0.5 s, 90 MB | - | - | - |
| calls of 1,000 ids for 1,000,000 friendships (network.csv) | 21,000 | 40,000 | 40,000 | \
no plan has fewer than 20,500 |
| CPU and memory to plan that | 3.4 s, 1,120 MB | - | - | - |

The share of the rate was taken while 2 other processes kept the CPU busy.

xargs -P and curl: GNU parallel is not on this machine.
"""


def test_table() -> None:
    """A record becomes a row for each measure, with the machine above and the notes below."""
    assert tables.table(RECORD) == EXPECTED


def test_a_record_of_one_part() -> None:
    """What was not measured has no row."""
    record = {"machine": RECORD["machine"], "quick": True, "resume": RECORD["resume"]}
    told = tables.table(record)
    assert "next call after a kill" in told
    assert "share of the rate" not in told
    assert "A quick run" in told


def test_every_part_has_rows() -> None:
    """Whatever the command measures, the table shows."""
    assert set(PARTS) <= set(tables._ROWS)


def test_table_of_a_file(tmp_path: Path) -> None:
    """`--table FILE` measures nothing and prints the table of that record."""
    (tmp_path / "found.json").write_text(json.dumps(RECORD), encoding="utf-8")
    done = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-m", "tests.bench", "--table", str(tmp_path / "found.json")],
        cwd=rig.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == EXPECTED


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_quick(tmp_path: Path) -> None:
    """A quick run of all parts makes a record that the table can show."""
    out = tmp_path / "found.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--out", str(out), "--table"]
    done = subprocess.run(  # noqa: S603  # this interpreter
        command, cwd=rig.ROOT, capture_output=True, text=True, check=True
    )
    record = json.loads(out.read_text(encoding="utf-8"))
    assert set(record) == {"machine", "quick", *PARTS}
    assert done.stdout == tables.table(record)
