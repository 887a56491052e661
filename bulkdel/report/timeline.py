"""A target's samples folded into a bounded number of spans, with rates and percentiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from bulkdel.ledger.samples import Sample, middle_ms

MOST_SPANS: Final = 240
"""Of a target: what a chart can show, and a table can list."""
MOST_CODES: Final = 50
STUB_MS: Final = 1000
"""A shorter span belongs to the one before it: its rate would say nothing."""
APART_MS: Final = 1500
"""Between the end of a span and the beginning of the next: more is a gap, nobody was at work."""

_SECOND_MS = 1000
_MINUTE_MS = 60 * _SECOND_MS
_HOUR_MS = 60 * _MINUTE_MS
WIDTHS_MS: Final = (
    _SECOND_MS,
    2 * _SECOND_MS,
    5 * _SECOND_MS,
    10 * _SECOND_MS,
    30 * _SECOND_MS,
    _MINUTE_MS,
    2 * _MINUTE_MS,
    5 * _MINUTE_MS,
    10 * _MINUTE_MS,
    30 * _MINUTE_MS,
    _HOUR_MS,
    3 * _HOUR_MS,
    6 * _HOUR_MS,
    24 * _HOUR_MS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """One lane in one span of time. Times are milliseconds; `at_ms` is Unix time.

    Attributes:
        p50_ms, p95_ms, p99_ms: of the answers that came; None where none came.
        rate: calls/s that left.
        The others are as in Sample.
    """

    at_ms: int
    span_ms: int
    calls: int
    settled: int
    retries: int
    throttled: int
    lost_answers: int
    qps: float
    pace: float
    held_ms: int
    probing_ms: int
    waiting_ms: int
    reason: str
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @property
    def end_ms(self) -> int:
        """When it ended."""
        return self.at_ms + self.span_ms

    @property
    def rate(self) -> float:
        """Calls/s; of less than a second, as if it had been one.

        A span that is cut just before a call and just behind one holds one call more than its
        length at the ceiling: that is no rate above it.
        """
        length_s = max(self.span_ms, STUB_MS) / 1000
        rate = self.calls / length_s
        return min(rate, self.qps) if self.calls <= self.qps * length_s + 1 else rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One target over all sittings.

    Attributes:
        spans: by time, at most MOST_SPANS and a few where a sitting begins within one.
        p50_ms, p95_ms, p99_ms: over all answers; None where none came.
        answers: that came.
        codes: calls whose answer left something unsettled, by code, the commonest.
    """

    spans: tuple[TimeSpan, ...] = ()
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    answers: int = 0
    codes: Mapping[int, int] = field(default_factory=dict)


def width_for(spans_within: Callable[[int], int], most: int = MOST_SPANS) -> int:
    """The narrowest width in milliseconds with which no target has more than `most` spans."""
    for width in WIDTHS_MS:
        if spans_within(width) <= most:
            return width
    width = WIDTHS_MS[-1]
    while spans_within(width) > most:
        width *= 2
    return width


def fold_samples(samples: Iterable[Sample], width_ms: int) -> Timeline:
    """Samples in the order in which they were noted, as spans of `width_ms` or one sample each.

    Memory is that of the spans, however many samples there are.
    """
    spans: list[TimeSpan] = []
    latency: Counter[int] = Counter()
    codes: Counter[int] = Counter()
    open_one: _Sum | None = None
    for sample in samples:
        latency.update(sample.latency)
        for code, calls in sample.codes.items():
            if code in codes or len(codes) < MOST_CODES:
                codes[code] += calls
        if open_one is not None and open_one.takes(sample, width_ms):
            open_one.add(sample)
            continue
        if open_one is not None:
            spans.append(open_one.span())
        open_one = _Sum(sample)
    if open_one is not None:
        spans.append(open_one.span())
    return Timeline(
        spans=tuple(spans),
        p50_ms=percentile(latency, 0.50),
        p95_ms=percentile(latency, 0.95),
        p99_ms=percentile(latency, 0.99),
        answers=latency.total(),
        codes=dict(codes.most_common()),
    )


def percentile(latency: Mapping[int, int], share: float) -> float | None:
    """The middle of the bucket, in milliseconds, that the answer at this share is in."""
    whole = sum(latency.values())
    if not whole:
        return None
    buckets = sorted(latency)
    reached = accumulate(latency[bucket] for bucket in buckets)
    return next(
        middle_ms(bucket)
        for bucket, count in zip(buckets, reached, strict=True)
        if count >= share * whole
    )


class _Sum:
    """Samples that become one span."""

    def __init__(self, sample: Sample) -> None:
        self._first = self._last = sample
        self._end_ms = sample.at_ms + sample.span_ms
        self._counts = Counter[str]()
        self._latency: Counter[int] = Counter()
        self._reason = ""
        self._qps = 0.0
        self.add(sample)

    def takes(self, sample: Sample, width_ms: int) -> bool:
        """Whether `sample` belongs to this span: within its width, or a stub right behind it."""
        if not -APART_MS <= sample.at_ms - self._end_ms <= APART_MS:
            return False
        same = sample.at_ms // width_ms == self._first.at_ms // width_ms
        return same or sample.span_ms < STUB_MS

    def add(self, sample: Sample) -> None:
        self._last = sample
        self._end_ms = max(self._end_ms, sample.at_ms + sample.span_ms)
        for name in _SUMMED:
            self._counts[name] += getattr(sample, name)
        self._latency.update(sample.latency)
        self._reason = sample.reason or self._reason
        self._qps = max(self._qps, sample.qps)

    def span(self) -> TimeSpan:
        return TimeSpan(
            at_ms=self._first.at_ms,
            qps=self._qps,
            pace=self._last.pace,
            reason=self._reason,
            p50_ms=percentile(self._latency, 0.50),
            p95_ms=percentile(self._latency, 0.95),
            p99_ms=percentile(self._latency, 0.99),
            **{name: self._counts[name] for name in _SUMMED},
        )


_SUMMED = (
    "span_ms",
    "calls",
    "settled",
    "retries",
    "throttled",
    "lost_answers",
    "held_ms",
    "probing_ms",
    "waiting_ms",
)
