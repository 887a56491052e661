"""What is shown while calls go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from bulkdel.cli.progress import (
    FIRST_S,
    LINE_EVERY_S,
    LINES_EACH,
    NEWS_MOST,
    PlainLines,
    progress,
)
from bulkdel.ledger.values import Counters
from bulkdel.report.text.lanes import footer, line, screen
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


def shown(*views: LaneView, width: int = 80, height: int = 24) -> list[str]:
    """The display's lines."""
    return screen(views, NOW_MS, width=width, height=height).plain.splitlines()


def test_a_row_has_what_one_looks_for() -> None:
    """Settled of total, share, rate beside the ceiling, in flight, time left, and the oddities.

    50 M pairs left at 0.001 calls a pair and 199.8 calls/s are 250.25 s.
    """
    _, row, odd, _ = shown(VIEW)
    figures = "tencent 50,000,000 100,000,000 50.0% 199.8 of 200 400 4 min 11 s"
    assert row.split() == figures.split()
    assert odd.strip() == "retries 1,204, throttled 17, lost answers 3"


WORST = replace(
    VIEW,
    target="a-very-long-name-of-a-target",
    counters=Counters(
        deleted=10,
        already_gone=49_999_980,
        failed=49_999_999,
        calls=99_999_999,
        retries=99_999_999,
        throttled=99_999_999,
        lost_answers=99_999_999,
    ),
    rate=999.9,
    qps=1000,
    state=LaneState(doing=Doing.REFUSED, code=70009, info='"UserSig" expired, ' * 20),
)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("height", [5, 23, 40])
def test_it_fits_any_terminal(width: int, height: int) -> None:
    """Rule: with the largest figures and the longest words all of it fits the terminal.

    No line is longer, figures do not touch, and the line under it, about Ctrl-C, is there.
    """
    for number in (1, 2, 12, 40):
        views = [replace(WORST, target=f"目标{at} of {number}") for at in range(number)]
        lines = shown(*views, replace(VIEW, target="last"), width=width, height=height)
        assert max(cell_len(one) for one in lines) <= width
        assert len(lines) <= max(height, 4)
        assert "99.9%" in lines[1].split() or "50.0%" in lines[1].split()
        if width >= 60:
            assert {"99,999,989", "50,000,000"} & set(lines[1].split())
            assert "- of 1,000 " in lines[1] or "199.8 of 200 " in lines[1]
        assert "Ctrl-C" in " ".join(lines[-3:])


def test_names_of_any_script_keep_the_columns() -> None:
    """Rule: a name takes the columns that it is drawn with, so figures stand under each other."""
    for names in (["zego", "目标中国目标", "😀😀"], ["tencent", "目标中国", "a" * 60]):
        rows = shown(*(replace(VIEW, target=name, counters=Counters(calls=1)) for name in names))
        ends = {cell_len(one.partition("100,000,000")[0]) for one in rows if "100,000,000" in one}
        assert len(ends) == 1
        assert all(any(row.startswith(f"{name} ") for row in rows) for name in names[:2])


def test_many_that_fit_are_all_shown() -> None:
    """Rule: with 12 targets on 24 lines each has its row, whatever each of them is doing."""
    for state in (VIEW.state, WORST.state):
        rows = shown(*(replace(VIEW, target=f"t{number}", state=state) for number in range(12)))
        assert [row.split()[0] for row in rows[1:13]] == [f"t{number}" for number in range(12)]


def test_those_that_need_somebody_come_first() -> None:
    """Rule: where rows do not fit, those of targets that are kept stay, and the others are counted.

    30 of 31 targets that send go on; the one whose credentials are refused is shown.
    """
    views = [replace(VIEW, target=f"t{number}") for number in range(30)]
    views.append(replace(VIEW, target="broken", state=WORST.state))
    rows = shown(*views)
    assert any(row.startswith("broken") for row in rows)
    assert any(row.startswith("... and 1") and "more targets" in row for row in rows)
    assert any("refused: code 70009" in row for row in rows)


def test_why_it_does_not_send() -> None:
    """A lane that waits, is slowed or is over says why; one at its ceiling says nothing."""
    assert shown(VIEW)[3].startswith("Ctrl-C")
    held = LaneState(doing=Doing.HELD, until_ms=NOW_MS + 12_000)
    assert "held by the provider" in shown(replace(VIEW, state=held))[3]
    slow = LaneState(doing=Doing.SENDING, slower=Slower.PROVIDER)
    assert "slowed to 100 calls/s" in shown(replace(VIEW, pace=100, state=slow))[3]
    refused = LaneState(doing=Doing.ENDED, end=End.REFUSED, info="no such app")
    assert shown(replace(VIEW, state=refused))[3].strip() == "refused: no such app"


