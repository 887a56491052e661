"""HTML as a tree of elements: text is escaped because it is text, and needs no thinking of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree import ElementTree as ET  # it is only written here, nothing is parsed

from bulkdel.plain import escaped, lines_escaped

Child: TypeAlias = "ET.Element | str | None"


def el(tag: str, *children: Child, **attributes: str) -> ET.Element:
    """An element. `class_` is written `class`, and other underscores as dashes; None is left out.

    Text and attributes are made plain: control characters have no form in HTML.
    """
    made = ET.Element(
        tag,
        {name.rstrip("_").replace("_", "-"): escaped(value) for name, value in attributes.items()},
    )
    for child in children:
        add(made, child)
    return made


def add(parent: ET.Element, child: Child) -> None:
    """Append an element or text."""
    if child is None:
        return
    if isinstance(child, ET.Element):
        parent.append(child)
        return
    child = lines_escaped(child)
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child
    else:
        parent.text = (parent.text or "") + child


@dataclass(frozen=True, slots=True, kw_only=True)
class Col:
    """A column of a table; `words` stand to the left, numbers to the right."""

    title: str
    words: bool = False


def table(caption: str, columns: Sequence[Col], rows: Iterable[Sequence[str]]) -> ET.Element:
    """A table in a box that scrolls by itself, also with the keyboard, where it is too wide."""
    head = el("tr", *(el("th", one.title, scope="col", class_=_side(one)) for one in columns))
    body = el("tbody")
    for row in rows:
        cells = [el("td", cell, class_=_side(one)) for cell, one in zip(row, columns, strict=True)]
        body.append(el("tr", *cells))
    drawn = el("table", el("caption", caption), el("thead", head), body)
    return el("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=caption)


def written(page: ET.Element) -> bytes:
    """The whole document."""
    body: bytes = ET.tostring(page, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + body + b"\n"


def _side(column: Col) -> str:
    return "words" if column.words else "number"
