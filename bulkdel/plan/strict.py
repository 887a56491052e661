"""What a row is, judged one record at a time: the readers for files that are not plain."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.facts import BOM, Facts, open_bytes
from bulkdel.plan.header import Header, read_header
from bulkdel.plan.lines import Judge
from bulkdel.plan.records import LINE_CAP, Lines, Record, read_records, strip_end, width_fault
from bulkdel.plan.rules import RowRules
from bulkdel.plan.sources import SourceFile

SEPARATOR: Final = b"\x1f"
"""Between the ids of a staged row: a control character, so it is in no valid id."""

DELIMITERS: Final = {Format.CSV: b",", Format.TSV: b"\t"}
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a row is in this job.

    Attributes:
        rules: what rows must keep to; its to_field is None where rows are accounts.
        refused: the column that the input must not have (the To field of a sweep's input).
    """

    rules: RowRules
    refused: str | None


def judge_of(header: Header, delimiter: bytes, rules: RowRules) -> Judge:
    """What the strict reader says of a line by itself."""

    def judge(line: bytes) -> str | None:
        body = strip_end(line)
        if not body:
            return ""
        if b'"' not in line and len(line) <= LINE_CAP and body.count(delimiter) + 1 != header.width:
            return width_fault(body.count(delimiter) + 1, header.width)
        record = next(
            read_records(
                Lines(io.BytesIO(line)), delimiter, width=header.width, whole=header.chosen
            ),
            None,
        )
        if record is None:
            return ""
        return record.fault or _ids_fault(record, header, rules)

    return judge


def _ids_fault(record: Record, header: Header, rules: RowRules) -> str | None:
    ids = [record.fields[at] for at in header.chosen]
    return rules.row_fault(ids[0], ids[1] if len(ids) > 1 else None)


def judged(
    source: SourceFile, facts: Facts, wanted: Wanted
) -> Iterator[tuple[Record, bytes | str]]:
    """Each record with its row as it is staged, or the reason why it is rejected."""
    header = header_of(source, facts, wanted)
    delimiter = DELIMITERS[source.format]
    first, other = header.from_at, header.to_at
    rules = wanted.rules
    with opened(source, facts) as file:
        lines = Lines(file)
        for _ in range(header.lines):
            lines.next()
        for record in read_records(lines, delimiter, width=header.width, whole=header.chosen):
            if record.fault is not None:
                yield record, record.fault
            elif not _is_utf8(record.raw):
                yield record, "not_utf8"
            else:
                from_id = record.fields[first]
                to_id = None if other is None else record.fields[other]
                yield record, rules.row_fault(from_id, to_id) or staged_row(from_id, to_id)


def staged_row(from_id: bytes, to_id: bytes | None) -> bytes:
    """A valid row as a line of the simplest kind."""
    return from_id + b"\n" if to_id is None else from_id + SEPARATOR + to_id + b"\n"


def header_of(source: SourceFile, facts: Facts, wanted: Wanted) -> Header:
    """The file's header; WrongInput where it lacks a column, or names one that it must not."""
    with opened(source, facts) as file:
        header = read_header(
            file,
            source.name,
            DELIMITERS[source.format],
            wanted.rules.from_field,
            wanted.rules.to_field,
        )
    if wanted.refused is not None and wanted.refused in header.names:
        raise accounts_only(source, wanted, "its header")
    return header


def accounts_only(source: SourceFile, wanted: Wanted, where: str) -> WrongInput:
    """The refusal of pairs where accounts alone are taken."""
    return WrongInput(
        f"input.files {source.name}: {where} names {wanted.refused}, but delete_all_friends clears "
        "whole lists and takes accounts alone; set input.accounts_only = true if that is meant"
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
