"""What `check` shows: a list of ticks, each cross with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bulkdel.plain import escaped
from bulkdel.report.checks import Check, Grade, Section, count
from bulkdel.report.figures import counted
from bulkdel.report.text.layout import BAD, DIM, GOOD, TITLE, page, to_paste
from bulkdel.report.text.layout import words as paragraph

_NAME: Final = 14
"""Columns of a check's name."""


def preflight_text(
    head: str,
    sections: Sequence[Section],
    width: int,
    *,
    again: str,
    following: str,
    colour: bool = False,
    unicode: bool = True,
) -> str:
    """The checks as a page.

    Args:
        head: the first line.
        sections: what was looked at.
        width: of the page, in columns.
        again: the command that looks once more.
        following: the command that comes next if nothing is crossed.
        colour: whether the page may hold colours.
        unicode: whether it may hold ticks; otherwise they are words.
    """
    return page(_parts(head, sections, again, following, unicode=unicode), width, colour=colour)


def _parts(
    head: str, sections: Sequence[Section], again: str, following: str, *, unicode: bool
) -> Iterator[RenderableType]:
    signs = _TICKS if unicode else _WORDS
    yield paragraph(head, TITLE)
    for section in sections:
        yield paragraph("")
        yield paragraph(section.title, TITLE)
        yield _list(section.checks, signs)
    yield paragraph("")
    crosses, warned = count(sections, Grade.CROSSED), count(sections, Grade.WARNING)
    beside = f", {counted(warned, 'warning')}" if warned else ""
    if crosses:
        yield paragraph(
            f"{counted(crosses, 'cross', 'crosses')}{beside}: put it right, then run", BAD
        )
        yield to_paste(again)
    else:
        yield paragraph(f"Nothing is crossed{beside}. Next:", GOOD)
        yield to_paste(following)


def _list(checks: Iterable[Check], signs: Mapping[Grade, str]) -> RenderableType:
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(no_wrap=True)
    drawn.add_column(min_width=_NAME, no_wrap=True)
    drawn.add_column(overflow="fold")
    for one in checks:
        style = _STYLES[one.grade]
        text = Text(escaped(one.words), style=DIM if one.grade is Grade.SKIPPED else "")
        if one.mend:
            text.append(f"\n{signs[Grade.SKIPPED]}> {escaped(one.mend)}")
        drawn.add_row(Text(signs[one.grade], style=style), Text(escaped(one.name)), text)
    return Padding(drawn, (0, 0, 0, 2))


_TICKS: Final = {
    Grade.GOOD: "✓",
    Grade.WARNING: "!",
    Grade.CROSSED: "✗",
    Grade.SKIPPED: "-",
}
_WORDS: Final = {
    Grade.GOOD: "ok",
    Grade.WARNING: "!",
    Grade.CROSSED: "NO",
    Grade.SKIPPED: "-",
}
_STYLES: Final = {
    Grade.GOOD: GOOD,
    Grade.WARNING: TITLE,
    Grade.CROSSED: BAD,
    Grade.SKIPPED: DIM,
}
