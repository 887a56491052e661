"""The header of a CSV or TSV file: which column is which, found by name in each file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from bulkdel.errors import WrongInput
from bulkdel.plan.records import Lines, read_records

_SHOWN_MOST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A file's columns.

    `line` is where the header begins, `lines` how many it takes with blank ones before it; `to_at`
    is None where only accounts are wanted.
    """

    names: tuple[str, ...]
    line: int
    lines: int
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


def read_header(
    file: BinaryIO, name: str, delimiter: bytes, from_field: str, to_field: str | None
) -> Header:
    """Reads the header of the file `name`, standing at its first byte (after any BOM).

    Raises:
        WrongInput: binary, no header, a name twice, a column missing.
    """
    record = next(read_records(Lines(file), delimiter, width=None, whole=()), None)
    if record is None:
        raise WrongInput(f"input.files {name}: there is no header and no row in it")
    if b"\0" in record.raw or record.fault == "line_too_long":
        raise WrongInput(f"input.files {name}: is a binary file, not text with a header")
    if record.fault is not None:
        raise WrongInput(f"input.files {name}: its header cannot be read ({record.fault})")
    try:
        names = tuple(field.decode() for field in record.fields)
    except UnicodeDecodeError as exc:
        raise WrongInput(f"input.files {name}: its header is not UTF-8 text") from exc
    twice = [column for column, count in Counter(names).items() if count > 1 and column]
    if twice:
        raise WrongInput(f"input.files {name}: the header names {twice[0]!r} more than once")
    return Header(
        names=names,
        line=record.line,
        lines=record.line + record.raw.count(b"\n"),
        from_at=column_at(names, from_field, name, "from_field"),
        to_at=None if to_field is None else column_at(names, to_field, name, "to_field"),
    )


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
