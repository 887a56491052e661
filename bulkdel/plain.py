"""Text that may be foreign (file names, ids, providers' words) made plain for whoever looks at it.

A terminal obeys escape sequences, a bidirectional mark turns a line around, and what is invisible
makes two ids look like one. All of it is shown as escapes; letters of every script stay.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
"""Unicode categories that a terminal obeys, hides or cannot show."""
_NO_WIDTH: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""Marks and letters of other categories that take no room, or show as nothing."""
_OWN_COLOURS: Final = re.compile(r"(\x1b\[[0-9;]{0,20}m)")


class Page(str):
    """Text of several lines, laid out by us, whose foreign parts are plain already.

    Of control characters it may hold line feeds and our own colours. A text that is made from it
    (joined, cut) is no page any more, and is made plain like any other.
    """

    __slots__ = ()


def escaped(text: str) -> str:
    """`text` on one line, with nothing that a terminal would obey, hide or turn around."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def lines_escaped(text: str) -> str:
    """`text` with its line feeds; a `Page` also with its colours. All else as in `escaped`."""
    if not isinstance(text, Page):
        return "\n".join(map(escaped, text.split("\n")))
    parts = _OWN_COLOURS.split(text)
    return "".join(
        part if at % 2 else "\n".join(map(escaped, part.split("\n")))
        for at, part in enumerate(parts)
    )


def storable(text: str) -> str:
    """`text` as UTF-8 can hold it: a path that is no text is shown by escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def shape(text: str, *, letters: bool = True) -> str:
    """What a text looks like, and not what it says: letters as a, digits as 9, the rest as it is.

    Without `letters` only its digits are hidden.
    """
    kinds = (unicodedata.category(character)[0] for character in text)
    hidden = {"N": "9", "L": "a", "M": "a"} if letters else {"N": "9"}
    return "".join(hidden.get(kind, one) for kind, one in zip(kinds, text, strict=True))


def json_escaped(document: bytes) -> bytes:
    """JSON in UTF-8 with the same values and line feeds, and nothing else that hides or obeys."""
    if document.isascii() and b"\x7f" not in document:
        return document  # JSON itself escapes the other control characters
    return "".join(
        character if character == "\n" or not _hidden(character) else _as_json(character)
        for character in document.decode()
    ).encode()


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or character in _NO_WIDTH


def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if _hidden(character) else character


def _as_json(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
