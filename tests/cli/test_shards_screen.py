"""What a person sees while several processes send: plain lines where there is no terminal."""

from __future__ import annotations

import pytest

from bulkdel.cli.shards_screen import shards_screen
from tests.support.shards import many


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal there is a line after some seconds and then one now and then, no more."""
    now = 0.0
    with shards_screen(quiet=False, now_s=lambda: now) as show:
        for _ in range(60):
            show(many(8))
            now += 1.0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0] == (
        "2026-11-21T22:26:40Z 8 targets: 322 of 800 settled (40.2%), 2 finished, 2 sending, "
        "2 planned, 2 refused; 8 shards: 2 settled, 2 being sent, 2 waiting, 2 ended with work "
        "left; 2 changes of hands."
    )


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing at all is shown where nothing is to be."""
    with shards_screen(quiet=True, now_s=lambda: 100.0) as show:
        show(many(8))
    assert capsys.readouterr() == ("", "")
