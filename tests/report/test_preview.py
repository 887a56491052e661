"""What `plan` shows, and how rejects are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bulkdel.plan.cut import Shard
from bulkdel.report import rejects as reading
from bulkdel.report.doubts import too_many
from bulkdel.report.preview import Preview
from bulkdel.report.rejects import RejectedRow, Rejects, read_rejects
from bulkdel.report.text.confirm import confirm_text
from bulkdel.report.text.preview import plan_text
from bulkdel.words import Operation
from tests.support import front

ROWS = front.books(read=110, pairs=100, duplicates=5, rejected=3, protected=2)


@pytest.mark.parametrize(("max_pairs", "stops"), [(None, False), (100, False), (99, True)])
def test_max_pairs(max_pairs: int | None, stops: bool) -> None:
    """guards.max_pairs stops a plan that holds more pairs than it says, and names the key."""
    said = too_many(front.job(front.tencent(), max_pairs=max_pairs).guards, ROWS)
    assert bool(said) == stops
    assert said.startswith(
        "guards.max_pairs = 99 in the job file, but the plan holds 100 pairs"
    ) or (not stops)


def test_plan_shows_everything() -> None:
    """Books, work, largest accounts, rejects, and the command that sends it."""
    job = front.job(front.tencent(), front.zego())
    plan = front.plan(
        job, ROWS, {"tencent": 400, "zego": 4000}, largest=(("admin\x1b[2J", 60), ("bob", 40))
    )
    found = Rejects(
        reasons=(("empty_id", 2), ("zego_charset", 1)),
        first=(
            RejectedRow(
                file="/in/pairs.csv", lines="1204-1206", reason="empty_id", raw="a,\x1b[2J"
            ),
        ),
    )
    text = plan_text(job, Preview(meta=plan, rejects=found), 80, command="bulkdel run x.toml")
    rows = [line.split() for line in text.splitlines()]
    assert ["110", "100", "5", "3", "2"] in rows
    assert ["tencent", "100", "400", "200", "2", "s"] in rows
    assert ["zego", "100", "4,000", "20", "3", "min", "20", "s"] in rows
    assert ["60", "admin\\x1b[2J"] in rows
    assert ["2", "empty_id"] in rows
    assert ["1204-1206", "pairs.csv", "empty_id", "a,\\x1b[2J"] in rows
    assert text.endswith("To send it:\n  bulkdel run x.toml\n")
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_what_the_backup_takes_is_shown() -> None:
    """A call for each list at the ceiling of pulling, and what is not known yet is said."""
    job = front.job(front.tencent(), replace(front.zego(), qps=5))
    plan = front.plan(job, ROWS, {"tencent": 400, "zego": 4000})
    text = plan_text(job, Preview(meta=plan, backup_lists=(2000, 50)), 80)
    rows = [line.split() for line in text.splitlines()]
    assert ["tencent", "2,000", "2,000", "200", "10", "s"] in rows
    assert ["zego", "50", "50", "5", "10", "s"] in rows
    assert "how long the lists are is not known yet" in " ".join(text.split())
    assert "the backup" not in plan_text(job, Preview(meta=plan), 80)


def test_what_more_processes_are_good_for() -> None:
    """Shards and hours are said with what one process sends; one shard alone cuts nothing."""
    targets = [replace(front.tencent(), name=f"t{at}", app_id=at, qps=400) for at in range(6)]
    job = front.job(*targets)
    plan = front.plan(job, ROWS, {one.name: 4_000_000 for one in targets})
    shards = tuple(Shard(name=str(at), targets=(one.name,)) for at, one in enumerate(targets))
    told = " ".join(plan_text(job, Preview(meta=plan, shards=shards), 80).split())
    assert "Cut into 6 shards, which several processes can send at once" in told
    assert "together are allowed 2,400 calls/s, and one process sends about 1,000" in told
    assert "With one process it takes at least 6 h 40 min, with 3 on as many free" in told
    assert "cores 2 h 47 min." in told  # which is what each target takes at its own rate
    few = front.plan(job, ROWS, {one.name: 4 for one in targets})
    told = plan_text(job, Preview(meta=few, shards=shards), 80)
    assert "shards" in told
    assert "With one process" not in told
    one = (Shard(name="1", targets=tuple(target.name for target in targets)),)
    assert "[cluster] cuts nothing" in plan_text(job, Preview(meta=plan, shards=one), 80)
    assert "shard" not in plan_text(job, Preview(meta=plan), 80)


@pytest.mark.parametrize(("targets", "others"), [(12, ""), (13, "2 others"), (300, "289 others")])
def test_very_many_targets_fit_a_screen(targets: int, others: str) -> None:
    """Of more than a dozen the first have a row each; the others share one, with their sums."""
    named = [replace(front.tencent(), name=f"t{at}", app_id=at, qps=100) for at in range(targets)]
    job = front.job(*named)
    plan = front.plan(job, ROWS, {one.name: 100 * at for at, one in enumerate(named, 1)})
    for text in (plan_text(job, Preview(meta=plan), 200), confirm_text(job, plan, 200)):
        lines = text.splitlines()
        assert len(lines) < 70
        assert sum(
            line.startswith("  t") and line[3].isdecimal() for line in lines
        ) == 24 - 2 * bool(others)
        assert ("others" in text) == bool(others)
    if targets == 13:
        rows = [line.split() for line in text.splitlines()]
        assert ["2", "others", "200", "2,500", "200", "13", "s"] in rows


def test_guard_is_foretold() -> None:
    """`plan` shows a larger plan, and says that `run` would not send it."""
    job = front.job(front.tencent(), max_pairs=99)
    text = plan_text(job, Preview(meta=front.plan(job, ROWS, {"tencent": 1})), 80, command="x")
    assert "`bulkdel run` would not send this (exit 3): guards.max_pairs = 99" in text
    assert "To send it" not in text


def test_no_rows() -> None:
    """An input without rows is said to be one."""
    job = front.job(front.tencent())
    rows = front.books(read=0, pairs=0)
    text = plan_text(job, Preview(meta=front.plan(job, rows, {"tencent": 0})), 80, command="x")
    assert "The input holds no rows at all" in text


def test_accounts_are_not_called_pairs() -> None:
    """delete_all_friends counts accounts."""
    job = front.job(front.tencent(), operation=Operation.DELETE_ALL_FRIENDS)
    text = plan_text(job, Preview(meta=front.plan(job, ROWS, {"tencent": 100})), 80)
    assert "target   accounts  calls" in text


def test_rejects_are_read_in_short(tmp_path: Path) -> None:
    """Reasons are counted, the first few rows kept, base64 and damaged lines survived."""
    lines = [
        {"file": "p.csv", "line": number, "reason": "empty_id", "raw": "a,"} for number in range(7)
    ]
    text = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    text += b'{"file":"p.csv","line":9,"reason":"not_utf8","raw_b64":"/w=="}\n' + b"[torn"
    path = tmp_path / "rejects.jsonl"
    path.write_bytes(text)
    found = read_rejects(path)
    assert found.reasons == (
        ("empty_id", 7),
        ("not_utf8", 1),
        ("unreadable line of rejects.jsonl", 1),
    )
    assert [reject.lines for reject in found.first] == ["0", "1", "2", "3", "4"]
    assert found.whole


def test_rejects_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more lines are read than the limit, and no more reasons kept; both are said."""
    monkeypatch.setattr(reading, "LINES_READ", 5)
    monkeypatch.setattr(reading, "REASONS_KEPT", 2)
    path = tmp_path / "rejects.jsonl"
    path.write_bytes(b"".join(b'{"reason":"r%d"}\n' % number for number in range(6)))
    found = read_rejects(path)
    assert dict(found.reasons) == {"r0": 1, "r1": 1, "other reasons": 3}
    assert not found.whole


def test_no_rejects_file(tmp_path: Path) -> None:
    """Where nothing was rejected there may be no file."""
    assert read_rejects(tmp_path / "rejects.jsonl") == Rejects()
