"""`status --watch`, and what standard error does with long lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import pytest

from bulkdel.cli import status, streams
from bulkdel.cli.named import fitted
from bulkdel.job.jobfile import load_job
from bulkdel.runs.run import plan_only

JOB = """
operation = "delete_friends"
mode = "one_way"
[input]
files = ["pairs.csv"]
[targets.tencent]
provider = "tencent"
app_id = 1400000000
endpoint = "emulator"
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job of one pair that nobody has planned."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    (tmp_path / "a.toml").write_text(JOB)
    return tmp_path / "a.toml"


class Enough(Exception):
    """As Ctrl-C."""


def sleeping(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]) -> None:
    """What happens while the watch sleeps, a step each time; then it is enough."""
    left = list(steps)

    def sleep(_: float) -> None:
        if not left:
            raise Enough
        left.pop(0)()

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.mark.parametrize("drawn", [True, False])
def test_it_waits_for_the_plan(
    job: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, drawn: bool
) -> None:
    """Rule: before there is a plan it says once that it waits; then it shows the run.

    On a terminal that is one screen with a row for the target; what was there before stays in the
    scrollback.
    """

    def plan() -> None:
        plan_only(load_job(job), lambda _: None)

    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(streams, "redraws", lambda _: drawn)
    sleeping(monkeypatch, lambda: None, plan, lambda: None)
    with pytest.raises(Enough):
        status.status(job, watch=True)
    out, err = capsys.readouterr()
    assert err.count("waiting for one. Ctrl-C ends this.") == 1
    assert ("\x1b[H\x1b[2J" in out) == drawn
    assert "\x1b[3J" not in out
    if drawn:
        screen = out.split("\x1b[2J")[-1]
        assert screen.startswith("a: Planned. Nothing was sent yet.")
        assert "\ntencent " in screen
        assert screen.count("\n") < 24


def test_it_ends_when_the_run_has_ended(
    job: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rule: of a run that nothing is left of it shows that, and ends with 0."""
    (job.parent / "pairs.csv").write_text("From_Account,To_Account\na,a\n")
    plan_only(load_job(job), lambda _: None)
    sleeping(monkeypatch)
    assert status.status(job, watch=True) == 0
    assert "1 row was rejected" in " ".join(capsys.readouterr().out.split())


def test_what_is_said_wraps_at_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: on a terminal no word is broken where a blank is near; a log keeps its one line."""
    text = "friendships " * 20
    with redirect_stderr(StringIO()) as err:
        streams.say(text)
    assert err.getvalue().count("\n") == 1
    monkeypatch.setattr(streams, "terminal", lambda _: True)
    monkeypatch.setattr(streams, "width", lambda _: 50)
    with redirect_stderr(StringIO()) as err:
        streams.say(text)
    lines = err.getvalue().splitlines()
    assert max(map(len, lines)) <= 50
    assert set(" ".join(lines).split()) == {"friendships"}


@pytest.mark.parametrize(
    ("term", "no_colour", "redraws", "colour"),
    [
        ("xterm", "", True, True),
        ("xterm", "1", True, False),
        ("dumb", "", False, False),
        ("unknown", "", False, False),
    ],
)
def test_what_a_terminal_can(
    monkeypatch: pytest.MonkeyPatch, term: str, no_colour: str, *, redraws: bool, colour: bool
) -> None:
    """Rule: a terminal that can only print is neither drawn anew nor coloured."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setattr(streams, "terminal", lambda _: True)
    assert streams.redraws(StringIO()) is redraws
    assert streams.colour(StringIO()) is colour


def test_a_manual_fits() -> None:
    """Rule: tables of a manual go on under themselves, and a command is not broken."""
    sample = "    bulkdel check a.toml     see whether it could run now\n    bulkdel " + "x" * 60
    assert fitted(sample, 80) == sample
    first, second, command = fitted(sample, 50).split("\n")
    assert first == "    bulkdel check a.toml     see whether it could"
    assert second == " " * 29 + "run now"
    assert command == "    bulkdel " + "x" * 60
