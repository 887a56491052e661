"""Every screen at every width, with the largest figures and the longest words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from bulkdel.ledger.audit.findings import Finding
from bulkdel.ledger.audit.verify import Verified
from bulkdel.ledger.history import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.report.checks import Section, crossed, good, skipped, warning
from bulkdel.report.next_steps import NextStep
from bulkdel.report.preview import Preview
from bulkdel.report.rejects import RejectedRow, Rejects
from bulkdel.report.status import LastSitting, Status
from bulkdel.report.text.closure import closed_text, closing_text
from bulkdel.report.text.confirm import confirm_text
from bulkdel.report.text.preflight import preflight_text
from bulkdel.report.text.preview import plan_text
from bulkdel.report.text.status_page import status_text
from bulkdel.report.text.summary import summary_text
from bulkdel.report.text.verification import verification_text
from bulkdel.report.text.watch import watch_text
from bulkdel.report.verdict import run_verdict
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Verdict
from tests.support import front

WIDTHS = [40, 60, 80, 120]
NAMES = ("tencent", "目标中国腾讯")
MANY = 100_000_000
AGAIN = "bulkdel run a.toml"
SAYS = '"UserSig" of friendship administrators expired, please sign again with the right key; ' * 2
JOB = front.job(
    replace(front.tencent(qps=999.9), name=NAMES[0]),
    replace(front.tencent(qps=999.9), name=NAMES[1], app_id=1400000001),
)
ROWS = front.books(read=4 * MANY, pairs=MANY, duplicates=MANY, rejected=MANY, protected=MANY)
PLAN = front.plan(JOB, ROWS, dict.fromkeys(NAMES, MANY), largest=(("administrator", MANY),))
COUNTERS = Counters(
    deleted=49_900_000,
    already_gone=10_000_001,
    failed=10_000_001,
    calls=MANY,
    retries=99_999_999,
    throttled=99_999_999,
    lost_answers=99_999_999,
)
REFUSED = LaneState(doing=Doing.REFUSED, code=70009, info=SAYS, until_ms=1_795_300_009_000)
FIGURES = {"100,000,000", "49,900,000", "10,000,001", "99,999,999", "30,099,998"}


def status(*, state: LaneState, running: bool = True) -> Status:
    """A run of which millions of pairs are done, each target in this state."""
    lanes = {name: replace(front.sending(name, 999.9, 999.9), state=state) for name in NAMES}
    codes = tuple(CodeCount(target=one, code=100000005, info=SAYS, pairs=9) for one in NAMES)
    return front.status(
        JOB,
        PLAN,
        dict.fromkeys(NAMES, COUNTERS),
        began_ms=1_795_200_000_000,
        last=LastSitting(began_ms=1_795_290_000_000, ended_ms=None, why=""),
        failed=codes,
        unsettled=codes,
        lanes=lanes,
        holder="process 4711" if running else "",
    )


SENDING = status(state=LaneState(doing=Doing.SENDING))
KEPT = status(state=REFUSED)
STOPPED = status(state=LaneState(doing=Doing.ENDED, end=End.GONE), running=False)
ENDING = Ending(
    lanes=tuple(LaneEnd(target=name, end=End.REFUSED, words=SAYS.strip()) for name in NAMES)
)
REJECTS = Rejects(
    reasons=(("control_character", MANY), ("too_long", 1)),
    first=(
        RejectedRow(
            file="/in/pairs-of-november.csv",
            lines="99999998-99999999",
            reason="control_character",
            raw="administrators,目标中国腾讯",
        ),
    ),
)
STEPS = [NextStep(words=SAYS.strip(), command=AGAIN)]
PREVIEW = Preview(meta=PLAN, rejects=REJECTS)
CHECKS = [
    Section(
        title="This machine",
        checks=(
            good("input", SAYS.strip()),
            warning("open files", SAYS.strip(), SAYS.strip()),
            crossed("目标中国腾讯", SAYS.strip(), SAYS.strip()),
            skipped("administrator", SAYS.strip()),
        ),
    )
]
WRONG = Finding(
    file="ledger.jsonl", what=SAYS.strip(), line=MANY, offset=MANY, found=SAYS, expected=SAYS
)
VERIFIED = Verified(
    findings=(WRONG,),
    count=MANY,
    lines=MANY,
    settlements=MANY,
    pending=MANY,
    settled={name: dict.fromkeys((Verdict.DELETED, Verdict.FAILED), MANY) for name in NAMES},
)
SCREENS: dict[str, Callable[[int], str]] = {
    "status, sending": lambda width: status_text(SENDING, width, next_steps=STEPS),
    "status, refused": lambda width: status_text(KEPT, width, next_steps=STEPS),
    "status, stopped": lambda width: status_text(STOPPED, width, next_steps=STEPS),
    "watch": lambda width: watch_text(KEPT, width=width, height=50, again=AGAIN, whole=AGAIN),
    "summary": lambda width: summary_text(STOPPED, ENDING, width, next_steps=STEPS),
    "plan": lambda width: plan_text(JOB, PREVIEW, width, command=AGAIN),
    "confirm": lambda width: confirm_text(JOB, PLAN, width),
    "closing": lambda width: closing_text(STOPPED, width),
    "closed": lambda width: closed_text(STOPPED, width),
    "check": lambda width: preflight_text("a.toml", CHECKS, width, again=AGAIN, following=AGAIN),
    "verify": lambda width: verification_text(JOB, PLAN, VERIFIED, width),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("screen", SCREENS)
def test_no_line_is_longer_and_no_word_is_cut(screen: str, width: int) -> None:
    """Rule: no line of a screen is longer than the terminal, and words that fit come out whole.

    A word is whole where it stands on the widest screen as well: there is room for each.
    """
    shown = SCREENS[screen](width)
    assert max(map(cell_len, shown.splitlines())) <= width
    known = set(" ".join(SCREENS[screen](120).replace(",", " ").split()).split())
    cut = {
        one
        for one in shown.replace(",", " ").split()
        if one not in known and one.isalpha() and one.isascii() and len(one) > 3
    }
    assert not cut - ALONE


ALONE = {"name", "number"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("screen", ["status, sending", "status, stopped", "summary", "watch"])
def test_figures_stand_alone(screen: str, width: int) -> None:
    """Rule: the figures of a table never touch each other, however large they are."""
    words = SCREENS[screen](width).replace(",\n", "\n").split()
    assert {word.rstrip(",.()") for word in words} >= FIGURES


@pytest.mark.parametrize(("width", "height"), [(60, 23), (80, 23), (120, 39)])
@pytest.mark.parametrize("seen", [SENDING, KEPT, STOPPED], ids=["sending", "kept", "stopped"])
def test_a_watched_status_keeps_what_matters(width: int, height: int, seen: Status) -> None:
    """Rule: on 24 lines the headline, a row for each of two targets and what to do are seen."""
    shown = watch_text(seen, width=width, height=height, again=AGAIN, whole="bulkdel status a.toml")
    lines = shown.splitlines()
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert run_verdict(seen).headline in " ".join(shown.split())
    assert all(any(line.startswith(name) for line in lines) for name in NAMES)
    assert "All of it: bulkdel status a.toml" in lines


def test_many_targets_are_watched_on_one_screen() -> None:
    """Rule: 40 targets on 24 lines: headline, as many rows as fit, the others counted."""
    names = [f"t{at}" for at in range(40)]
    job = front.job(
        *(replace(front.tencent(), name=one, app_id=at + 1) for at, one in enumerate(names))
    )
    plan = front.plan(job, front.books(read=10, pairs=10), dict.fromkeys(names, 10))
    lanes = {one: replace(front.sending(one, 9.0), state=REFUSED) for one in names}
    seen = front.status(job, plan, {}, lanes=lanes, holder="process 1", last=STOPPED.last)
    shown = watch_text(seen, width=80, height=23, again=AGAIN, whole=AGAIN)
    assert len(shown.splitlines()) <= 23
    assert "40 targets: refused: code 70009" in shown
    assert "more targets: 0 of" in shown


def test_ascii_is_enough(tmp_path: Path) -> None:
    """Rule: a locale without Unicode is given nothing of ours that it cannot show."""
    path = tmp_path / "page"
    for name, screen in SCREENS.items():
        if name != "check":
            path.write_text(screen(80).replace(NAMES[1], "x"), encoding="ascii")
    marks = preflight_text("a", CHECKS, 80, again=AGAIN, following=AGAIN, unicode=False)
    path.write_text(marks.replace(NAMES[1], "x"), encoding="ascii")
