"""A status as a page for people: the facts that `status --json` has for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType

from bulkdel import files
from bulkdel.report.beside_words import beside_rows
from bulkdel.report.few import ROWS_MOST, few
from bulkdel.report.figures import counted, moment, plain, rate, span
from bulkdel.report.next_steps import NextStep
from bulkdel.report.phrases import deed
from bulkdel.report.remarks import waiting_sides
from bulkdel.report.shards import shards_line
from bulkdel.report.status import (
    LastSitting,
    State,
    Status,
    TargetStatus,
    how_it_ended,
)
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, steps, table, words
from bulkdel.report.text.shards import shards
from bulkdel.report.tone import Tone
from bulkdel.report.verdict import run_verdict
from bulkdel.send.state import Doing, Slower

_PLACES: Final = 3
_STYLES = {Tone.GOOD: GOOD, Tone.MIXED: TITLE, Tone.BAD: BAD}


def status_text(
    status: Status, width: int, *, colour: bool = False, next_steps: Sequence[NextStep] = ()
) -> str:
    """The status as a page of at most `width` columns (never under NARROWEST).

    `next_steps` stand at its end.
    """
    return page(_parts(status, next_steps), width, colour=colour)


def top(status: Status) -> Iterator[RenderableType]:
    """What stands first: the verdict and what explains it."""
    verdict = run_verdict(status)
    yield words(f"{plain(status.job)}: {verdict.headline}", _STYLES[verdict.tone])
    if verdict.detail:
        yield words(verdict.detail)
    if status.shards:
        yield words(shards_line(status.shards))


def _parts(status: Status, next_steps: Sequence[NextStep]) -> Iterator[RenderableType]:
    verdict = run_verdict(status)
    if verdict.wrongs:
        yield from tables.doubt(status.job, verdict)
        yield words("")
    yield from top(status)
    yield words("")
    yield facts(
        [
            ("does", deed(status.operation, status.mode)),
            *_places(status.targets),
            ("run directory", plain(str(status.run_dir), 1000)),
        ]
    )
    yield words("")
    yield from tables.balance(status, verdict.wrongs)
    for waiting in waiting_sides(status):
        yield words(waiting)
    yield words("")
    yield tables.calls(status)
    if status.state is State.RUNNING and not any(one.at_work for one in status.beside.sides):
        yield words("")
        yield _going(status)
    yield from tables.states([target.lane for target in status.targets], status.at_ms)
    yield from tables.codes(status)
    yield from shards(status)
    if status.last is not None:
        yield words("")
        yield facts(_sittings(status, status.last))
    yield from beside(status)
    if status.rows.rejected:
        yield words("")
        yield words(
            f"{counted(status.rows.rejected, 'row')} rejected, with the reasons: "
            f"{plain(str(status.run_dir / files.REJECTS), 1000)}"
        )
    yield from steps((one.words, one.command) for one in next_steps)


def beside(status: Status) -> Iterator[RenderableType]:
    """The runs beside the run, a line each; nothing where there are none."""
    if rows := list(beside_rows(status)):
        yield words("")
        yield facts(rows)


def _places(targets: Sequence[TargetStatus]) -> Iterator[tuple[str, str]]:
    """Where the calls go; of many targets, of the first."""
    shown = targets if len(targets) <= ROWS_MOST else targets[:_PLACES]
    yield from ((target.name, plain(target.place)) for target in shown)
    if len(shown) < len(targets):
        yield "...", f"and {counted(len(targets) - len(shown), 'more target')}, as the report lists"


def _going(status: Status) -> RenderableType:
    targets = status.targets
    if status.shards:
        targets = tuple(one for one in targets if one.state.doing is not Doing.ENDED) or targets
    return table(
        ("target", "calls/s now", "at most", "time left", "estimated end"),
        ("target",),
        [
            (
                target.name,
                rate(target.lane.rate) if target.state.doing is Doing.SENDING else "-",
                _ceiling(target),
                *_end(target, status.at_ms),
            )
            for target in few(targets)
        ],
    )


def _ceiling(target: TargetStatus) -> str:
    if target.state.slower is Slower.OPERATOR:
        return f"{rate(target.lane.pace)} (set)"
    return rate(target.qps)


def _end(target: TargetStatus, at_ms: int) -> tuple[str, str]:
    if target.unsettled <= 0:
        return "none", "done"
    if target.left_s is None:
        return "not known", "not known"
    return span(target.left_s), moment(at_ms + round(target.left_s * 1000))


def _sittings(status: Status, last: LastSitting) -> Iterator[tuple[str, str]]:
    if status.shards:
        yield "first start", f"began {moment(status.began_ms or last.began_ms)}"
        if last.ended_ms is not None:
            yield "last end", f"{moment(last.ended_ms)}: {plain(how_it_ended(last), 600)}"
        return
    if status.began_ms is not None and status.began_ms != last.began_ms:
        yield "first start", f"began {moment(status.began_ms)}"
    if last.ended_ms is not None:
        took = span((last.ended_ms - last.began_ms) / 1000)
        course = f"took {took} and ended: {plain(how_it_ended(last), 600)}"
    elif status.state is State.RUNNING:
        course = f"at work for {span((status.at_ms - last.began_ms) / 1000)}"
    else:
        course = plain(how_it_ended(last))
    yield "last start", f"began {moment(last.began_ms)}, {course}"
