"""Sentences and tables laid out as text of a given width, with or without colour."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bulkdel.plain import Page, escaped

NARROWEST = 80
"""Columns. Below this the terminal breaks our lines: better than a number that was cut."""
WIDEST = 120
"""Columns. Longer lines are hard to read."""

GOOD = "bold green"
BAD = "bold red"
TITLE = "bold"
DIM = "dim"


def words(text: str, style: str = "", *, indent: int = 0) -> RenderableType:
    """A paragraph. The text is never read as markup."""
    return Padding(_text(text, style), (0, 0, 0, indent))


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command to paste: never broken, however narrow the page is, since half of it is another."""

    text: str

    def __rich__(self) -> RenderableType:
        return _text(self.text)


def steps(next_steps: Iterable[tuple[str, str]]) -> Iterator[RenderableType]:
    """What to do next: words, and the command under them; a command may be empty."""
    for said, command in next_steps:
        yield words("")
        yield words(said, TITLE)
        if command:
            yield CommandLine(command)


def table(
    titles: Sequence[str], text_columns: Collection[str], rows: Iterable[Sequence[str]]
) -> RenderableType:
    """A table without lines, two blanks between the columns, indented by two.

    `text_columns` are the titles of those that hold text, which may break over lines; the others
    hold numbers, which stand to the right and are never broken.
    """
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=TITLE)
    for title in titles:
        drawn.add_column(
            _text(title),
            justify="left" if title in text_columns else "right",
            no_wrap=title not in text_columns,
            overflow="fold",
            vertical="top",
        )
    for row in rows:
        drawn.add_row(*map(_text, row))
    return Padding(drawn, (0, 0, 0, 2))


def facts(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """Names and what is to be said of them, one under the other; long ones go on under themselves.

    A column of its own for the names, so that the eye finds them.
    """
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(no_wrap=False, overflow="fold", max_width=24)
    drawn.add_column(overflow="fold")
    for name, text in rows:
        drawn.add_row(_text(name), _text(text))
    return Padding(drawn, (0, 0, 0, 2))


def page(parts: Iterable[RenderableType], width: int, *, colour: bool = False) -> Page:
    """The parts as text that ends with a newline; no line is longer than `width` or NARROWEST.

    Only a command's may be. Nothing is read from the environment.
    """
    room = max(NARROWEST, min(width, WIDEST))
    paper = io.StringIO()
    console = Console(
        file=paper,
        width=room,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for part in parts:
        if isinstance(part, CommandLine):
            paper.write(f"  {escaped(part.text)}\n")
        else:
            console.print(part)
    return Page("\n".join(line.rstrip() for line in paper.getvalue().split("\n")[:-1]) + "\n")


def _text(text: str, style: str = "") -> Text:
    """Text as it stands, never read as markup, and plain: colours are our own."""
    return Text(escaped(text), style=style, overflow="fold")
