"""What a person is shown before the rest of a run is settled as failed, and after."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from bulkdel import files
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.phrases import unit
from bulkdel.report.status import Status
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, TITLE, facts, page, words
from bulkdel.report.verdict import run_verdict


def closing_text(status: Status, width: int, *, colour: bool = False) -> str:
    """What would be settled as failed: how many pairs of which target, with which codes."""
    return page(_parts(status), width, colour=colour)


def question(status: Status) -> str:
    """The question at the end, for one line of a terminal."""
    return f"Settle {counted(status.unsettled, unit(status.operation))} as failed? Type yes: "


def closed_text(status: Status, width: int) -> str:
    """What was done."""
    return page(_done(status), width)


def _parts(status: Status) -> Iterator[RenderableType]:
    noun = unit(status.operation)
    yield words(f"{plain(status.job)}: {counted(status.unsettled, noun)} left.", TITLE)
    yield words(
        "Closing settles them as failed, for good: nothing more is sent for them by this run.", BAD
    )
    yield from tables.unsettled_codes(status)


def _done(status: Status) -> Iterator[RenderableType]:
    verdict = run_verdict(status)
    yield from tables.doubt(status.job, verdict)
    yield words(f"{plain(status.job)}: finished. {count(status.failed)} failed in all.", TITLE)
    yield words("")
    yield from tables.balance(status, verdict.wrongs)
    yield words("")
    yield facts([("results", plain(str(status.run_dir / files.LEDGER), 1000))])
