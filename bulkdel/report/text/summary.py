"""What `run` says at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from rich.console import RenderableType

from bulkdel import files
from bulkdel.errors import Exit
from bulkdel.report.ending import ended_lanes, sitting_verdict
from bulkdel.report.figures import count, plain
from bulkdel.report.remarks import remarks
from bulkdel.report.status import Status
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, words
from bulkdel.send.view import Ending

_NEXT: Final = {
    Exit.WRONG: "When the input has rows, run",
    Exit.GUARDED: "If this is as it should be, change the guard in the job file, then run",
    Exit.REFUSED: "When that is put right, run",
    Exit.LEFT: "To continue, run",
}
"""What stands before the command, where there is something left to do."""


def summary_text(
    status: Status, ending: Ending, width: int, *, command: str, colour: bool = False
) -> str:
    """All that `run` prints at its end; `command` is the command as it was given."""
    return page(_parts(status, ending, command), width, colour=colour)


def _parts(status: Status, ending: Ending, command: str) -> Iterator[RenderableType]:
    verdict = sitting_verdict(ending, status)
    code, doubt = verdict.exit_code, verdict.run.no_friendships
    style = BAD if doubt or code in _NEXT else GOOD if code is Exit.DONE else TITLE
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
    if code in _NEXT:
        yield words("")
        yield words(f"{_NEXT[code]}:", TITLE)
        yield words(command, indent=2)


def _files(status: Status) -> Iterator[tuple[str, str]]:
    at = status.run_dir
    yield "results", plain(str(at / files.LEDGER), 1000)
    if status.rows.rejected:
        yield (
            "rejected rows",
            f"{plain(str(at / files.REJECTS), 1000)} ({count(status.rows.rejected)})",
        )
    if status.failed:
        failed = f"""grep '"status":"failed"' {quote(str(at / files.LEDGER))}"""
        yield "what failed", plain(failed, 1000)
    yield "log", plain(str(at / files.LOG), 1000)
