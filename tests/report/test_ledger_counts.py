"""The ledger counted by code and account, exactly."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from bulkdel.report.ledger_counts import MOST_ACCOUNTS, LedgerCounts, count_ledger
from bulkdel.words import Verdict


def line(
    account: str,
    status: str = "failed",
    code: int = 30003,
    target: str = "zego",
    other: str = 'b"},\\{"status":"failed"',
) -> bytes:
    """A line of the ledger."""
    told = {
        "target": target,
        "from_account": account,
        "to_account": other,
        "status": status,
        "code": code,
        "info": "",
        "batch": "9f2c61d0a4e7b813",
        "attempts": 1,
        "lost_answers": 0,
        "at": "2026-11-21T22:25:01.123Z",
    }
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def test_counts(tmp_path: Path) -> None:
    """Lines count by target, status and code; failed ones by account, too, worst first."""
    content = [line("a", "deleted", 0)] * 5 + [line("b", "already_gone", 31704, "tencent")] * 2
    content += [line("é\"'", code=30003)] * 2 + [line("é\"'", code=9)] + [line("x\ny", code=9)]
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(content))
    counts = count_ledger(tmp_path)
    assert counts.lines == 11
    assert [(one.target, one.status, one.code, one.pairs) for one in counts.codes] == [
        ("zego", Verdict.DELETED, 0, 5),
        ("tencent", Verdict.ALREADY_GONE, 31704, 2),
        ("zego", Verdict.FAILED, 30003, 2),
        ("zego", Verdict.FAILED, 9, 2),
    ]
    assert [(one.account, one.failed, one.code) for one in counts.worst] == [
        ("é\"'", 3, 30003),
        ("x\ny", 1, 9),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]


@pytest.mark.parametrize("cut", [1, 20, 60, 150, 222])
def test_a_line_being_written_is_left_out(tmp_path: Path, cut: int) -> None:
    """Whatever of the last line stands there, only whole lines count."""
    torn = line("张三" * 5)[:cut]
    (tmp_path / "ledger.jsonl").write_bytes(line("a") * 3 + torn)
    counts = count_ledger(tmp_path)
    assert counts.lines == 3
    assert [(one.account, one.failed) for one in counts.worst] == [("a", 3)]


def test_a_character_cut_in_two(tmp_path: Path) -> None:
    """A line that is cut within a character is a line being written, and no error."""
    whole = line("张")
    at = whole.index("张".encode()) + 1
    (tmp_path / "ledger.jsonl").write_bytes(line("a") + whole[:at])
    assert count_ledger(tmp_path).lines == 1


def test_the_worst_are_few(tmp_path: Path) -> None:
    """Of more accounts than are shown, those with most failures are; ties go by name."""
    content = [line(f"a{number:03}") * (2 if number == 70 else 1) for number in range(100)]
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(content))
    worst = count_ledger(tmp_path).worst
    assert len(worst) == MOST_ACCOUNTS
    assert [one.account for one in worst[:3]] == ["a070", "a000", "a001"]


def test_codes_larger_than_a_machine_word(tmp_path: Path) -> None:
    """A provider's code may be any number."""
    (tmp_path / "ledger.jsonl").write_bytes(line("a", code=0).replace(b":0,", b":%d," % 10**25, 1))
    assert count_ledger(tmp_path).codes[0].code == 10**25


def test_no_ledger(tmp_path: Path) -> None:
    """Without a ledger, or with an empty one, there is nothing to count."""
    assert count_ledger(tmp_path) == LedgerCounts()
    (tmp_path / "ledger.jsonl").touch()
    assert count_ledger(tmp_path) == LedgerCounts()


def test_friendships_named_from_both_sides(tmp_path: Path) -> None:
    """A gone pair counts whose other way round was deleted at the same target; others do not."""
    content = [
        line("a", "deleted", 0, other="b"), line("b", "already_gone", 31704, other="a"),
        line("c", "deleted", 0, other="d"), line("c", "already_gone", 31704, other="d"),
        line("e", "failed", 9, other="f"), line("f", "already_gone", 31704, other="e"),
        line("g", "deleted", 0, "tencent", "h"), line("h", "already_gone", 31704, other="g"),
        line("x", "already_gone", 31704, other="y"), line("y", "deleted", 0, other="x"),
    ]  # fmt: skip
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(content))
    assert count_ledger(tmp_path, both_sides=True).both_sides == {"zego": 2}
    assert count_ledger(tmp_path).both_sides is None
