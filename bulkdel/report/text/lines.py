"""Text in lines of so many columns, as a terminal counts them: a letter may take two, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells


def wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most `room` columns.

    A word is broken only where it alone is longer. What stands in `backticks` stays on one line
    where it fits: half of a command must not be pasted.
    """
    words: list[str] = []
    for piece in text.split(" "):
        if words and words[-1].count("`") % 2:
            words[-1] += f" {piece}"
        else:
            words.append(piece)
    if words[-1].count("`") % 2:
        words[-1:] = words[-1].split(" ")
    return packed(words, room)


def cut(text: str, room: int) -> str:
    """The text in `room` columns at most, with dots where there was more."""
    if cell_len(text) <= room:
        return text
    return (chop_cells(text, max(1, room - 3)) or [""])[0] + "..."


def beside(text: str, room: int, *, right: bool = False) -> str:
    """The text with blanks after it (or before it, to the `right`) to fill `room` columns."""
    blanks = " " * (room - cell_len(text))
    return blanks + text if right else text + blanks


def packed(pieces: Iterable[str], room: int) -> list[str]:
    """The pieces with a blank between them, in lines; one is broken only where it fills a line."""
    lines = [""]
    for piece in pieces:
        for part in [piece] if cell_len(piece) <= room else _broken(piece, room):
            both = f"{lines[-1]} {part}" if lines[-1] else part
            if not lines[-1] or cell_len(both) <= room:
                lines[-1] = both
            else:
                lines.append(part)
    return lines


def _broken(piece: str, room: int) -> Iterator[str]:
    for word in piece.split(" "):
        yield from chop_cells(word, room) if cell_len(word) > room else (word,)
