"""run.log tells how a sitting goes: now and then, and at each target's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from bulkdel.ledger.values import Counters
from bulkdel.runs.progress_log import EVERY_S, ProgressLog
from bulkdel.send.state import Doing, End, LaneState
from bulkdel.send.view import LaneView

LANE = LaneView(
    target="a",
    pairs=100,
    counters=Counters(deleted=40, already_gone=5, failed=5, calls=5),
    qps=200,
    pace=199.999,
    rate=0.1,
    in_flight=13,
    state=LaneState(doing=Doing.SENDING),
)
ENDED = replace(LANE, state=LaneState(doing=Doing.ENDED, end=End.LEFT))


def lines(views: Sequence[tuple[float, Sequence[LaneView]]]) -> list[dict[str, Any]]:
    """What is written of lanes that are seen so at these times."""
    times = iter([0.0, *(at_s for at_s, _ in views)])
    with structlog.testing.capture_logs() as logs:
        log = ProgressLog(structlog.get_logger(), lambda: next(times))
        for _, seen in views:
            log.show(seen)
    return [dict(one) for one in logs]


def test_the_figures_are_those_of_the_screen() -> None:
    """Counters over all sittings, the rate, and the estimate of every other screen."""
    (line,) = lines([(EVERY_S, (LANE,))])
    assert line == {
        "event": "lane.progress",
        "log_level": "info",
        "target": "a",
        "doing": "sending",
        "pairs": 100,
        "settled": 50,
        "deleted": 40,
        "already_gone": 5,
        "failed": 5,
        "calls": 5,
        "retries": 0,
        "throttled": 0,
        "lost_answers": 0,
        "in_flight": 13,
        "rate": 0.1,
        "pace": 200.0,
        "qps": 200,
        "left_s": 50,
    }


def test_a_night_is_a_line_in_five_minutes() -> None:
    """However often the lanes are looked at."""
    looks = [(at / 2, (LANE, replace(LANE, target="b"))) for at in range(2 * 3600)]
    assert len(lines(looks)) == 2 * 11


def test_an_end_is_written_at_once_and_once() -> None:
    """And nothing of that target afterwards, while others go on."""
    other = replace(LANE, target="b")
    seen = [(1.0, (ENDED, other)), (2.0, (ENDED, other)), (EVERY_S, (ENDED, other))]
    assert [(line["target"], line["doing"]) for line in lines(seen)] == [
        ("a", "ended"),
        ("b", "sending"),
    ]
