"""The parts of the page: each is a heading and what stands under it, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # it is only written here, nothing is parsed

from bulkdel.report.facts import CodeFacts, RunFacts, TargetFacts
from bulkdel.report.figures import count, counted, percent, plain, rate, span
from bulkdel.report.page.charts import Chart, drawn
from bulkdel.report.page.lane_charts import calls_chart, latency_chart, milliseconds, settled_chart
from bulkdel.report.page.markup import Col, el, table
from bulkdel.report.phrases import unit
from bulkdel.report.remarks import remarks
from bulkdel.report.status import State, wrongs
from bulkdel.report.timeline import Span
from bulkdel.report.workclock import WorkClock
from bulkdel.words import NO_REPLY, UNREADABLE

CODES_SHOWN = 30


def books(facts: RunFacts) -> Iterator[ET.Element]:
    """The balances, and whether they hold."""
    status, rows = facts.status, facts.status.rows
    noun = unit(status.operation)
    yield el("h2", "The books")
    yield _balance(
        "The input",
        ("rows read", rows.read),
        (f"{noun}s", rows.pairs),
        ("duplicates", rows.duplicates),
        ("rejected", rows.rejected),
        ("protected", rows.protected),
    )
    for one in status.targets:
        yield _balance(
            plain(f"{one.name}: {one.place}", 400),
            (f"{noun}s", one.pairs),
            ("deleted", one.counters.deleted),
            ("already gone", one.counters.already_gone),
            ("failed", one.counters.failed),
            ("unsettled", one.unsettled),
            alarming=("failed", "unsettled"),
        )
    if found := wrongs(status):
        yield el("p", "✕ The books do not balance.", class_="check bad")
        yield el("ul", *(el("li", sentence) for sentence in found))
    else:
        yield el(
            "p",
            f"✓ The books are balanced: every row and every {noun} is counted once.",
            class_="check good",
        )
    if facts.counts is not None and status.state is not State.RUNNING:
        yield from _ledger_agrees(facts, facts.counts.lines)
    for remark in remarks(status):
        yield el("p", plain(remark, 1000), class_="quiet small")
    yield table(
        "What it took",
        [
            Col(title="target", words=True),
            *(Col(title=one) for one in ("settled", "batches", "calls", "retries", "throttled")),
            Col(title="lost answers"),
            *(Col(title=one) for one in ("p50", "p95", "p99")),
        ],
        [
            (
                one.status.name,
                percent(one.status.counters.settled, one.status.pairs),
                count(one.status.batches),
                count(one.status.counters.calls),
                count(one.status.counters.retries),
                count(one.status.counters.throttled),
                count(one.status.counters.lost_answers),
                milliseconds(one.timeline.p50_ms),
                milliseconds(one.timeline.p95_ms),
                milliseconds(one.timeline.p99_ms),
            )
            for one in facts.targets
        ],
    )


def progress(facts: RunFacts, clock: WorkClock) -> Iterator[ET.Element]:
    """Settled pairs over time."""
    noun = unit(facts.status.operation)
    yield el("h2", f"Settled {noun}s over time")
    rows = sorted(
        (
            (one.end_ms, target.status.name, count(one.settled), count(sum_))
            for target in facts.targets
            for one, sum_ in _summed(target.timeline.spans)
        ),
    )
    yield _figure(
        settled_chart(facts.targets, clock, noun),
        table(
            f"{noun}s settled in each span, and up to its end",
            [
                Col(title="until (UTC)", words=True),
                Col(title="target", words=True),
                Col(title="settled"),
                Col(title="so far"),
            ],
            [(_time(end), *others) for end, *others in rows],
        ),
        len(rows),
    )
    if len(clock.stretches) > 1:
        yield el(
            "p",
            f"The time axis shows the {len(clock.stretches)} stretches of work side by side and "
            "leaves out the time between them.",
            class_="quiet small",
        )


def lane(target: TargetFacts, clock: WorkClock) -> Iterator[ET.Element]:
    """One target's rate and latencies."""
    spans = target.timeline.spans
    if not spans:
        return
    yield el("h2", f"{target.status.name}: {target.status.provider}")
    yield el("h3", "Calls per second, beside the ceiling")
    yield _figure(
        calls_chart(target, clock),
        table(
            "Calls in each span, and for how long the lane was kept from sending",
            [
                Col(title="from (UTC)", words=True),
                Col(title="length"),
                Col(title="calls"),
                Col(title="calls/s"),
                Col(title="ceiling"),
                Col(title="retries"),
                Col(title="throttled"),
                Col(title="lost"),
                Col(title="held"),
                Col(title="probing"),
                Col(title="waiting"),
                Col(title="reason", words=True),
            ],
            [_calls_row(one) for one in spans],
        ),
        len(spans),
    )
    kept = sum(one.held_ms + one.probing_ms + one.waiting_ms for one in spans)
    worked = sum(one.span_ms for one in spans)
    if kept > worked / 100:
        held = sum(one.held_ms for one in spans)
        probing = sum(one.probing_ms for one in spans)
        words = [
            f"{span(part / 1000)} {what}"
            for part, what in (
                (held, "held by the provider"),
                (probing, "probing, one call at a time"),
                (kept - held - probing, "waiting"),
            )
            if part >= 100  # noqa: PLR2004  # milliseconds: a first call's wait is no news
        ]
        if words:
            yield el("p", f"Of {span(worked / 1000)}: {', '.join(words)}.", class_="small")
    yield el("h3", "How long answers took")
    yield _figure(
        latency_chart(target, clock),
        table(
            "Latencies of the answers in each span (within 5 per cent)",
            [
                Col(title="from (UTC)", words=True),
                Col(title="p50"),
                Col(title="p95"),
                Col(title="p99"),
            ],
            [
                (
                    _time(one.at_ms),
                    milliseconds(one.p50_ms),
                    milliseconds(one.p95_ms),
                    milliseconds(one.p99_ms),
                )
                for one in spans
            ],
        ),
        len(spans),
    )


