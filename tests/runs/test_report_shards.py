"""The report of a run that is cut: all shards' ledgers, starts and answers as those of one run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from bulkdel import files
from bulkdel.ledger.lock import hold
from bulkdel.plan.cut import shard_dir
from bulkdel.report.few import ROWS_MOST
from bulkdel.report.report_json import KEYS
from bulkdel.runs.report import gather, report
from tests.support.cut_runs import cut_run, send
from tests.support.json_keys import undocumented, unwritten


def command(*words: str) -> str:
    """A command as a person would paste it."""
    return " ".join(("bulkdel", *words))


async def test_all_shards_as_one(tmp_path: Path) -> None:
    """Counts, starts and latencies are of all shards; each shard has its own ledger and times."""
    job, cut = cut_run(tmp_path, targets=3, slices={"app-3": 2})
    for shard in cut.shards[:3]:
        await send(job, shard)
    page, numbers = report(job, command=command)
    values = json.loads(numbers.read_text())
    assert not undocumented(values, KEYS)
    assert not {key for key in unwritten(values, KEYS) if "shard" in key}
    assert values["ledger"]["lines"] == 8
    assert [one["shard"] for one in values["sittings"]] == ["1", "2", "3"]
    assert [one["number"] for one in values["sittings"]] == [1, 2, 3]
    assert [one["settled"] for one in values["sittings"]] == [
        one["pairs"] for one in values["shards"][:3]
    ]
    assert [bool(one["ledger"]) for one in values["shards"]] == [True, True, True, False]
    assert values["shards"][3]["began"] is None
    deleted = {name: one["deleted"] for name, one in values["targets"].items()}
    assert deleted == {"app-1": 4, "app-2": 0, "app-3": 4}
    timelines = {name: one["timeline"] for name, one in values["targets"].items()}
    assert timelines["app-1"]["spans"]
    assert timelines["app-3"] == {
        "answers": 4,
        "p50_ms": None,
        "p95_ms": None,
        "p99_ms": None,
        "spans": [],
    }
    text = page.read_text()
    assert "4 shards: 3 settled, 1 waiting." in text
    assert "The ledger holds 8 lines, one for each settled result." in text
    assert not re.search(r"(href|src)=", text)
    assert all(one["ledger"]["head"] in text for one in values["shards"][:3])


async def test_many_targets(tmp_path: Path) -> None:
    """Every target is on the page, but the course of so many is not drawn; that is said."""
    job, cut = cut_run(tmp_path, targets=ROWS_MOST + 1, plans=False)
    text = report(job, command=command)[0].read_text()
    assert all(f">{one.targets[0]}</td>" in text for one in cut.shards)
    assert f"drawn where there are at most {ROWS_MOST} targets" in text


async def test_what_is_not_opened(tmp_path: Path) -> None:
    """A shard that is sent now, or cannot be read, is on the page, and its journal is let be."""
    job, cut = cut_run(tmp_path, targets=3)
    for shard in cut.shards:
        await send(job, shard)
    (shard_dir(job, cut.shards[2]) / files.JOURNAL).write_bytes(b"no database" * 400)
    for name in files.JOURNAL_FILES[1:3]:
        (shard_dir(job, cut.shards[2]) / name).unlink(missing_ok=True)
    with hold(shard_dir(job, cut.shards[0])):
        facts = gather(job)
    assert [one.head is None for one in facts.shards] == [True, False, True]
    assert [one.shard for one in facts.sittings] == ["2"]
    (sentence,) = facts.status.beside.unreadable
    assert sentence.startswith("shard 3 cannot be read")


async def test_who_agreed_is_said_once(tmp_path: Path) -> None:
    """One yes holds for all shards: it is not told of each again."""
    job, cut = cut_run(tmp_path, targets=2)
    for shard in cut.shards:
        await send(job, shard)
    text = report(job, command=command)[0].read_text()
    assert text.count("<dt>agreed</dt>") == 1
    assert text.count("<h3>Settings of") == 1
    shutil.rmtree(shard_dir(job, cut.shards[0]))
    assert gather(job).counts is not None
