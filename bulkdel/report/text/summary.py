"""What `run` says at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from rich.console import RenderableType

from bulkdel.report.ending import summary_exit, verdict
from bulkdel.report.figures import count, plain
from bulkdel.report.no_friendships import no_friendships
from bulkdel.report.remarks import remarks
from bulkdel.report.status import Status
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, words
from bulkdel.send.view import End, Ending, LaneEnd


def summary_text(
    status: Status, ending: Ending, width: int, *, command: str, colour: bool = False
) -> str:
    """All that `run` prints at its end; `command` is the command as it was given."""
    return page(_parts(status, ending, command), width, colour=colour)


def _parts(status: Status, ending: Ending, command: str) -> Iterator[RenderableType]:
    code = summary_exit(ending, status)
    doubt = no_friendships(status)
    style = BAD if doubt or code not in (0, 1) else GOOD if code == 0 else TITLE
    yield words(verdict(ending, status), style)
    if doubt:
        yield words(doubt.look)
    spoken = [lane for lane in ending.lanes if lane.words and lane.end is not End.FINISHED]
    if spoken:
        yield facts((lane.target, _said(lane)) for lane in spoken)
    yield words("")
    yield from tables.balance(status)
    yield words("")
    yield tables.calls(status)
    yield from tables.codes(status)
    for remark in remarks(status):
        yield words("")
        yield words(remark)
    yield words("")
    yield facts(_files(status))
    if code not in (0, 1):
        yield words("")
        yield words(f"{_next(code)}:", TITLE)
        yield words(command, indent=2)


def _files(status: Status) -> Iterator[tuple[str, str]]:
    at = status.run_dir
    yield "results", plain(str(at / "ledger.jsonl"), 1000)
    if status.rows.rejected:
        yield (
            "rejected rows",
            f"{plain(str(at / 'rejects.jsonl'), 1000)} ({count(status.rows.rejected)})",
        )
    if any(target.failed for target in status.targets):
        failed = f"""grep '"status":"failed"' {quote(str(at / "ledger.jsonl"))}"""
        yield "what failed", plain(failed, 1000)
    yield "log", plain(str(at / "run.log"), 1000)


def _next(code: int) -> str:
    match code:
        case 2:
            return "When the input has rows, run"
        case 3:
            return "If this is as it should be, change the guard in the job file, then run"
        case 77:
            return "When that is mended, run"
        case _:
            return "To continue, run"


def _said(lane: LaneEnd) -> str:
    return plain(lane.words, 600)
