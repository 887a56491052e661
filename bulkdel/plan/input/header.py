"""The header of a CSV or TSV file: which column is which, found by name in each file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from bulkdel.plan.input.facts import BOM
from bulkdel.plan.input.file_bytes import FileBytes
from bulkdel.plan.input.header_words import Wanted, lacking
from bulkdel.plan.input.kinds import EXPORT_AGAIN
from bulkdel.plan.input.records import (
    Dialect,
    UnclosedQuote,
    extent_at,
    fields_of,
    lines_in,
    strip_end,
)
from bulkdel.plan.input.sources import WrongFile

HEADER_MOST: Final = 1 << 20
"""Bytes that a header may have."""

_HEADER: Final = (
    "write the names of the columns without quotation marks, or each between two of them"
)
_TEXT: Final = "save it as UTF-8 text, or name another file"
_TWICE: Final = "give each column a name of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first record of a file that is not blank.

    Attributes:
        names: of the columns.
        text: the header as it stands in the file, without its line end.
        lines: how many lines it takes, with blank ones before it.
        end: the byte behind it.
    """

    names: tuple[str, ...]
    text: str
    lines: int
    end: int


def read_header(content: FileBytes, name: str, dialect: Dialect) -> Header:
    """The header of the file `name`, whatever its columns are; a byte order mark is looked past.

    Raises:
        WrongInput: binary, or no header that can be read.
    """
    at = len(BOM) if content.slice(0, len(BOM)) == BOM else 0
    lines = 0
    body = b""
    while not body:
        if at >= content.size:
            raise WrongFile(name, "there is no header and no row in it", EXPORT_AGAIN)
        try:
            extent = extent_at(content, at, dialect, None)
        except UnclosedQuote as exc:
            if b"\0" in content.slice(at, at + HEADER_MOST):
                raise _binary(name) from exc
            raise unclosed_quote(content, name, exc) from exc
        if b"\0" in content.slice(at, min(extent.end, at + HEADER_MOST)):
            raise _binary(name)
        if extent.fault is not None or extent.end - at > HEADER_MOST:
            fault = extent.fault or f"it is longer than {HEADER_MOST:,} bytes"
            raise WrongFile(name, f"its header cannot be read ({fault})", _HEADER)
        record = content.slice(at, extent.end)
        body = strip_end(record)
        lines += lines_in(content, at, extent.end)
        at = extent.end
    try:
        names = tuple(field.decode() for field in fields_of(body, dialect))
    except UnicodeDecodeError as exc:
        raise WrongFile(name, "its header is not UTF-8 text", "save it as UTF-8") from exc
    return Header(names=names, text=body.decode(), lines=lines, end=at)


def unclosed_quote(content: FileBytes, name: str, quote: UnclosedQuote) -> WrongFile:
    """The refusal of a file that ends inside quotes, naming the line where they open."""
    line = content.count(b"\n", 0, quote.at) + 1
    return WrongFile(
        name,
        f"the quote that opens in line {line:,} is never closed",
        'correct that line, or set input.quoting = "none" where a quotation mark is a character',
    )


def _binary(name: str) -> WrongFile:
    return WrongFile(name, "is a binary file, not text with a header", _TEXT)


def choose_columns(names: tuple[str, ...], file: str, wanted: Wanted) -> tuple[int, ...]:
    """Where From, or From and To stand among the columns `names`.

    Raises:
        WrongInput: a name stands there twice, or a column is missing; the columns are named.
    """
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        raise WrongFile(file, f"the header names {repeated[0]!r} more than once", _TWICE)
    if any(field not in names for field in wanted.fields):
        raise WrongFile(file, *lacking(names, wanted))
    return tuple(names.index(field) for field in wanted.fields)
