"""Sentences and tables laid out as text of a given width, with or without colour."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bulkdel.plain import Page, escaped
from bulkdel.report.text.lines import packed, wrapped

NARROWEST = 40
"""Columns. Below this the terminal breaks our lines: better than a number that was cut."""
WIDEST = 120
"""Columns. Longer lines are hard to read."""

GOOD = "bold green"
BAD = "bold red"
TITLE = "bold"
DIM = "dim"

_GAP: Final = 2
_WORD: Final = 20
"""Columns that a text column is given for its longest word, before that word is folded."""
_TEXT: Final = 14
"""Columns that a text column is given at least, where its text is as long."""
_LINES: Final = 4
"""Lines that a cell may take, before its row is better told as a paragraph."""


def words(text: str, style: str = "", *, indent: int = 0) -> RenderableType:
    """A paragraph. The text is never read as markup; what stands in `backticks` stays on a line."""
    return Padding(_Paragraph(escaped(text), style), (0, 0, 0, indent))


def to_paste(text: str, style: str = "", *, indent: int = 2) -> RenderableType:
    """A command on one line of its own, however long: half of it must not be pasted.

    The terminal breaks it, and copies it whole.
    """
    return Text(" " * indent + escaped(text), style=style, no_wrap=True, overflow="ignore")


def steps(next_steps: Iterable[tuple[str, str]]) -> Iterator[RenderableType]:
    """What to do next: words, and the command under them; a command may be empty."""
    for said, command in next_steps:
        yield words("")
        yield words(said, TITLE)
        if command:
            yield to_paste(command)


def table(
    titles: Sequence[str], text_columns: Collection[str], rows: Iterable[Sequence[str]]
) -> RenderableType:
    """A table without lines, two blanks between the columns, indented by two.

    `text_columns` are the titles of those that hold text, which may break over lines; the others
    hold numbers, which stand to the right and are never broken. Where there is no room for them
    beside each other, each row is a paragraph of "title number".
    """
    drawn = _Table(
        titles=tuple(map(escaped, titles)),
        texts=frozenset(map(escaped, text_columns)),
        rows=tuple(tuple(map(escaped, row)) for row in rows),
    )
    return Padding(drawn, (0, 0, 0, 2))


def facts(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """Names and what is to be said of them, one under the other; long ones go on under themselves.

    A column of its own for the names, so that the eye finds them.
    """
    drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    drawn.add_column(no_wrap=False, overflow="fold", max_width=24)
    drawn.add_column(overflow="fold")
    for name, text in rows:
        drawn.add_row(_text(name), _text(text))
    return Padding(drawn, (0, 0, 0, 2))


def page(parts: Iterable[RenderableType], width: int, *, colour: bool = False) -> Page:
    """The parts as text that ends with a newline.

    No line but a command is longer than `width` or NARROWEST. Nothing is read from the environment.
    """
    room = max(NARROWEST, min(width, WIDEST))
    paper = io.StringIO()
    Console(
        file=paper,
        width=room,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    ).print(Group(*parts), crop=False)
    return Page("\n".join(line.rstrip() for line in paper.getvalue().split("\n")[:-1]) + "\n")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A text that is wrapped as `wrapped` does."""

    text: str
    style: str

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The lines."""
        lines = "\n".join(wrapped(self.text, options.max_width))
        yield Text(lines, style=self.style, no_wrap=True, overflow="ignore")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that knows how wide it would be."""

    titles: tuple[str, ...]
    texts: frozenset[str]
    rows: tuple[tuple[str, ...], ...]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The table, or its rows as paragraphs where it does not fit."""
        rooms = self._rooms(options.max_width)
        if rooms is None:
            yield from self._paragraphs(options.max_width)
            return
        drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=TITLE)
        for title, room in zip(self.titles, rooms, strict=True):
            drawn.add_column(
                Text(title),
                justify="left" if title in self.texts else "right",
                width=room,
                overflow="fold",
                vertical="top",
            )
        for row in self.rows:
            drawn.add_row(*(Text(cell, overflow="fold") for cell in row))
        yield drawn

    def _rooms(self, whole: int) -> list[int] | None:
        """How wide each column is; None where they do not fit into `whole`, or get too tall."""
        most, least = [], []
        for at, title in enumerate(self.titles):
            cells = [title, *(row[at] for row in self.rows)]
            most.append(max(map(cell_len, cells)))
            if title in self.texts:
                word = max(cell_len(one) for cell in cells for one in (title, *cell.split(" ")))
                least.append(max(min(word, _WORD), min(most[-1], _TEXT)))
            else:
                least.append(most[-1])
        spare = whole - sum(least) - _GAP * (len(least) - 1)
        if spare < 0:
            return None
        rooms = least
        for at in sorted(range(len(most)), key=lambda one: most[one] - least[one]):
            more = min(most[at] - rooms[at], spare)
            rooms[at] += more
            spare -= more
        tall = any(wide > _LINES * room for wide, room in zip(most, rooms, strict=True))
        return None if tall else rooms

    def _paragraphs(self, room: int) -> Iterator[Text]:
        for row in self.rows:
            named = self.titles[0] in self.texts
            cells = list(zip(self.titles, row, strict=True))[named:]
            pieces = [f"{title} {cell}".strip() for title, cell in cells if cell]
            joined = [
                one if after[:2] in {"= ", "+ "} or not after else f"{one},"
                for one, after in zip(pieces, [*pieces[1:], ""], strict=True)
            ]
            if named:
                yield Text(row[0], style=TITLE, overflow="fold")
            indent = _GAP if named else 0
            for line in packed(joined, room - indent):
                yield Text(" " * indent + line)


def _text(text: str, style: str = "") -> Text:
    """Text as it stands, never read as markup, and plain: colours are our own."""
    return Text(escaped(text), style=style, overflow="fold")
