"""What is news of single targets: once, at once, and only where it is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.job.job import Event
from bulkdel.ledger.values import Counters
from bulkdel.runs.news import CALLS_MOST, TROUBLE_S, News
from bulkdel.send.state import Doing, End, LaneState
from bulkdel.send.view import LaneView

NOW_MS = 1_795_300_000_000
SENDING = LaneState(doing=Doing.SENDING)
SILENT = LaneState(doing=Doing.SILENT, since_ms=NOW_MS - 60_000, info="no reply within 10 s")
REFUSED = LaneState(doing=Doing.ENDED, end=End.REFUSED, info="code 70009")


def lane(
    target: str, state: LaneState = SENDING, *, deleted: int = 0, pace: float = 200.0
) -> LaneView:
    """A lane of 100 pairs."""
    return LaneView(
        target=target,
        pairs=100,
        counters=Counters(deleted=deleted, calls=1),
        qps=200.0,
        pace=pace,
        rate=0.0,
        in_flight=1,
        state=state,
    )


def told(news: News, *views: LaneView, at_s: float = 0.0) -> list[tuple[Event, str]]:
    """The events and texts that these lanes are at this time."""
    return [
        (one.event, one.text)
        for one in news.look(views, now_s=at_s, now_ms=NOW_MS + round(at_s * 1000))
    ]


def test_a_refused_target_is_told_at_once_and_once() -> None:
    """Already while its calls in flight come back; the others are named."""
    news, others = News(), (lane("zego"), lane("third"))
    assert told(news, lane("tencent"), *others) == []
    stopping = replace(REFUSED, doing=Doing.STOPPING)
    (message,) = news.look((lane("tencent", stopping), *others), now_s=1.0, now_ms=NOW_MS)
    assert (message.event, message.target, message.end) == (
        Event.CREDENTIALS,
        "tencent",
        End.REFUSED,
    )
    assert message.text == "tencent: refused: code 70009; zego, third go on"
    assert told(news, lane("tencent", REFUSED), *others, at_s=2.0) == []


@pytest.mark.parametrize("end", [End.FINISHED, End.LEFT, End.DOWN])
def test_any_other_end_of_one_target_is_told(end: End) -> None:
    """As `target`, in the words of every screen."""
    ended = lane("a", LaneState(doing=Doing.ENDED, end=end), deleted=100)
    assert told(News(), ended, lane("b")) == [(Event.TARGET, "a: finished; b goes on")]


@pytest.mark.parametrize("end", sorted({*End} - {End.FINISHED, End.LEFT, End.DOWN, End.REFUSED}))
def test_what_stops_all_targets_is_no_news_of_one(end: End) -> None:
    """A signal, a guard or a full disk is told once, when the command ends."""
    stopped = LaneState(doing=Doing.ENDED, end=end)
    assert told(News(), lane("a", stopped), lane("b")) == []


def test_the_last_end_is_the_end_of_the_command() -> None:
    """Which says so itself: it is not told twice; nor is it where two end together."""
    assert told(News(), lane("a", REFUSED)) == []
    assert told(News(), lane("a", REFUSED), lane("b", REFUSED)) == []
    news = News()
    assert len(told(news, lane("a", REFUSED), lane("b"))) == 1
    assert told(news, lane("a", REFUSED), lane("b", REFUSED)) == []


def test_trouble_and_its_end_are_told_once_each() -> None:
    """Fifteen minutes without a settled pair, then one: two messages, however long it takes."""
    news = News()
    told(news, lane("a", deleted=5))
    assert told(news, lane("a", SILENT, deleted=5), at_s=TROUBLE_S - 1) == []
    ((event, text),) = told(news, lane("a", SILENT, deleted=5), at_s=TROUBLE_S)
    assert event is Event.TROUBLE
    assert text == (
        "a: nothing was settled for 15 min 00 s; no call was accepted for 16 min 00 s: "
        "no reply within 10 s"
    )
    assert told(news, lane("a", SILENT, deleted=5), at_s=5 * TROUBLE_S) == []
    assert told(news, lane("a", deleted=6), at_s=5 * TROUBLE_S + 60) == [
        (Event.RECOVERED, "a: goes again after 1 h 16 min")
    ]
    assert told(news, lane("a", deleted=7), at_s=5 * TROUBLE_S + 90) == []


def test_a_target_that_sends_and_settles_nothing_is_in_trouble() -> None:
    """Whatever its calls are answered with."""
    news = News()
    told(news, lane("a"))
    assert [event for event, _ in told(news, lane("a"), at_s=TROUBLE_S)] == [Event.TROUBLE]


@pytest.mark.parametrize("doing", [Doing.PAUSED, Doing.WINDOW, Doing.LIMIT, Doing.STARTING])
def test_who_is_to_wait_is_not_in_trouble(doing: Doing) -> None:
    """A night outside the window is none, and the time in it does not count afterwards."""
    news = News()
    told(news, lane("a", LaneState(doing=doing)))
    assert told(news, lane("a", LaneState(doing=doing)), at_s=10 * TROUBLE_S) == []
    assert told(news, lane("a", SILENT), at_s=11 * TROUBLE_S - 1) == []


def test_who_is_slow_is_not_in_trouble() -> None:
    """At a call in ten minutes some calls may pass without a settled pair."""
    news, slow = News(), lane("a", pace=1 / 600)
    told(news, slow)
    assert told(news, slow, at_s=CALLS_MOST * 600 - 1) == []
    assert len(told(news, slow, at_s=CALLS_MOST * 600 + 1)) == 1
