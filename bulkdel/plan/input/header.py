"""The header of a CSV or TSV file: which column is which, found by name in each file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from bulkdel.errors import WrongInput
from bulkdel.plan.input.facts import BOM
from bulkdel.plan.input.file_bytes import Window
from bulkdel.plan.input.records import Dialect, Unclosed, extent_at, fields_of, lines_in, strip_end

HEADER_MOST: Final = 1 << 20
"""Bytes that a header may have."""

_SHOWN_MOST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A file's columns.

    Attributes:
        text: the header as it stands in the file, without its line end.
        lines: how many lines it takes, with blank ones before it.
        end: the byte behind it.
        to_at: None where only accounts are wanted.
    """

    names: tuple[str, ...]
    text: str
    lines: int
    end: int
    from_at: int
    to_at: int | None

    @property
    def width(self) -> int:
        """Fields that every record must have."""
        return len(self.names)

    @property
    def chosen(self) -> tuple[int, ...]:
        """Positions of From, or of From and To."""
        return (self.from_at,) if self.to_at is None else (self.from_at, self.to_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first record of a file that is not blank; its attributes are those of Header."""

    names: tuple[str, ...]
    text: str
    lines: int
    end: int


def read_header(
    window: Window, name: str, dialect: Dialect, from_field: str, to_field: str | None
) -> Header:
    """Reads the header of the file `name`.

    Raises:
        WrongInput: binary, no header, a name twice, a column missing.
    """
    head = read_head(window, name, dialect)
    twice = [column for column, count in Counter(head.names).items() if count > 1 and column]
    if twice:
        raise WrongInput(f"input.files {name}: the header names {twice[0]!r} more than once")
    return Header(
        names=head.names,
        text=head.text,
        lines=head.lines,
        end=head.end,
        from_at=column_at(head.names, from_field, name, "from_field"),
        to_at=None if to_field is None else column_at(head.names, to_field, name, "to_field"),
    )


def read_head(window: Window, name: str, dialect: Dialect) -> Head:
    """The columns of the file `name`, whatever they are; a byte order mark is looked past.

    Raises:
        WrongInput: binary, or no header that can be read.
    """
    at = len(BOM) if window.slice(0, len(BOM)) == BOM else 0
    lines = 0
    body = b""
    while not body:
        if at >= window.size:
            raise WrongInput(f"input.files {name}: there is no header and no row in it")
        try:
            found = extent_at(window, at, dialect, None)
        except Unclosed as exc:
            if b"\0" in window.slice(at, at + HEADER_MOST):
                raise _binary(name) from exc
            raise unclosed(window, name, exc) from exc
        if b"\0" in window.slice(at, min(found.end, at + HEADER_MOST)):
            raise _binary(name)
        if found.fault is not None or found.end - at > HEADER_MOST:
            fault = found.fault or f"it is longer than {HEADER_MOST:,} bytes"
            raise WrongInput(f"input.files {name}: its header cannot be read ({fault})")
        record = window.slice(at, found.end)
        body = strip_end(record)
        lines += lines_in(window, at, found.end)
        at = found.end
    try:
        names = tuple(field.decode() for field in fields_of(body, dialect))
    except UnicodeDecodeError as exc:
        raise WrongInput(f"input.files {name}: its header is not UTF-8 text") from exc
    return Head(names=names, text=body.decode(), lines=lines, end=at)


def unclosed(window: Window, name: str, found: Unclosed) -> WrongInput:
    """The refusal of a file that ends inside quotes, naming the line where they open."""
    line = window.count(b"\n", 0, found.at) + 1
    return WrongInput(
        f"input.files {name}: the quote that opens in line {line:,} is never closed; mend that "
        'line, or set input.quoting = "none" where a quotation mark is a character'
    )


def _binary(name: str) -> WrongInput:
    return WrongInput(f"input.files {name}: is a binary file, not text with a header")


def column_at(names: tuple[str, ...], field: str, file: str, key: str) -> int:
    """Where the column `field` stands; WrongInput with the columns there are."""
    if field in names:
        return names.index(field)
    shown = ", ".join(repr(name[:60]) for name in names[:_SHOWN_MOST])
    more = ", …" if len(names) > _SHOWN_MOST else ""
    raise WrongInput(
        f"input.files {file}: there is no column {field!r}; it has {shown}{more}. "
        f"Set input.{key} to the right one"
    )
