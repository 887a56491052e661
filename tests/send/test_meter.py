"""What a lane did, span by span."""

from __future__ import annotations

import math

from bulkdel.ledger.samples import BUCKETS, Sample, bucket_of, middle_ms
from bulkdel.ledger.values import Counters
from bulkdel.send.judge import Judgement
from bulkdel.send.meter import MOST_CODES, Activity, Meter, Moment
from bulkdel.words import Ruling, Verdict


def now(  # what a lane is, nothing done and sending unless told otherwise
    at: float,
    activity: Activity = Activity.SENDING,
    *,
    departed: int = 0,
    counters: Counters | None = None,
    until: float = math.inf,
    reason: str = "",
) -> Moment:
    """A lane at a moment."""
    return Moment(
        at=at,
        departed=departed,
        counters=counters or Counters(),
        pace=20.0,
        activity=activity,
        until=until,
        reason=reason,
    )


def refused(*codes: int) -> Judgement:
    """An answer that settled nothing, with these codes."""
    rulings = tuple(Ruling(verdict=Verdict.TRANSIENT, code=code) for code in codes)
    return Judgement(settlement=None, parts=(), settled=0, rulings=rulings, lost=False)


def closed(meter: Meter, at: Moment, *, at_ms: int = 0) -> Sample:
    """The span that ends there."""
    sample = meter.close(at, at_ms=at_ms)
    assert sample is not None
    return sample


def test_a_span_is_the_difference_of_counters() -> None:
    """A sample holds what was done in its span, not since the beginning; 7 s late is 7 s longer."""
    before = Counters(deleted=100, calls=10, retries=3, throttled=2, lost_answers=1)
    after = Counters(
        deleted=130, already_gone=4, failed=1, calls=19, retries=5, throttled=2, lost_answers=4
    )
    meter = Meter(1, 20.0, now=now(50, departed=7, counters=before), at_ms=1000)
    sample = closed(meter, now(67, departed=15, counters=after), at_ms=18_000)
    assert (sample.target, sample.at_ms, sample.span_ms) == (1, 1000, 17_000)
    assert (sample.calls, sample.settled) == (8, 35)
    assert (sample.retries, sample.throttled, sample.lost_answers) == (2, 0, 3)
    following = closed(meter, now(77, departed=15, counters=after))
    assert (following.at_ms, following.calls, following.settled) == (18_000, 0, 0)


def test_time_is_spent_as_the_lane_stood() -> None:
    """From one look to the next the time is that of the earlier standing; a hold ends by itself."""
    meter = Meter(0, 20.0, now=now(0, Activity.PROBING), at_ms=0)
    meter.look(now(1))  # one second of probing
    meter.look(now(3, Activity.HELD, until=5.5, reason="held"))  # two of sending
    meter.look(now(8, Activity.WAITING, reason="paused"))  # 2.5 held, the rest sending
    sample = closed(meter, now(10))
    assert (sample.probing_ms, sample.held_ms, sample.waiting_ms) == (1000, 2500, 2000)
    assert sample.reason == "paused"


def test_a_hold_goes_on_in_the_next_span() -> None:
    """A hold that is longer than its span is told in both, each with its part, and its reason."""
    meter = Meter(0, 20.0, now=now(0, Activity.HELD, until=14, reason="held"), at_ms=0)
    assert closed(meter, now(10, Activity.HELD, until=14, reason="held")).held_ms == 10_000
    following = closed(meter, now(20))
    assert (following.held_ms, following.reason) == (4000, "held")


def test_latencies_and_codes() -> None:
    """Answers count by latency, and by each distinct code that left something unsettled."""
    meter = Meter(0, 20.0, now=now(0), at_ms=0)
    meter.answered(0.1, refused())
    meter.answered(0.1, refused(30006, 30006, 60007))
    meter.answered(None, refused(-1))
    sample = closed(meter, now(10))
    assert dict(sample.latency) == {bucket_of(0.1): 2}
    assert dict(sample.codes) == {30006: 1, 60007: 1, -1: 1}
    assert closed(meter, now(20)).codes == {}


def test_codes_are_bounded() -> None:
    """However many codes a provider invents, and however large, a sample stays small."""
    meter = Meter(0, 20.0, now=now(0), at_ms=0)
    for code in range(1000):
        meter.answered(None, refused(10**30 + code, code))
    codes = closed(meter, now(10)).codes
    assert len(codes) == MOST_CODES
    assert max(codes) == 2**63 - 1


def test_no_time_no_sample() -> None:
    """A lane that has nothing to do leaves no sample of no length."""
    meter = Meter(0, 20.0, now=now(5), at_ms=0)
    assert meter.close(now(5), at_ms=0) is None


def test_a_long_wait_is_a_gap() -> None:
    """A lane that waits all day tells so for five minutes, and again when it sends."""
    meter = Meter(0, 20.0, now=now(0, Activity.WAITING, reason="window"), at_ms=0)
    told = [
        meter.close(now(10 * n, Activity.WAITING, reason="window"), at_ms=0) for n in range(1, 99)
    ]
    assert [sample is None for sample in told] == [False] * 30 + [True] * 68
    assert meter.close(now(1000, departed=1), at_ms=0) is not None


def test_buckets() -> None:
    """A bucket's middle is within 5 per cent of what is in it, from 0.1 ms to a minute."""
    seconds = 0.0001
    while seconds < 60:
        assert abs(middle_ms(bucket_of(seconds)) / (seconds * 1000) - 1) < 0.05
        seconds *= 1.013
    assert bucket_of(0) == 0
    assert bucket_of(1e9) == BUCKETS - 1
