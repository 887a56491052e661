"""What is shown while calls go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from bulkdel.cli.progress import LINE_EVERY_S, PlainLines, footer, line, progress, screen
from bulkdel.ledger.values import Counters
from bulkdel.send.state import Doing, End, LaneState, Slower
from bulkdel.send.view import LaneView

VIEW = LaneView(
    target="tencent",
    pairs=100_000_000,
    counters=Counters(deleted=50_000_000, calls=50_000, throttled=17, lost_answers=3, retries=1204),
    qps=200,
    pace=199,
    rate=199.8,
    in_flight=400,
    state=LaneState(doing=Doing.SENDING),
)
AT = datetime(2026, 11, 21, 22, 25, 1, tzinfo=UTC)
NOW_MS = round(AT.timestamp() * 1000)
FINISHED = LaneState(doing=Doing.ENDED, end=End.FINISHED)


def shown(*views: LaneView) -> list[str]:
    """The display's lines."""
    return screen(views, NOW_MS).plain.splitlines()


def test_a_row_has_what_one_looks_for() -> None:
    """Settled of total, share, rate beside the ceiling, in flight, time left, and the oddities.

    50 M pairs left at 0.001 calls a pair and 199.8 calls/s are 250.25 s.
    """
    _, row, odd, _ = shown(VIEW)
    assert row.split() == (
        [
            "tencent",
            "50,000,000",
            "100,000,000",
            "50.0%",
            "199.8",
            "of",
            "200",
            "400",
            "4",
            "min",
            "11",
            "s",
        ]
    )
    assert odd.strip() == "retries 1,204, throttled 17, lost answers 3"


def test_it_fits_80_columns() -> None:
    """With the largest numbers and the longest words no line is wider than 80 columns."""
    worst = replace(
        VIEW,
        target="a-very-long-name-of-a-target",
        counters=Counters(
            deleted=10,
            already_gone=99_999_999,
            failed=99_999_999,
            calls=99_999_999,
            retries=99_999_999,
            throttled=99_999_999,
            lost_answers=99_999_999,
        ),
        rate=999.9,
        qps=1000,
        state=LaneState(doing=Doing.REFUSED, code=70009, info="no, " * 100),
    )
    assert max(cell_len(one) for one in shown(worst)) <= 80


def test_why_it_does_not_send() -> None:
    """A lane that waits, is slowed or is over says why; one at its ceiling says nothing."""
    assert shown(VIEW)[3].startswith("Ctrl-C")
    held = LaneState(doing=Doing.HELD, until_ms=NOW_MS + 12_000)
    assert "held by the provider" in shown(replace(VIEW, state=held))[3]
    slow = LaneState(doing=Doing.SENDING, slower=Slower.PROVIDER)
    assert "slowed to 100 calls/s" in shown(replace(VIEW, pace=100, state=slow))[3]
    refused = LaneState(doing=Doing.ENDED, end=End.REFUSED, info="no such app")
    assert shown(replace(VIEW, state=refused))[3].strip() == "refused: no such app"


def test_no_guess_without_a_rate() -> None:
    """Without a rate or a settled pair there is no time left; with nothing left it is done."""
    assert shown(replace(VIEW, rate=0.0))[1].endswith(" -")
    assert shown(replace(VIEW, counters=Counters()))[1].endswith(" -")
    assert shown(replace(VIEW, pairs=50_000_000))[1].endswith(" done")


def test_many_targets_are_bounded() -> None:
    """More targets than a screen holds are counted."""
    rows = shown(*(replace(VIEW, target=f"t{number}") for number in range(20)))
    assert "... and 8 more targets" in rows


def test_a_plain_line() -> None:
    """A line for a log file says it all, with its time."""
    assert line(VIEW, AT) == (
        "2026-11-21T22:25:01Z tencent: 50,000,000 of 100,000,000 settled (50.0%), "
        "199.8 of 200 calls/s, 400 in flight, retries 1,204, throttled 17, lost answers 3, "
        "about 4 min 11 s left"
    )


def test_lines_come_now_and_then() -> None:
    """A line every LINE_EVERY_S, one more when a lane ends, and a last one for those that go on."""
    now = [0.0]
    said: list[str] = []
    lines = PlainLines(now_s=lambda: now[0], say=said.append)
    other = replace(VIEW, target="zego")
    lines.show([VIEW, other])
    assert said == []
    now[0] = LINE_EVERY_S
    lines.show([VIEW, other])
    assert len(said) == 2
    now[0] += 1
    for _ in range(3):
        lines.show([replace(VIEW, state=FINISHED, counters=Counters(deleted=VIEW.pairs)), other])
    assert len(said) == 3
    assert said[2].endswith(", finished")
    lines.last()
    assert len(said) == 4
    assert " zego: " in said[3]


def test_a_stop_is_said_at_once() -> None:
    """On a screen and in plain lines, once: what is waited for, and what a second Ctrl-C does."""
    stopping = replace(VIEW, state=LaneState(doing=Doing.STOPPING, end=End.STOPPED), in_flight=13)
    ended = replace(VIEW, target="zego", state=LaneState(doing=Doing.ENDED, end=End.STOPPED))
    words = "Stopping: waiting for 13 calls. Ctrl-C again leaves at once."
    said: list[str] = []
    lines = PlainLines(now_s=lambda: 0.0, say=said.append)
    for _ in range(3):
        lines.show([stopping, replace(ended, in_flight=0)])
    assert said.count(words) == 1
    assert footer([stopping, replace(ended, in_flight=0)], NOW_MS) == words


def test_one_target_that_ends_is_no_stop() -> None:
    """While another goes on, its calls are not waited for, and Ctrl-C does what it did."""
    refused = replace(VIEW, state=LaneState(doing=Doing.STOPPING, end=End.REFUSED))
    assert footer([refused, replace(VIEW, target="zego")], NOW_MS).startswith("Ctrl-C stops it")


def test_quiet_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """--no-progress shows nothing at all; without it a lane's end is told on standard error."""
    ended = replace(VIEW, state=FINISHED, counters=Counters(deleted=VIEW.pairs))
    with progress(quiet=True, now_s=lambda: 0.0) as show:
        show([ended])
    assert capfd.readouterr() == ("", "")
    with progress(quiet=False, now_s=lambda: 0.0) as show:
        show([ended])
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count(" tencent: ") == 1
