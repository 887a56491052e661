"""rates.json only ever slows a target down; whatever else stands in it is ignored, and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.runs.rates import keep_rates, kept_rates

CEILINGS = {"tencent": 200.0, "zego": 20.0}


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    """Without a word."""
    assert kept_rates(tmp_path, CEILINGS) == ({}, "")
    keep_rates(tmp_path, {"tencent": 200.0, "zego": 0.5})
    assert kept_rates(tmp_path, CEILINGS) == ({"tencent": 200.0, "zego": 0.5}, "")


@pytest.mark.parametrize("odd", ["0", "-1", "200.1", '"5"', "true", "null", "[5]", "1e308"])
def test_one_odd_rate_costs_no_other(tmp_path: Path, odd: str) -> None:
    """What is in order holds; the odd one is named."""
    (tmp_path / "rates.json").write_text(f'{{"tencent": {odd}, "zego": 5}}')
    kept, said = kept_rates(tmp_path, CEILINGS)
    assert kept == {"zego": 5}
    assert "rates.json: what it says of tencent is ignored" in said


def test_a_target_that_there_is_not(tmp_path: Path) -> None:
    """It is named as plain text."""
    (tmp_path / "rates.json").write_text('{"\\u001b[31mx": 5, "zego": 5}')
    kept, said = kept_rates(tmp_path, CEILINGS)
    assert kept == {"zego": 5}
    assert said.isprintable()
    assert "31mx is ignored" in said


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"7", b"\xff", b'{"zego": NaN}', b'{"zego": 1e999}', b"{}" + b" " * 70_000],
)
def test_what_is_no_rates_holds_nothing_up(tmp_path: Path, content: bytes) -> None:
    """However large it is and whatever it holds."""
    (tmp_path / "rates.json").write_bytes(content)
    kept, said = kept_rates(tmp_path, CEILINGS)
    assert kept == {}
    assert "rates.json" in said
    assert "ignored" in said
