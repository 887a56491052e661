"""The JSON of `plan`: every key is documented and written, and it says what the page says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from bulkdel.job.job import Backup, Job
from bulkdel.job.window import Schedule, Window
from bulkdel.plan import would_be as counting
from bulkdel.plan.cut import Shard
from bulkdel.plan.values import PlanMeta
from bulkdel.report import preview as previewing
from bulkdel.report.plan_json import KEYS, VERSION, plan_json
from bulkdel.report.preview import Preview
from bulkdel.report.text.preview import plan_text
from bulkdel.runs.run import plan_only
from bulkdel.words import Mode, Operation, Orient
from tests.plan.jobs import a_job, a_target
from tests.support import front
from tests.support.json_keys import undocumented, unwritten

NOW_S = datetime(2026, 11, 21, 18, 30, tzinfo=UTC).timestamp()
WINDOW = Window(begin=time(1), end=time(6), zone=ZoneInfo("Asia/Singapore"))
ROWS = (
    "From_Account,To_Account\nhub,a\na,hub\nb,hub\nc,hub\nhub,NULL\nx,boss\nb,hub\n,empty\n"
    + "".join(f"many,friend{at}\n" for at in range(4))
)


def previewed(tmp_path: Path, rows: str = ROWS, **changes: Any) -> tuple[Job, Preview]:
    """A job over these rows, two-way at two targets, and its preview."""
    (tmp_path / "in.csv").write_text(rows)
    targets = (a_target("tencent"), a_target("small", provider="zego", batch_size=3))
    job = a_job(tmp_path, ["in.csv"], targets=targets, protect=("boss",))
    job = replace(job, **changes)
    return job, plan_only(job, lambda _: None)


def values(job: Job, preview: Preview) -> dict[str, Any]:
    """What is written, read back."""
    read: dict[str, Any] = orjson.loads(plan_json(job, preview, now_s=NOW_S))
    assert undocumented(read, KEYS) == set()
    assert next(iter(read)) == "version"
    assert read["version"] == VERSION
    return read


def test_every_key_is_documented_and_written(tmp_path: Path) -> None:
    """In both directions, for a plan that has something under each of its keys."""
    guards = replace(front.job(front.tencent(), max_pairs=3).guards, protect=("boss", "n*"))
    job, preview = previewed(
        tmp_path,
        schedule=Schedule(window=WINDOW),
        guards=guards,
        backup=Backup(enabled=True),
    )
    shards = (Shard(name="1", targets=("tencent",)), Shard(name="2", targets=("small",)))
    preview = replace(preview, shards=shards)
    told = values(job, preview)
    assert told["cluster"]["processes"] == 1
    assert [one["targets"] for one in told["cluster"]["shards"]] == [["tencent"], ["small"]]
    over = replace(job, targets=(replace(job.targets[0], over_ceiling=True), job.targets[1]))
    assert unwritten(values(over, preview), KEYS) == set()
    assert told["rows"] == {
        "read": 12,
        "pairs": 9,
        "duplicates": 1,
        "rejected": 1,
        "protected": 1,
    }
    assert [told["targets"][name]["calls"] for name in ("tencent", "small")] == [5, 6]
    assert told["targets"]["small"]["takes_at_least_s"] == 6 / job.targets[1].qps
    assert told["targets"]["tencent"]["fewest_calls"] == {
        "calls": 2,
        "exact": True,
        "saves_calls": 3,
        "saves_s": round(3 / job.targets[0].qps, 3),
    }
    assert told["largest"][0] == {"account": "many", "pairs": 4}
    assert told["rejects"] == {
        "reasons": [{"reason": "empty: From_Account", "rows": 1}],
        "whole": True,
    }
    assert [one["example"] for one in told["lookalikes"]] == ["NULL"]
    assert told["stopped_by"].startswith("guards.max_pairs = 3")
    assert told["columns"] == {"from_account": "From_Account", "to_account": "To_Account"}
    assert told["inputs"][0]["path"] == str(tmp_path / "in.csv")
    assert told["inputs"][0]["size"] == len(ROWS)
    assert len(told["inputs"][0]["sha256"]) == 64


def test_without_a_choice_nothing_is_said_of_it(tmp_path: Path) -> None:
    """One-way, whole lists, chosen already: there is nothing that would be saved, and no reason."""
    choices: list[dict[str, Any]] = [
        {"mode": Mode.ONE_WAY},
        {"orient": Orient.FEWEST_CALLS},
        {"operation": Operation.DELETE_ALL_FRIENDS},
    ]
    for at, changes in enumerate(choices):
        folder = tmp_path / str(at)
        folder.mkdir()
        rows = "From_Account\na\nb\n" if "operation" in changes else ROWS
        told = values(*previewed(folder, rows, **changes))
        assert told["targets"]["tencent"]["fewest_calls"] is None
        assert told["fewest_calls_unknown"] is None
        assert (told["targets"]["tencent"]["as_given"] is None) == ("orient" not in changes)


def test_what_is_not_counted_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For more pairs than are counted there is a sentence in place of figures."""
    monkeypatch.setattr(counting, "COUNTED_MOST", 8)
    job, preview = previewed(tmp_path)
    told = values(job, preview)
    assert told["targets"]["tencent"]["fewest_calls"] is None
    assert "not counted for more than 8 pairs" in told["fewest_calls_unknown"]


