"""What `check` shows: a list of ticks, each cross with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bulkdel.plain import escaped
from bulkdel.report.figures import counted
from bulkdel.report.text.layout import BAD, DIM, GOOD, TITLE, page, words

_NAME: Final = 14
"""Columns of a finding's name."""


class Mark(StrEnum):
    """What a finding is worth."""

    GOOD = "good"
    WARNING = "warning"
    CROSSED = "crossed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what, in a word or two.
        told: what was seen, on one line.
        mend: what to do about it; empty where there is nothing to do.
    """

    mark: Mark
    name: str
    told: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Findings that belong together, under a title."""

    title: str
    findings: tuple[Finding, ...]


def good(name: str, told: str) -> Finding:
    """A tick."""
    return Finding(mark=Mark.GOOD, name=name, told=told)


def warning(name: str, told: str, mend: str) -> Finding:
    """Something that deserves a second look, and keeps nobody from running."""
    return Finding(mark=Mark.WARNING, name=name, told=told, mend=mend)


def crossed(name: str, told: str, mend: str) -> Finding:
    """Something that must be mended first."""
    return Finding(mark=Mark.CROSSED, name=name, told=told, mend=mend)


def skipped(name: str, why: str) -> Finding:
    """Something that was not looked at."""
    return Finding(mark=Mark.SKIPPED, name=name, told=why)


def exit_code(sections: Sequence[Section]) -> int:
    """1 if anything is crossed, else 0."""
    return 1 if _count(sections, Mark.CROSSED) else 0


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
    """The findings as a page.

    Args:
        head: the first line.
        sections: what was found.
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
    yield words(head, TITLE)
    for section in sections:
        yield words("")
        yield words(section.title, TITLE)
        yield _list(section.findings, signs)
    yield words("")
    crosses, warned = _count(sections, Mark.CROSSED), _count(sections, Mark.WARNING)
    beside = f", {counted(warned, 'warning')}" if warned else ""
    if crosses:
        yield words(f"{counted(crosses, 'cross', 'crosses')}{beside}: mend that, then run", BAD)
        yield words(again, indent=2)
    else:
        yield words(f"Nothing is crossed{beside}. Next:", GOOD)
        yield words(following, indent=2)


def _list(findings: Iterable[Finding], signs: Mapping[Mark, str]) -> RenderableType:
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(no_wrap=True)
    drawn.add_column(min_width=_NAME, no_wrap=True)
    drawn.add_column(overflow="fold")
    for one in findings:
        style = _STYLES[one.mark]
        told = Text(escaped(one.told), style=DIM if one.mark is Mark.SKIPPED else "")
        if one.mend:
            told.append(f"\n{signs[Mark.SKIPPED]}> {escaped(one.mend)}")
        drawn.add_row(Text(signs[one.mark], style=style), Text(escaped(one.name)), told)
    return Padding(drawn, (0, 0, 0, 2))


_TICKS: Final = {Mark.GOOD: "✓", Mark.WARNING: "!", Mark.CROSSED: "✗", Mark.SKIPPED: "-"}
_WORDS: Final = {Mark.GOOD: "ok", Mark.WARNING: "!", Mark.CROSSED: "NO", Mark.SKIPPED: "-"}
_STYLES: Final = {Mark.GOOD: GOOD, Mark.WARNING: TITLE, Mark.CROSSED: BAD, Mark.SKIPPED: DIM}


def _count(sections: Sequence[Section], mark: Mark) -> int:
    return sum(one.mark is mark for section in sections for one in section.findings)