def test_a_refusal_is_not_cut_in_one_line() -> None:
    """Rule: why a provider refuses is read whole on 80 columns, up to three lines of it."""
    words = " ".join(f"word{at}" for at in range(25))
    state = LaneState(doing=Doing.ENDED, end=End.REFUSED, info=words)
    lines = " ".join(" ".join(shown(replace(VIEW, state=state))).split())
    assert f"refused: {words}" in lines


def test_no_guess_without_a_rate() -> None:
    """Without a rate or a settled pair there is no time left; with nothing left it is done."""
    assert shown(replace(VIEW, rate=0.0))[1].endswith(" -")
    assert shown(replace(VIEW, counters=Counters()))[1].endswith(" -")
    assert shown(replace(VIEW, pairs=50_000_000))[1].endswith(" done")


def test_a_plain_line() -> None:
    """A line for a log file says it all, with its time."""
    assert line(VIEW, AT) == (
        "2026-11-21T22:25:01Z tencent: 50,000,000 of 100,000,000 settled (50.0%), "
        "199.8 of 200 calls/s, 400 in flight, retries 1,204, throttled 17, lost answers 3, "
        "about 4 min 11 s left"
    )


class Lines:
    """Plain lines on a clock that is turned by hand."""

    def __init__(self, *, by_hand: bool = False) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.lines = PlainLines(now_s=lambda: self.now, say=self.said.append, by_hand=by_hand)

    def at(self, now: float, *views: LaneView) -> list[str]:
        """What is said when the lanes stand so."""
        self.now = now
        before = len(self.said)
        self.lines.show(views)
        return self.said[before:]


def test_lines_come_now_and_then() -> None:
    """A line at FIRST_S, then every LINE_EVERY_S, one more when a lane ends, and a last one."""
    assert (FIRST_S, LINE_EVERY_S) <= (2, 30), "a person waits no longer"
    plain, other = Lines(), replace(VIEW, target="zego")
    assert plain.at(0, VIEW, other) == []
    assert len(plain.at(FIRST_S, VIEW, other)) == 2
    assert plain.at(FIRST_S + 1, VIEW, other) == []
    due = FIRST_S + LINE_EVERY_S
    assert len(plain.at(due, VIEW, other)) == 2
    done = replace(VIEW, state=FINISHED, counters=Counters(deleted=VIEW.pairs))
    (ended,) = plain.at(due + 1, done, other)
    assert ended.endswith(", finished")
    assert plain.at(due + 2, done, other) == []
    plain.lines.last()
    assert " zego: " in plain.said[-1]
    assert len(plain.said) == 6


def test_a_change_is_told_at_once_and_not_for_ever() -> None:
    """Rule: a target that does something else has a line at once, NEWS_MOST in a row at most."""
    plain = Lines()
    paused = replace(VIEW, state=LaneState(doing=Doing.PAUSED, by="anna"))
    plain.at(FIRST_S, VIEW)
    (told,) = plain.at(3, paused)
    assert "paused by anna" in told
    assert plain.at(4, paused) == []
    for at in range(100):
        plain.at(5 + at / 10, paused if at % 2 else VIEW)
    assert len(plain.said) == 1 + NEWS_MOST
    assert len(plain.at(300, VIEW)) == 1
    assert len(plain.at(301, paused)) == 1


def test_many_targets_share_a_line() -> None:
    """Rule: more than LINES_EACH targets have one regular line, and a line each where one ends."""
    plain = Lines()
    views = [replace(VIEW, target=f"t{at}") for at in range(LINES_EACH + 1)]
    (told,) = plain.at(FIRST_S, *views)
    assert "13 targets: 650,000,000 of 1,300,000,000 settled (50.0%), 13 sending" in told
    views[0] = replace(views[0], state=LaneState(doing=Doing.ENDED, end=End.DOWN))
    (told,) = plain.at(3, *views)
    assert " t0: " in told


def test_a_person_is_told_what_a_second_ctrl_c_does() -> None:
    """Rule: where a terminal has lines only, stopping says once what it waits for."""
    stopping = replace(VIEW, state=LaneState(doing=Doing.STOPPING, end=End.STOPPED))
    plain = Lines(by_hand=True)
    plain.at(FIRST_S, VIEW)
    told = plain.at(3, stopping)
    assert any(one.startswith("Stopping: waiting for 400 calls. Ctrl-C again") for one in told)
    assert plain.at(4, stopping) == []
    assert not any("Ctrl-C" in one for one in Lines().at(FIRST_S, stopping))


def test_a_stop_is_said_at_once() -> None:
    """On a screen and in plain lines, once: what is waited for, and what a second Ctrl-C does."""
    stopping = replace(VIEW, state=LaneState(doing=Doing.STOPPING, end=End.STOPPED), in_flight=13)
    ended = replace(VIEW, target="zego", state=LaneState(doing=Doing.ENDED, end=End.STOPPED))
    words = "Stopping: waiting for 13 calls. Ctrl-C again leaves at once."
    said: list[str] = []
    lines = PlainLines(now_s=lambda: 0.0, say=said.append, by_hand=True)
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