def schedule(job: Job, meta: PlanMeta, of: Schedule) -> tuple[dict[str, Any], str]:
    """What the JSON and the page say of it."""
    job = replace(job, schedule=of)
    page = " ".join(plan_text(job, Preview(meta=meta), 80, now_s=NOW_S).split())
    return values(job, Preview(meta=meta))["schedule"], page


def test_times_name_their_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """UTC always; the schedule's own zone beside it where it shows another time.

    400 calls at 200/s are 2 s. It is 02:30 in Singapore: the window is open.
    """
    job = front.job(front.tencent())
    meta = front.plan(job, front.books(read=100, pairs=100), {"tencent": 400})
    told, page = schedule(job, meta, Schedule(window=WINDOW))
    assert told == {
        "timezone": "Asia/Singapore",
        "done_at": "2026-11-21T18:30:02.000Z",
        "sittings": 1,
    }
    assert "done 2026-11-22 02:30 Asia/Singapore (2026-11-21 18:30 UTC) at the earliest" in page
    in_utc = Schedule(window=replace(WINDOW, zone=ZoneInfo("UTC")))
    told, page = schedule(job, meta, in_utc)
    assert told["done_at"] == "2026-11-22T01:00:02.000Z"
    assert "done 2026-11-22 01:00 UTC at the earliest" in page
    told, page = schedule(job, meta, Schedule(max_duration_s=1))
    assert told == {"timezone": None, "done_at": "2026-11-21T18:30:02.000Z", "sittings": 2}
    assert "done 2026-11-21 18:30 UTC at the earliest, in 2 starts" in page
    monkeypatch.setattr(previewing, "finish", lambda *_: None)
    never, page = schedule(job, meta, Schedule(window=WINDOW))
    assert never == {"timezone": "Asia/Singapore", "done_at": None, "sittings": None}
    assert "it would take more than a thousand starts" in page


def test_what_a_backup_takes(tmp_path: Path) -> None:
    """Two-way, both ends of each pair have a list that is pulled; without a backup it is null."""
    rows = "From_Account,To_Account\na,b\nb,a\na,c\n"
    job, preview = previewed(tmp_path, rows, backup=Backup(enabled=True))
    assert values(job, preview)["targets"]["tencent"]["backup"] == {
        "lists": 3,
        "calls_at_least": 3,
        "qps": 200,
        "takes_at_least_s": 0.015,
    }
    job, preview = previewed(tmp_path, rows)
    assert values(job, preview)["targets"]["tencent"]["backup"] is None
