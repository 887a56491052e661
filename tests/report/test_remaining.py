"""What remains, read from a verification's ledger, and as rows that a new job reads."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from bulkdel.errors import Corrupt
from bulkdel.report.remaining import Remaining, as_rows, remaining_lines


def line(status: str, to_id: str | None, **more: object) -> bytes:
    """As a verification writes it."""
    value = {"target": "t", "from_account": "a", "to_account": to_id, "status": status, **more}
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def test_only_what_remains_is_read(tmp_path: Path) -> None:
    """An id that looks like a status is none; a line that is being written is left out."""
    tricky = '"status":"remains"'
    (tmp_path / "ledger.jsonl").write_bytes(
        line("gone", tricky)
        + line("remains", "b", where="to")
        + line("unknown", "c")
        + line("remains", None, where="friends", friends=3)
        + line("remains", "d", where="to")[:-1]
    )
    assert list(remaining_lines(tmp_path)) == [
        Remaining(target="t", from_id="a", to_id="b", where="to"),
        Remaining(target="t", from_id="a", to_id=None, where="friends", friends=3),
    ]


@pytest.mark.parametrize("content", [b'{"status":"remains"}\n', b'["status":"remains"\n'])
def test_a_strange_line_ends_it(tmp_path: Path, content: bytes) -> None:
    """It is named: a file of pairs that lacks some must not look whole."""
    (tmp_path / "ledger.jsonl").write_bytes(line("gone", "b") + content)
    with pytest.raises(Corrupt, match=r"ledger\.jsonl, line 2"):
        list(remaining_lines(tmp_path))


def test_a_half_on_the_other_list_is_named_from_there() -> None:
    """What a deletion from the side that lacks the other does is not documented."""
    ends = [
        (row.from_id, row.to_id)
        for row in as_rows(
            Remaining(target="t", from_id="a", to_id="b", where=where)
            for where in ("from", "to", "both")
        )
    ]
    assert ends == [("a", "b"), ("b", "a"), ("a", "b")]
