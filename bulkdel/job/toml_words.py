"""What the parser of TOML says, in the words of a person who writes a job file. Pure."""

from __future__ import annotations

import re
from typing import Final

from bulkdel.job.shown import looks_like_a_secret

_PLACE: Final = re.compile(r"(?P<what>.*) \(at (?P<where>[^()]*)\)", re.DOTALL)
_LINE_AND_COLUMN: Final = re.compile(r"line (\d+), column (\d+)")
_CURLY: Final = frozenset("\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb\uff02")
_TRUTHS: Final = re.compile(r"(?i:true|false|yes|no|on|off|none|null)\b")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]{1,40})\s*=")
_QUOTES: Final = "a text needs quotes around it"

_WORDS: Final = (
    ("Unterminated string", "a text is not closed", 'write a " at its end'),
    ("Illegal character '\\n'", "a text is not closed on its line", 'write a " at its end'),
    ("Illegal character", "a control character stands in it", "remove it"),
    (
        "Expected '='",
        "there is no = behind the key",
        "write KEY = VALUE, or [TABLE] for a heading",
    ),
    (
        "Expected newline",
        "something stands behind the value",
        "write one key a line, numbers without commas, texts in quotes",
    ),
    (
        "Invalid initial character",
        "no key begins so",
        "a line is KEY = VALUE, a heading such as [input], or begins with #",
    ),
    (
        "Invalid statement",
        "no line begins so",
        "a line is KEY = VALUE, a heading such as [input], or begins with #",
    ),
    ("Expected ']", "a heading is not closed", "write ] at its end"),
    ("Unclosed array", "a list is not closed", "write ] at its end, and commas between its texts"),
    ("Unclosed inline table", "a table in braces is not closed", "write } at its end"),
    ("Cannot declare", "this heading stands there twice", "write its keys under one"),
    ("Cannot redefine", "a table stands there twice", "write its keys under one heading"),
    ("Cannot mutate", "a table stands there twice", "write its keys under one heading"),
    ("Duplicate inline", "a key stands there twice", "leave one of them"),
    ("Invalid date", "that is no date and no number", _QUOTES),
)
"""How the parser's sentence begins; what it means; what to do."""
_ESCAPES: Final = ("Invalid hex value", "Unescaped '\\'", "Escaped character")


def toml_fault(message: str, text: str) -> tuple[str, str]:
    """Where and why `text` is no TOML, and what to do. No value of it is shown.

    Args:
        message: of the parser.
        text: what it was given.
    """
    place = _PLACE.fullmatch(message)
    what, where = (place["what"], place["where"]) if place else (message, "end of document")
    lines = text.split("\n")
    if not (at := _LINE_AND_COLUMN.fullmatch(where)):
        where = f"line {len(lines)}, column {len(lines[-1]) + 1}"
    line = lines[int(at[1]) - 1] if at else ""
    words, mend = _in_words(what, line, line[int(at[2]) - 1 :] if at else "")
    return f"not valid TOML at {where}: {words}", mend


def _in_words(what: str, line: str, rest: str) -> tuple[str, str]:
    """The fault and what to do, where the parser stopped in `line` before `rest`."""
    if rest[:1] in _CURLY and rest:
        return f"a curly quotation mark, {rest[0]}", 'type the straight one, "'
    if what.startswith(_ESCAPES):
        return (
            "a backslash between double quotes stands for something else",
            "write / in paths, or the text between single quotes: 'C:\\exports\\pairs.csv'",
        )
    if what == "Invalid value":
        truth = "write true or false, in small letters, or leave the key out"
        return "this is no value", truth if _TRUTHS.match(rest) else _QUOTES
    if what.startswith("Cannot overwrite"):
        key = _KEY.match(line)
        name = key[1] if key and not looks_like_a_secret(key[1]) else "a key"
        return f"{name} stands there twice", "leave one of them"
    known = ((words, mend) for begins, words, mend in _WORDS if what.startswith(begins))
    return next(known, (what, ""))
