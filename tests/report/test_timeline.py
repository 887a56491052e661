"""Samples as spans that a chart can show."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.samples import Sample, bucket_of
from bulkdel.report.timeline import MOST_SPANS, fold_samples, percentile, width_for


def sample(at_ms: int, span_ms: int = 10_000, calls: int = 0, settled: int = 0) -> Sample:
    """A sample of the first target."""
    return Sample(target=0, at_ms=at_ms, span_ms=span_ms, calls=calls, settled=settled, qps=20.0)


@given(
    st.lists(
        st.tuples(st.integers(1, 20_000), st.integers(0, 200), st.integers(0, 9)), max_size=80
    ),
    st.sampled_from([1000, 10_000, 60_000, 3_600_000]),
)
def test_nothing_is_lost(spans: list[tuple[int, int, int]], width_ms: int) -> None:
    """Whatever the width, calls, pairs and milliseconds are all there, and spans are in order."""
    at_ms = 1_000_000
    samples = []
    for span_ms, calls, gap in spans:
        at_ms += gap * 700
        samples.append(sample(at_ms, span_ms, calls, settled=calls * 3))
        at_ms += span_ms
    folded = fold_samples(samples, width_ms).spans
    assert sum(one.calls for one in folded) == sum(one.calls for one in samples)
    assert sum(one.settled for one in folded) == sum(one.settled for one in samples)
    assert sum(one.span_ms for one in folded) == sum(one.span_ms for one in samples)
    assert [one.at_ms for one in folded] == sorted(one.at_ms for one in folded)


def test_spans_join_within_a_width() -> None:
    """Six samples of ten seconds are one minute; its rate is that of all its calls."""
    samples = [sample(60_000 + n * 10_000, calls=100 + n) for n in range(7)]
    minute, rest = fold_samples(samples, 60_000).spans
    assert (minute.at_ms, minute.span_ms, minute.calls) == (60_000, 60_000, 615)
    assert minute.rate == pytest.approx(10.25)
    assert rest.calls == 106


def test_a_stub_joins_what_is_before_it() -> None:
    """The last half second of a sitting is no span of its own: its rate would say nothing."""
    (span,) = fold_samples([sample(0, 1000, calls=20), sample(1000, 300, calls=9)], 1000).spans
    assert (span.calls, span.span_ms) == (29, 1300)


def test_sittings_are_not_joined() -> None:
    """Between two sittings nobody was at work, so they are not one span even in the same minute."""
    spans = fold_samples([sample(0, 2000, calls=9), sample(30_000, 500, calls=1)], 60_000).spans
    assert [one.calls for one in spans] == [9, 1]


def test_a_run_of_less_than_a_second() -> None:
    """Ten calls in a tenth of a second are ten a second, not a hundred."""
    (span,) = fold_samples([sample(0, 100, calls=10)], 1000).spans
    assert span.rate == 10


@pytest.mark.parametrize(("share", "ms"), [(0.5, 10), (0.98, 10), (0.99, 200), (1.0, 3000)])
def test_percentiles(share: float, ms: float) -> None:
    """Of 98 answers in 10 ms, one in 200 ms and one in 3 s, p98 is 10 ms and p99 200 ms."""
    latency = {bucket_of(0.010): 98, bucket_of(0.200): 1, bucket_of(3.0): 1}
    assert percentile(latency, share) == pytest.approx(ms, rel=0.05)


def test_no_answers() -> None:
    """Where none came there is no latency."""
    assert percentile({}, 0.5) is None
    assert fold_samples([], 1000).spans == ()


def test_codes_add_up() -> None:
    """Calls by code are summed over all samples, the commonest first."""
    samples = [
        Sample(target=0, at_ms=n, span_ms=1, codes=codes)
        for n, codes in enumerate(({30006: 1}, {60007: 2, 30006: 1}, {60007: 5}))
    ]
    assert list(fold_samples(samples, 1000).codes.items()) == [(60007, 7), (30006, 2)]


@pytest.mark.parametrize(("worked_s", "width_ms"), [(240, 1000), (241, 2000), (18_000, 120_000)])
def test_the_width_keeps_the_spans_few(worked_s: int, width_ms: int) -> None:
    """Of 240 s every second is shown; of five hours, every two minutes."""
    assert width_for(lambda width: -(-worked_s * 1000 // width)) == width_ms


def test_a_run_of_years() -> None:
    """Even a run of ten years of nights has no more spans than a chart can show."""
    width = width_for(lambda width: -(-3650 * 86_400_000 // width))
    assert 3650 * 86_400_000 / width <= MOST_SPANS


def test_folding_streams() -> None:
    """Samples are taken one by one: they need not all be in memory."""
    taken = 0

    def samples() -> Iterable[Sample]:
        nonlocal taken
        for n in range(5000):
            taken += 1
            yield sample(n * 10_000, calls=1)

    assert len(fold_samples(samples(), 86_400_000).spans) == 1
    assert taken == 5000


@pytest.mark.parametrize(
    ("calls", "span_ms", "rate"),
    [
        (20, 1000, 20),
        (21, 1000, 20),
        (21, 1030, 20),
        (22, 1000, 22),
        (201, 10_000, 20),
        (190, 10_000, 19),
    ],
)
def test_one_call_at_the_seam_is_no_rate_above_the_ceiling(
    calls: int, span_ms: int, rate: float
) -> None:
    """At 20 calls/s a second may hold 21 calls as it is cut; 22 are too many, and are shown."""
    sample = Sample(target=0, at_ms=0, span_ms=span_ms, calls=calls, qps=20.0)
    assert fold_samples([sample], 10_000).spans[0].rate == pytest.approx(rate)
