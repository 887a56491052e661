"""Input files → valid rows that DuckDB can scan, with everything else in rejects.jsonl.

A plain file (see Facts.plain) is scanned where it is: DuckDB's reader, told everything and left to
guess nothing, is as fast as it gets. The count of its valid rows must come to the number of lines;
if it does not, the file's lines are read once more in Python to find the rejects, and only those.
Every other file goes through the strict readers, which leave their valid rows in a file of the
simplest kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan import duck
from bulkdel.plan.facts import BOM, Facts, open_bytes
from bulkdel.plan.header import Header, read_header
from bulkdel.plan.jsonl import ToColumnFound, read_rows
from bulkdel.plan.parquet import parquet_scan
from bulkdel.plan.records import Lines, Record, read_records
from bulkdel.plan.rejects import RejectsFile, file_name
from bulkdel.plan.rules import RowRules
from bulkdel.plan.sources import SourceFile

_SEPARATOR = b"\x1f"  # a control character: it is in no valid id
_BUFFER = 1 << 20
_DELIMITERS = {Format.CSV: b",", Format.TSV: b"\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a row is in this job.

    Attributes:
        rules: what rows must keep to; its to_field is None where rows are accounts.
        refused: the column that the input must not have (the To field of a sweep's input).
    """

    rules: RowRules
    refused: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Rows for DuckDB: `sql` gives the columns f and t (f alone for accounts), valid rows only.

    Attributes:
        rows: how many rows the file has, rejected ones among them; None if the file was read by
            a strict reader, which has rejected what is to reject.
        valid: how many valid rows there are, where that is known before the scan.
    """

    source: SourceFile
    facts: Facts
    sql: str
    rows: int
    valid: int | None


def take_in(
    con: duck.Connection,
    source: SourceFile,
    facts: Facts,
    *,
    wanted: Wanted,
    rejects: RejectsFile,
    staged: Path,
) -> Scan:
    """The rows of one file; those that cannot be sent are in `rejects` or are counted later.

    Args:
        con: where Parquet files are looked into.
        source: the file.
        facts: of the file.
        wanted: what a row is.
        rejects: takes the rejects of a file that is read here.
        staged: a free name for the valid rows of a file that is read here.
    """
    match source.format:
        case Format.PARQUET:
            return _parquet(con, source, facts, wanted=wanted, rejects=rejects)
        case Format.JSONL:
            return _read_jsonl(source, facts, wanted=wanted, rejects=rejects, staged=staged)
        case Format.CSV | Format.TSV:
            header = _header(source, facts, wanted)
            if facts.plain and header.line == 1:
                return _plain_scan(source, facts, header, wanted)
            return read_strictly(source, facts, wanted=wanted, rejects=rejects, staged=staged)


def read_strictly(
    source: SourceFile, facts: Facts, *, wanted: Wanted, rejects: RejectsFile, staged: Path
) -> Scan:
    """Reads a CSV or TSV file record by record; `staged` gets the valid rows."""
    before = rejects.count
    valid = 0
    with staged.open("wb", buffering=_BUFFER) as out:
        out.write(b"rows\n")
        for record, row in _judged(source, facts, wanted):
            if isinstance(row, str):
                rejects.add(file_name(source.name), record.line, row, record.raw)
            else:
                out.write(row)
                valid += 1
    rows = valid + rejects.count - before
    return Scan(source=source, facts=facts, sql=_staged_sql(staged, wanted), rows=rows, valid=valid)


def reject_lines(source: SourceFile, facts: Facts, *, wanted: Wanted, rejects: RejectsFile) -> int:
    """Finds the rejects of a plain file and writes them; answers how many."""
    before = rejects.count
    name = file_name(source.name)
    for record, row in _judged(source, facts, wanted):
        if isinstance(row, str):
            rejects.add(name, record.line, row, record.raw)
    return rejects.count - before


def _judged(
    source: SourceFile, facts: Facts, wanted: Wanted
) -> Iterator[tuple[Record, bytes | str]]:
    """Each record with its row as it is staged, or the reason why it is rejected."""
    header = _header(source, facts, wanted)
    delimiter = _DELIMITERS[source.format]
    first, other = header.from_at, header.to_at
    whole = (first,) if other is None else (first, other)
    rules = wanted.rules
    with _opened(source, facts) as file:
        lines = Lines(file)
        for _ in range(header.lines):
            lines.next()
        for record in read_records(lines, delimiter, width=header.width, whole=whole):
            if record.fault is not None:
                yield record, record.fault
            elif not facts.utf8 and not _is_utf8(record.raw):
                yield record, "not_utf8"
            else:
                from_id = record.fields[first]
                to_id = None if other is None else record.fields[other]
                yield record, rules.row_fault(from_id, to_id) or _staged_row(from_id, to_id)


def _read_jsonl(
    source: SourceFile, facts: Facts, *, wanted: Wanted, rejects: RejectsFile, staged: Path
) -> Scan:
    rules = wanted.rules
    name = file_name(source.name)
    before = rejects.count
    valid = 0
    with _opened(source, facts) as file, staged.open("wb", buffering=_BUFFER) as out:
        out.write(b"rows\n")
        rows = read_rows(Lines(file), rules.from_field, rules.to_field, refuse=wanted.refused)
        try:
            for record in rows:
                fault = record.fault
                if fault is None:
                    from_id = record.fields[0]
                    to_id = record.fields[1] if rules.to_field is not None else None
                    fault = rules.row_fault(from_id, to_id)
                    if fault is None:
                        out.write(_staged_row(from_id, to_id))
                        valid += 1
                        continue
                rejects.add(name, record.line, fault, record.raw)
        except ToColumnFound as exc:
            raise _accounts_only(source, wanted, f"line {exc.line}") from exc
    if not valid and facts.controls and not facts.utf8:
        raise WrongInput(f"input.files {source.name}: is a binary file, not {source.format}")
    rejected = rejects.count - before
    return Scan(
        source=source,
        facts=facts,
        sql=_staged_sql(staged, wanted),
        rows=valid + rejected,
        valid=valid,
    )


def _parquet(
    con: duck.Connection,
    source: SourceFile,
    facts: Facts,
    *,
    wanted: Wanted,
    rejects: RejectsFile,
) -> Scan:
    rules = wanted.rules
    found = parquet_scan(con, source, rules.from_field, rules.to_field)
    if wanted.refused is not None and wanted.refused in found.columns:
        raise _accounts_only(source, wanted, "its columns")
    predicate = rules.sql(controls=True)
    before = rejects.count
    name = file_name(source.name)
    bad = con.execute(
        f"SELECT * FROM ({found.sql}) WHERE NOT coalesce({predicate}, false) ORDER BY n"  # noqa: S608 - no values but our own
    )
    while rows := bad.fetchmany(1000):
        for number, *values in rows:
            raw = dict(zip((rules.from_field, rules.to_field or ""), values, strict=False))
            missing = next((key for key, value in raw.items() if value is None), None)
            fault = f"empty: {missing}" if missing is not None else None
            if fault is None:
                encoded = [value.encode() for value in values]
                fault = rules.row_fault(encoded[0], encoded[1] if len(encoded) > 1 else None)
            rejects.add(name, number + 1, fault or "invalid", orjson.dumps(raw))
    columns = "f" if rules.to_field is None else "f, t"
    sql = f"SELECT {columns} FROM ({found.sql}) WHERE {predicate}"  # noqa: S608 - no values but our own
    valid = found.rows - (rejects.count - before)
    return Scan(source=source, facts=facts, sql=sql, rows=found.rows, valid=valid)


def _plain_scan(source: SourceFile, facts: Facts, header: Header, wanted: Wanted) -> Scan:
    names = [f"c{at}" for at in range(header.width)]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    chosen = f"c{header.from_at} AS f"
    if header.to_at is not None:
        chosen += f", c{header.to_at} AS t"
    options = _csv_options(_DELIMITERS[source.format], facts.uniform)
    # ignore_errors: a line of the wrong shape is missing from the count, and then looked for.
    sql = (
        f"SELECT * FROM (SELECT {chosen} FROM read_csv({duck.file_literal(facts.path)}, "  # noqa: S608 - no values but our own
        f"columns = {{{columns}}}, force_not_null = {names}, ignore_errors = true, {options})) "
        f"WHERE {wanted.rules.sql(controls=facts.controls)}"
    )
    rows = facts.lines - facts.blank - 1
    return Scan(source=source, facts=facts, sql=sql, rows=rows, valid=None)


def _staged_sql(staged: Path, wanted: Wanted) -> str:
    names = ["f"] if wanted.rules.to_field is None else ["f", "t"]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    options = _csv_options(_SEPARATOR, "\n")
    return (
        f"SELECT * FROM read_csv({duck.file_literal(staged)}, columns = {{{columns}}}, "  # noqa: S608 - no values but our own
        f"force_not_null = {names}, ignore_errors = false, {options})"
    )


def _csv_options(delimiter: bytes, line_end: str) -> str:
    """Everything said, nothing sniffed; no quotes, since a file with quotes never comes here."""
    shown = line_end.replace("\r", "\\r").replace("\n", "\\n")
    return (
        f"auto_detect = false, header = false, skip = 1, delim = '{delimiter.decode()}', "
        f"quote = '', escape = '', comment = '', new_line = '{shown}', null_padding = false, "
        "strict_mode = true, encoding = 'utf-8'"
    )


def _staged_row(from_id: bytes, to_id: bytes | None) -> bytes:
    return from_id + b"\n" if to_id is None else from_id + _SEPARATOR + to_id + b"\n"


def _header(source: SourceFile, facts: Facts, wanted: Wanted) -> Header:
    with _opened(source, facts) as file:
        header = read_header(
            file,
            source.name,
            _DELIMITERS[source.format],
            wanted.rules.from_field,
            wanted.rules.to_field,
        )
    if wanted.refused is not None and wanted.refused in header.names:
        raise _accounts_only(source, wanted, "its header")
    return header


def _accounts_only(source: SourceFile, wanted: Wanted, where: str) -> WrongInput:
    return WrongInput(
        f"input.files {source.name}: {where} names {wanted.refused}, but delete_all_friends clears "
        "whole lists and takes accounts alone; set input.accounts_only = true if that is meant"
    )


@contextmanager
def _opened(source: SourceFile, facts: Facts) -> Iterator[BinaryIO]:
    """The unpacked bytes, after a byte order mark if there is one."""
    with open_bytes(facts.path, source.name) as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        yield file


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