def codes(facts: RunFacts) -> Iterator[ET.Element]:
    """What each provider answered, in words."""
    rows = [
        (
            target.status.name,
            "-" if one.code in (NO_REPLY, UNREADABLE) else str(one.code),
            _says(one),
            *map(_or_dash, (one.deleted, one.already_gone, one.failed, one.unsettled, one.answers)),
        )
        for target in facts.targets
        for one in target.codes[:CODES_SHOWN]
    ]
    if not rows:
        return
    noun = unit(facts.status.operation)
    yield el("h2", "What the providers answered")
    yield table(
        f"{noun}s by the code that settled them or that they wait with, and calls whose answer "
        "left something to do again",
        [
            Col(title="target", words=True),
            Col(title="code"),
            Col(title="in words", words=True),
            Col(title="deleted"),
            Col(title="already gone"),
            Col(title="failed"),
            Col(title="unsettled"),
            Col(title="calls again"),
        ],
        rows,
    )


def worst(facts: RunFacts) -> Iterator[ET.Element]:
    """The accounts that failed most."""
    if facts.counts is None:
        if facts.status.failed:
            yield el("h2", "The accounts that failed most")
            yield el(
                "p", "The ledger is large and was not counted for this page; `bulkdel report` does."
            )
        return
    if not facts.worst:
        return
    words = {
        (one.status.name, code.code): code.words for one in facts.targets for code in one.codes
    }
    yield el("h2", "The accounts that failed most")
    yield table(
        f"the {counted(len(facts.worst), 'From_Account')} with most failures, and the code most "
        "of them had",
        [
            Col(title="account", words=True),
            Col(title="target", words=True),
            Col(title="failed"),
            Col(title="code"),
            Col(title="in words", words=True),
        ],
        [
            (
                plain(one.account),
                one.target,
                count(one.failed),
                str(one.code),
                words.get((one.target, one.code), ""),
            )
            for one in facts.worst
        ],
    )


def _balance(
    title: str, whole: tuple[str, int], *others: tuple[str, int], alarming: Sequence[str] = ()
) -> ET.Element:
    """A sum as it is checked: the whole is the first, and then the next, and then the next."""
    terms = el("dl", _term(*whole))
    for number, (name, value) in enumerate(others):
        alarm = bool(value) and name in alarming
        terms.append(_term(name, value, by="+" if number else "=", alarm=alarm))
    return el("section", el("h3", title), terms, class_="sum")


def _term(name: str, value: int, *, by: str = "", alarm: bool = False) -> ET.Element:
    mark = {"class_": "alarm"} if alarm else {}
    sign = el("span", f"{by} ", class_="by") if by else None
    return el("div", el("dt", name), el("dd", sign, count(value)), **mark)


def _ledger_agrees(facts: RunFacts, lines: int) -> Iterator[ET.Element]:
    settled = sum(target.counters.settled for target in facts.status.targets)
    if lines == settled:
        words = f"✓ The ledger holds {counted(lines, 'line')}, one for each settled result."
        yield el("p", words, class_="check good")
    else:
        words = (
            f"✕ The ledger holds {counted(lines, 'whole line')}, but {count(settled)} results are "
            "settled. The next `bulkdel run` writes what a crash has cut off."
        )
        yield el("p", words, class_="check bad")


def _figure(chart: Chart, figures: ET.Element, rows: int) -> ET.Element:
    return el(
        "figure",
        drawn(chart),
        el("details", el("summary", f"The figures ({counted(rows, 'row')})"), figures),
    )


def _summed(spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    settled = 0
    for one in spans:
        settled += one.settled
        yield one, settled


def _calls_row(one: Span) -> tuple[str, ...]:
    return (
        _time(one.at_ms),
        f"{one.span_ms / 1000:.1f} s",
        count(one.calls),
        rate(one.rate),
        rate(one.qps),
        count(one.retries),
        count(one.throttled),
        count(one.lost_answers),
        *(f"{kept / 1000:.1f} s" if kept else "-" for kept in _kept(one)),
        plain(one.reason, 120),
    )


def _kept(one: Span) -> tuple[int, int, int]:
    return one.held_ms, one.probing_ms, one.waiting_ms


def _says(one: CodeFacts) -> str:
    """Our words for the code, and the provider's text where it says something else."""
    info = plain(one.info, 160)
    return (
        f'{one.words} ("{info}")' if info and info.lower() not in one.words.lower() else one.words
    )


def _or_dash(number: int) -> str:
    return count(number) if number else "-"


def _time(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
