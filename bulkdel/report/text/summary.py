"""What `run` says at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType

from bulkdel import files
from bulkdel.errors import Exit
from bulkdel.report.ending import ended_lanes, sitting_verdict
from bulkdel.report.figures import count, plain
from bulkdel.report.next_steps import NextStep
from bulkdel.report.remarks import remarks
from bulkdel.report.status import Status
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, steps, words
from bulkdel.send.view import Ending

_WANTING: Final = (Exit.WRONG, Exit.GUARDED, Exit.REFUSED, Exit.LEFT)
"""Exit codes after which there is something to do."""


def summary_text(
    status: Status,
    ending: Ending,
    width: int,
    *,
    next_steps: Sequence[NextStep],
    colour: bool = False,
) -> str:
    """All that `run` prints at its end."""
    return page(_parts(status, ending, next_steps), width, colour=colour)


def _parts(
    status: Status, ending: Ending, next_steps: Sequence[NextStep]
) -> Iterator[RenderableType]:
    verdict = sitting_verdict(ending, status)
    code, doubt = verdict.exit_code, verdict.run.no_friendships
    style = BAD if doubt or code in _WANTING else GOOD if code is Exit.DONE else TITLE
    yield words(verdict.run.headline, style)
    if verdict.detail:
        yield words(verdict.detail)
    yield from tables.states(ended_lanes(ending, status), status.at_ms)
    yield words("")
    yield from tables.balance(status, verdict.run.wrongs)
    yield words("")
    yield tables.calls(status)
    yield from tables.codes(status)
    for remark in remarks(status):
        yield words("")
        yield words(remark)
    yield words("")
    yield facts(_files(status))
    yield from steps((one.words, one.command) for one in next_steps)


def _files(status: Status) -> Iterator[tuple[str, str]]:
    at = status.run_dir
    each = at / files.SHARDS / "*" if status.shards else at
    yield "results", plain(str(each / files.LEDGER), 1000)
    if status.rows.rejected:
        yield (
            "rejected rows",
            f"{plain(str(at / files.REJECTS), 1000)} ({count(status.rows.rejected)})",
        )
    yield "log", plain(str(at / files.LOG), 1000)
    if status.shards:
        yield "logs of shards", plain(str(each / files.LOG), 1000)
