"""What a row of a CSV or TSV file is, judged one record at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Quoting
from bulkdel.plan.input.chunk_rows import Judge
from bulkdel.plan.input.facts import BOM, Facts, open_bytes
from bulkdel.plan.input.file_bytes import Window
from bulkdel.plan.input.header import Header
from bulkdel.plan.input.records import (
    RAW_KEPT,
    Dialect,
    Record,
    extent_at,
    fields_of,
    lines_in,
    strip_end,
    width_fault,
)
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.sources import SourceFile

SEPARATOR: Final = b"\x1f"
"""Between the ids of a staged row: a control character, so it is in no valid id."""

STAGED: Final = Dialect(SEPARATOR, quotes=False)
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a row is in this job.

    Attributes:
        rules: what rows must keep to; its to_field is None where rows are accounts.
        refused: the column that the input must not have (the To field of a sweep's input).
        quoting: [input] quoting; None is each format's own.
    """

    rules: RowRules
    refused: str | None
    quoting: Quoting | None = None


def judge_of(header: Header, dialect: Dialect, rules: RowRules) -> Judge:
    """What is said of a record by itself, one that is not malformed; "" of a blank one."""
    names = [name.encode() for name in header.names]
    again = (names, [BOM + names[0], *names[1:]])

    def judge(record: bytes) -> str | tuple[bytes, ...]:
        body = strip_end(record)
        if not body:
            return ""
        fields = fields_of(body, dialect)
        if fault := width_fault(len(fields), header.width):
            return fault
        if not _is_utf8(body):
            return "not_utf8"
        if fields in again:
            return "repeated_header"
        ids = tuple(fields[at] for at in header.chosen)
        if not dialect.quotes:
            for account, at in zip(ids, header.chosen, strict=True):
                if account[:1] == account[-1:] == b'"':
                    return f"quoted: {header.names[at]}"
        return rules.row_fault(*ids) or ids

    return judge


def records_of(
    window: Window, header: Header, dialect: Dialect, rules: RowRules
) -> Iterator[Record]:
    """The records behind the header, one by one, without blank lines.

    Raises:
        Unclosed: the file ends inside quotes.
    """
    judge = judge_of(header, dialect, rules)
    at, line = header.end, header.lines + 1
    while at < window.size:
        _, end, fault = extent_at(window, at, dialect, header.width)
        lines = lines_in(window, at, end)
        raw = window.slice(at, end if fault is None else min(end, at + RAW_KEPT))
        if told := fault or judge(raw):
            yield Record(line, line + lines - 1, strip_end(raw), told)
        line += lines
        at = end


def staged_row(ids: tuple[bytes, ...]) -> bytes:
    """A valid row as a line of the simplest kind."""
    return SEPARATOR.join(ids) + b"\n"


def accounts_only(source: SourceFile, wanted: Wanted, where: str) -> WrongInput:
    """The refusal of pairs where accounts alone are taken."""
    return WrongInput(
        f"input.files {source.name}: {where} names {wanted.refused}, but delete_all_friends clears "
        "whole lists and takes accounts alone; set input.accounts_only = true if that is meant"
    )


def ensure_choice(source: SourceFile, quoting: Quoting | None) -> None:
    """WrongInput where the job says how quotes are read, of a format that leaves no choice."""
    if quoting is not None and source.format not in (Format.CSV, Format.TSV):
        raise WrongInput(
            f"input.quoting is set, but {source.name} is {source.format}; it is allowed only where "
            "every input file is csv or tsv"
        )


@contextmanager
def opened(source: SourceFile, facts: Facts) -> Iterator[BinaryIO]:
    """The unpacked bytes, after a byte order mark if there is one."""
    with open_bytes(facts.path, source.name) as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        yield file


def has_nul(source: SourceFile, facts: Facts) -> bool:
    """Whether the file's first MiB holds a NUL, as binary files do."""
    with opened(source, facts) as file:
        return b"\0" in file.read(_HEAD)


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
