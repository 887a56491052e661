"""What a lane does, in spans of time, for the report's charts.

Counts are differences of counters that are kept anyway; what is added to a call is one logarithm
and one dictionary.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bulkdel.ledger.samples import Sample, bucket_of
from bulkdel.ledger.values import Counters
from bulkdel.send.judge import Judgement
from bulkdel.send.state import Doing

SPAN_S: Final = 10.0
FIRST_SPANS: Final = 30
FIRST_SPAN_S: Final = 1.0
"""The first spans of a sitting are short, so that a short run has a chart, too."""
MOST_IDLE_SPANS: Final = 30
"""In a row, of a lane that waits: a day until the next window is a gap and not 7,000 samples."""
MOST_CODES: Final = 32
"""Codes of one span that are told apart; more are not counted."""
REASON_CAP: Final = 120
_CODE_MOST: Final = (1 << 63) - 1


class Activity(Enum):
    """What a lane is doing."""

    SENDING = auto()
    HELD = auto()  #: by the provider, until a known time
    PROBING = auto()  #: one call at a time
    WAITING = auto()  #: for any other reason


_ACTIVITIES: Final = {
    Doing.SENDING: Activity.SENDING,
    Doing.STOPPING: Activity.SENDING,
    Doing.ENDED: Activity.SENDING,
    Doing.HELD: Activity.HELD,
    Doing.OPENING: Activity.PROBING,
    Doing.SILENT: Activity.PROBING,
    Doing.REFUSED: Activity.PROBING,
}


def activity_of(doing: Doing) -> Activity:
    """How the time is counted that a lane spends so."""
    return _ACTIVITIES.get(doing, Activity.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A lane at one moment. Times are the loop's, in seconds.

    Attributes:
        departed: calls that have left so far.
        counters: as durable.
        until: when the activity ends by itself; infinity if that is not known.
        reason: why it is not sending, in a word; empty while it sends.
    """

    at: float
    departed: int
    counters: Counters
    pace: float
    activity: Activity
    until: float
    reason: str


def span_s(number: int) -> float:
    """How long the span with this number is, from 0 on."""
    return FIRST_SPAN_S if number < FIRST_SPANS else SPAN_S


class Meter:
    """One lane's spans, one after another. Makes no call and reads no clock."""

    def __init__(self, target: int, qps: float, *, now: Moment, at_ms: int) -> None:
        self._target, self._qps = target, qps
        self._first, self._last = now, now
        self._at_ms = at_ms
        self._spent = dict.fromkeys(Activity, 0.0)
        self._reason = ""
        self._idle_spans = 0
        self._latency: Counter[int] = Counter()
        self._codes: Counter[int] = Counter()

    def answered(self, seconds: float | None, judgement: Judgement) -> None:
        """A call is over; `seconds` is how long the answer took, None where there was none."""
        if seconds is not None:
            self._latency[bucket_of(seconds)] += 1
        for code in {ruling.code for ruling in judgement.rulings}:
            kept = max(-_CODE_MOST, min(code, _CODE_MOST))
            if kept in self._codes or len(self._codes) < MOST_CODES:
                self._codes[kept] += 1

    def look(self, now: Moment) -> None:
        """The time since the last look was spent as the lane stood then."""
        before = self._last
        spent = max(0.0, min(now.at, before.until) - before.at)
        self._spent[before.activity] += spent
        self._spent[Activity.SENDING] += max(0.0, now.at - before.at - spent)
        if now.reason:
            self._reason = now.reason
        self._last = now

    def close(self, now: Moment, *, at_ms: int) -> Sample | None:
        """The span that ends now, and the next one begins; None where there is nothing to say."""
        self.look(now)
        first, was, new = self._first, self._first.counters, now.counters
        span_ms = round((now.at - first.at) * 1000)
        idle_ms = {one: round(self._spent[one] * 1000) for one in Activity}
        sample = Sample(
            target=self._target,
            at_ms=self._at_ms,
            span_ms=span_ms,
            calls=now.departed - first.departed,
            settled=_settled(new) - _settled(was),
            retries=new.retries - was.retries,
            throttled=new.throttled - was.throttled,
            lost_answers=new.lost_answers - was.lost_answers,
            qps=self._qps,
            pace=now.pace,
            held_ms=idle_ms[Activity.HELD],
            probing_ms=idle_ms[Activity.PROBING],
            waiting_ms=idle_ms[Activity.WAITING],
            reason=self._reason[:REASON_CAP],
            latency=dict(self._latency),
            codes=dict(self._codes),
        )
        idle = not sample.calls and sample.waiting_ms >= span_ms
        self._idle_spans = self._idle_spans + 1 if idle else 0
        self._first, self._at_ms = now, at_ms
        self._spent = dict.fromkeys(Activity, 0.0)
        self._reason = now.reason
        self._latency.clear()
        self._codes.clear()
        return sample if span_ms > 0 and self._idle_spans <= MOST_IDLE_SPANS else None


def _settled(counters: Counters) -> int:
    return counters.deleted + counters.already_gone + counters.failed
