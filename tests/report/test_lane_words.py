"""What a target's calls are doing, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.ledger.values import Counters
from bulkdel.report.estimate import left_s
from bulkdel.report.lane_words import brief, lane_words
from bulkdel.report.tone import Tone
from bulkdel.send.state import Doing, End, LaneState, Slower
from bulkdel.send.view import LaneView

NOW_MS = 1_795_300_000_000  # 2026-11-21 22:26:40 UTC
LANE = LaneView(
    target="a",
    pairs=100,
    counters=Counters(deleted=40, failed=10, calls=5),
    qps=200,
    pace=200,
    rate=100.0,
    in_flight=13,
    state=LaneState(doing=Doing.SENDING),
)


def said(state: LaneState, **changes: object) -> str:
    """The words of a lane in this state."""
    return lane_words(replace(LANE, state=state, **changes), NOW_MS).words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LaneState(doing=Doing.SENDING), "sending"),
        (
            LaneState(doing=Doing.SENDING, slower=Slower.OPERATOR),
            "sending, slowed to 200 calls/s by `bulkdel rate`",
        ),
        (
            LaneState(doing=Doing.SENDING, slower=Slower.PROVIDER),
            "sending, slowed to 200 calls/s after the provider throttled it",
        ),
        (
            LaneState(doing=Doing.PAUSED, since_ms=NOW_MS - 300_000, by="anna"),
            "paused by anna since 22:21 UTC; `bulkdel resume` goes on",
        ),
        (
            LaneState(doing=Doing.PAUSED, since_ms=NOW_MS - 86_400_000),
            "paused since 2026-11-20 22:26 UTC; `bulkdel resume` goes on",
        ),
        (
            LaneState(doing=Doing.WINDOW, until_ms=NOW_MS + 3_600_000),
            "waiting until the window of the schedule opens, 23:26 UTC",
        ),
        (
            LaneState(doing=Doing.HELD, until_ms=NOW_MS + 12_000),
            "held by the provider, which refused calls for their rate; the next call in 12 s",
        ),
        (
            LaneState(doing=Doing.SILENT, since_ms=NOW_MS - 40_000, info="no reply within 10 s"),
            "no call was accepted for 40 s: no reply within 10 s",
        ),
        (
            LaneState(doing=Doing.REFUSED, code=70009, info="bad sig", until_ms=NOW_MS + 4000),
            "refused: code 70009 bad sig; single calls try again; the next call in 4 s",
        ),
        (LaneState(doing=Doing.STOPPING, end=End.STOPPED, info="stopped by SIGINT"),
         "stopping: waiting for 13 calls: stopped by SIGINT"),
        (LaneState(doing=Doing.ENDED, end=End.REFUSED, info="code 70050"), "refused: code 70050"),
        (LaneState(doing=Doing.ENDED, end=End.GONE),
         "its process is gone without a word: killed, or a crash"),
        (LaneState(doing=Doing.PLANNED), "nothing was sent yet"),
    ],
)  # fmt: skip
def test_each_state_has_its_words(state: LaneState, words: str) -> None:
    """Who or what keeps it, since when, until when: all in one sentence, with the zone named."""
    assert said(state) == words


@pytest.mark.parametrize("doing", Doing)
def test_every_state_can_be_said(doing: Doing) -> None:
    """No state is without words, whatever is not known of it; only what needs nobody is good."""
    told = lane_words(replace(LANE, state=LaneState(doing=doing)), NOW_MS)
    assert told.words
    assert (told.tone is Tone.GOOD) == (doing is Doing.SENDING)
    assert not brief(doing).startswith("Doing")


def test_a_finished_target_says_what_failed() -> None:
    """Finished is good news only where nothing failed for good."""
    ended = LaneState(doing=Doing.ENDED, end=End.FINISHED)
    assert said(ended, counters=Counters(deleted=100)) == "finished"
    failed = Counters(deleted=90, failed=10)
    assert said(ended, counters=failed) == "finished, 10 failed for good"


@pytest.mark.parametrize("doing", Doing)
def test_no_estimate_while_nothing_is_sent(doing: Doing) -> None:
    """50 pairs left at 0.1 calls a pair and 100 calls/s are 0.05 s; only who sends has an end."""
    seconds = left_s(replace(LANE, state=LaneState(doing=doing)))
    assert seconds == (pytest.approx(0.05) if doing is Doing.SENDING else None)


def test_nothing_left_takes_no_time() -> None:
    """A lane of which nothing is left is done, whatever it is doing; one without a rate unknown."""
    assert left_s(replace(LANE, counters=Counters(deleted=100))) == 0.0
    assert left_s(replace(LANE, rate=0.0)) is None
    assert left_s(replace(LANE, counters=Counters())) is None
