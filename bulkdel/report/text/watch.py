"""A status as one screen that is shown anew: what matters most stays where there is little room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType

from bulkdel.plain import Page
from bulkdel.report.status import State, Status
from bulkdel.report.text import tables
from bulkdel.report.text.lanes import drawn, lanes
from bulkdel.report.text.layout import DIM, NARROWEST, WIDEST, page, to_paste, words
from bulkdel.report.text.shards import shards
from bulkdel.report.text.status_page import top
from bulkdel.report.verdict import run_verdict
from bulkdel.send.state import End

_TOP_MOST: Final = 4
"""Lines of the verdict, and _SHARDS_MOST of the shards; the rows under it say the rest."""
_SHARDS_MOST: Final = 2
_VERBS: Final = {State.STOPPED: "continue", State.PLANNED: "start"}


def watch_text(
    status: Status, *, width: int, height: int, again: str, whole: str, colour: bool = False
) -> str:
    """The status in at most `height` lines (but never without a row): the rest goes away.

    Args:
        status: the run's.
        width: of the screen, in columns.
        height: of the screen, in lines.
        again: the command that starts or continues the run.
        whole: the command that shows all of the status.
        colour: whether there is any.
    """
    room = max(NARROWEST, min(width, WIDEST))
    verdict = page(top(status), room, colour=colour)
    most = _TOP_MOST + _SHARDS_MOST * bool(status.shards)
    verdict = Page("".join(verdict.splitlines(keepends=True)[:most]))
    under = page(_under(status, again, whole), room, colour=colour)
    used = verdict.count("\n") + under.count("\n") + 2
    views = [target.lane for target in status.targets]
    rows = page(
        [drawn(lanes(views, status.at_ms, room, max(2, height - used)))], room, colour=colour
    )
    spare = height - used - rows.count("\n")
    shown = []
    for parts in (
        shards(status),
        tables.balance(status, run_verdict(status).wrongs),
        [tables.calls(status)],
        tables.codes(status),
    ):
        more = page(parts, room, colour=colour).lstrip("\n")
        if more.strip() and more.count("\n") < spare:
            shown.append(more)
            spare -= more.count("\n") + 1
    return Page("\n".join((verdict, rows, *shown, under)))


def _under(status: Status, again: str, whole: str) -> Iterator[RenderableType]:
    ends = {target.state.end for target in status.targets if target.unsettled > 0}
    # After these there is more to do first.
    if status.state in _VERBS and not ends & {End.REFUSED, End.GUARD, End.CANARY}:
        yield to_paste(f"To {_VERBS[status.state]}: {again}", indent=0)
    if status.state in (State.RUNNING, State.PLANNED):
        yield words("Ctrl-C ends this view, not the run.", DIM)
    yield to_paste(f"All of it: {whole}", DIM, indent=0)
