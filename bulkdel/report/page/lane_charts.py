"""What the charts of a report show: rates, progress and latencies of the lanes over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from bulkdel.report.facts import TargetFacts
from bulkdel.report.figures import count
from bulkdel.report.page.charts import Chart, Point, Series
from bulkdel.report.timeline import APART_MS, TimeSpan
from bulkdel.report.workclock import WorkClock, work_clock

IDLE_SHARE: Final = 0.3
"""Of a span: so much of it must have been idle to be shown as a band."""
_BANDS: Final = (
    ("held", "held by the provider (throttled)"),
    ("probing", "probing, one call at a time"),
    ("waiting", "waiting"),
)
_LINES: Final = 6
"""Strokes that the page's style tells apart; more targets begin again with the first."""


def clock_of(targets: Iterable[TargetFacts]) -> WorkClock:
    """One clock for all charts of a report, so that they can be compared."""
    spans = [(span.at_ms, span.end_ms) for one in targets for span in one.timeline.spans]
    return work_clock(spans, APART_MS)


def calls_chart(target: TargetFacts, clock: WorkClock) -> Chart:
    """Calls a second beside the ceiling, with bands where the lane was kept from sending."""
    spans = target.timeline.spans
    top = max([span.qps for span in spans] + [span.rate for span in spans], default=1.0)
    series = [
        Series(name=name, title=title, points=_bands(spans, clock, kind, top))
        for kind, (name, title) in enumerate(_BANDS)
        if any(_idle(span) == kind for span in spans)
    ]
    series.append(
        Series(
            name="ceiling",
            title="ceiling (qps)",
            points=_steps(spans, clock, [span.qps for span in spans]),
        )
    )
    series.append(
        Series(
            name="rate",
            title="calls/s",
            points=_steps(spans, clock, [span.rate for span in spans]),
        )
    )
    return Chart(
        title=f"{target.status.name}: calls per second over time, beside the ceiling",
        series=series,
        length=clock.length,
        labels=clock.labels,
        words=lambda value: f"{value:,.6g}",
    )


def settled_chart(targets: Sequence[TargetFacts], clock: WorkClock, noun: str) -> Chart:
    """Settled pairs over time, a line for each target."""
    return Chart(
        title=f"settled {noun}s over time, by target",
        series=[
            Series(
                name=f"line-{number % _LINES}",
                title=target.status.name,
                points=_sums(target.timeline.spans, clock),
            )
            for number, target in enumerate(targets)
        ],
        length=clock.length,
        labels=clock.labels,
        words=lambda value: count(round(value)),
    )


def latency_chart(target: TargetFacts, clock: WorkClock) -> Chart:
    """How long answers took: half of them, 95 and 99 of a hundred took no longer."""
    spans = target.timeline.spans
    return Chart(
        title=f"{target.status.name}: how long answers took, p50, p95 and p99 over time",
        series=[
            Series(
                name=name,
                title=title,
                points=_steps(spans, clock, [getattr(span, f"{name}_ms") for span in spans]),
            )
            for name, title in (
                ("p99", "p99: 99 of 100 answers took no longer"),
                ("p95", "p95"),
                ("p50", "p50: half of them"),
            )
        ],
        length=clock.length,
        labels=clock.labels,
        words=milliseconds,
    )


def milliseconds(value: float | None) -> str:
    """A latency as a person reads it: "8.3 ms", "240 ms", "1.2 s"."""
    if value is None:
        return "-"
    if value >= 1000:  # noqa: PLR2004  # milliseconds of a second
        return f"{value / 1000:.3g} s"
    return f"{value:.3g} ms"


def _idle(span: TimeSpan) -> int | None:
    """Which band the span is shown in: what kept the lane longest, if it was long."""
    times = (span.held_ms, span.probing_ms, span.waiting_ms)
    longest = max(times)
    return times.index(longest) if longest > IDLE_SHARE * span.span_ms else None


def _bands(spans: Sequence[TimeSpan], clock: WorkClock, kind: int, top: float) -> list[Point]:
    points: list[Point] = []
    for shown, run in groupby(_by_stretch(spans, clock), lambda one: (_idle(one[1]), one[0])):
        if shown[0] != kind:
            continue
        spanned = [span for _, span in run]
        begin, end = clock.at(spanned[0].at_ms), clock.at(spanned[-1].end_ms)
        points += [(begin, 0.0), (begin, top), (end, top), (end, 0.0), (end, None)]
    return points


def _steps(
    spans: Sequence[TimeSpan], clock: WorkClock, values: Sequence[float | None]
) -> list[Point]:
    points: list[Point] = []
    stretch = None
    for (now, span), value in zip(_by_stretch(spans, clock), values, strict=True):
        if stretch not in (None, now):
            points.append((clock.at(span.at_ms), None))
        stretch = now
        points += [(clock.at(span.at_ms), value), (clock.at(span.end_ms), value)]
    return points


def _sums(spans: Sequence[TimeSpan], clock: WorkClock) -> list[Point]:
    points: list[Point] = []
    settled = 0
    for span in spans:
        points.append((clock.at(span.at_ms), settled))
        settled += span.settled
        points.append((clock.at(span.end_ms), settled))
    return points


def _by_stretch(spans: Iterable[TimeSpan], clock: WorkClock) -> Iterator[tuple[int, TimeSpan]]:
    for span in spans:
        yield clock.stretch_of(span.at_ms), span
