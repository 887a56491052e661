"""What can be no account id, and what is hardly the id that was meant. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from bulkdel.job.keys import ACCOUNT_MOST_BYTES
from bulkdel.job.shown import shown_text
from bulkdel.providers.protocol import IdRule

_UNSEEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters without ink that Unicode does not count among format characters."""
_QUOTES: Final = frozenset(
    "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\uff02\uff07"
)
_COMMENTS: Final = ("#", "//", "/*", "--", "<!--")
_SEPARATORS: Final = frozenset(",;|\u060c\u3001\uff0c\uff1b\uff5c")
_EXPORTED: Final = re.compile(r"\\N|NULL|[0-9][.,][0-9]+[eE]\+[0-9]+")


def is_invisible(character: str) -> bool:
    """Whether it takes no ink and is no blank: zero-width, a byte order mark, a filler."""
    return unicodedata.category(character) in {"Cf", "Zl", "Zp"} or character in _UNSEEN


def id_fault(text: str) -> str:
    """Why `text`, written in a job file, can be no account id or is hardly the one meant.

    A predicate, "is longer than …"; empty where it may be one. Blanks at its ends may belong to it.
    """
    if fault := _impossible(text):
        return fault
    for character in (text[0], text[-1]):
        if is_invisible(character):
            return f"begins or ends with an invisible character ({_escaped(character)})"
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        return "holds quotation marks at both ends"
    return ""


def line_fault(line: str, *, fields: Collection[str] = (), rules: Collection[IdRule] = ()) -> str:
    """Why a line of a protect file is not taken as an account id; empty where it is.

    Stricter than `id_fault`, since nobody looks at each line of a file: what may be more than one
    id, or a remark, is no id here.

    Args:
        line: without its line end, not blank.
        fields: the names of the input's columns.
        rules: the targets' own; an id must keep to one of them, if there are any.
    """
    text = line.strip()
    if fault := _impossible(line) or rule_fault(text, rules):
        return fault
    if oddity := next(_oddities(text, fields), ""):
        return oddity if id_fault(text) else f"{oddity}; if it is an id, name it in guards.protect"
    return ""


def _oddities(text: str, fields: Collection[str]) -> Iterator[str]:
    if unseen := next(filter(is_invisible, text), ""):
        yield f"holds an invisible character ({_escaped(unseen)})"
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        yield "begins or ends with a quotation mark: ids stand in a file without"
    if text.startswith(_COMMENTS):
        yield "looks like a comment, which such a file has none of"
    if between := next((one for one in text if one in _SEPARATORS or one.isspace()), ""):
        name = "a blank" if between.isspace() else shown_text(between)
        yield f"holds {name} and may be more than one id: write one a line"
    if text in fields:
        yield "is the name of a column of the input: leave the header out"
    if _EXPORTED.fullmatch(text):
        yield "looks like what an export made of an id"


def rule_fault(text: str, rules: Collection[IdRule]) -> str:
    """Why no target has such an id, so that it would protect nobody; empty where one may."""
    if not rules or any(re.fullmatch(rule.pattern, text) for rule in rules):
        return ""
    return f"can be no id of any target: {'; '.join(dict.fromkeys(one.words for one in rules))}"


def _impossible(text: str) -> str:
    if not text.strip():
        return "is empty"
    if control := next((one for one in text if unicodedata.category(one) == "Cc"), ""):
        return f"holds {_CONTROLS.get(control, f'a control character ({_escaped(control)})')}"
    size = len(text.strip().encode())
    if size > ACCOUNT_MOST_BYTES:
        return f"is {size} bytes long: an id has at most {ACCOUNT_MOST_BYTES}"
    return ""


_CONTROLS: Final = {
    "\r": "a carriage return: each line must end with a line feed, LF or CRLF",
    "\t": "a TAB: write one id a line and nothing else",
    "\0": "a NUL byte: save it as UTF-8 text",
}


def _escaped(character: str) -> str:
    return f"U+{ord(character):04X}"
