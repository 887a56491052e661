"""The head of an input file, read as the plan would read it: is this what is meant?"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import orjson

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Job
from bulkdel.plan.facts import BOM, open_bytes
from bulkdel.plan.header import read_header
from bulkdel.plan.jsonl import ToColumnFound, read_rows
from bulkdel.plan.parquet import open_parquet
from bulkdel.plan.records import Lines, Record, read_records
from bulkdel.plan.rules import RowRules, rules_of
from bulkdel.plan.sources import SourceFile
from bulkdel.plan.unpack import unpack
from bulkdel.words import Operation

HEAD_BYTES: Final = 1 << 18
"""Bytes of a file that are looked at, unpacked."""
_CHUNK: Final = 1 << 16
_PARQUET_ROWS: Final = 1000
_SHOWN_COLUMNS: Final = 1000
_DELIMITERS: Final = {Format.CSV: b",", Format.TSV: b"\t"}
_BINARY: Final = (
    b"PAR1",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"PK\x03\x04",
    b"\xff\xfe",
    b"\xfe\xff",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the head of a file says.

    Attributes:
        rows: how many were looked at.
        bad: how many of them would be rejected.
        first_bad: physical line and reason of the first of those.
        pair: the first good row; its To is None where rows are accounts.
        rows_about: rows of the whole file: counted if `whole`, else estimated from its size.
        id_bytes: bytes of a good row's ids, on average.
    """

    rows: int
    bad: int
    first_bad: tuple[int, str] | None
    pair: tuple[str, str | None] | None
    rows_about: int
    whole: bool
    id_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """Whole lines from a file's beginning; `share` is how much of the file they are, 0…1."""

    content: bytes
    share: float


def sample_of(job: Job, source: SourceFile) -> Sample:
    """The head of `source`, judged by the rules of all targets of `job`.

    Raises:
        WrongInput: it cannot be read, a column is missing, or it is not what its format says.
    """
    pairs = job.operation is Operation.DELETE_FRIENDS
    rules = rules_of(job, pairs=pairs)
    refused = None if pairs or job.input.accounts_only else job.input.to_field
    if source.format is Format.PARQUET:
        return _of_parquet(source, rules, refused)
    head = _head_of(source)
    try:
        return _fold(_records(source, head, rules, refused), rules, head.share)
    except ToColumnFound as found:
        raise _accounts_alone(source, refused, f"line {found.line}") from found


def columns_of(source: SourceFile) -> tuple[str, ...]:
    """The columns of a file, or the keys of its first JSON object, in their order.

    Raises:
        WrongInput: it cannot be read as what its suffix says.
    """
    if source.format is Format.PARQUET:
        with open_parquet(source, source.path) as found:
            return found.columns
    content = _head_of(source).content
    if source.format is Format.JSONL:
        return _keys(content, source)
    record = next(
        read_records(Lines(io.BytesIO(content)), _DELIMITERS[source.format], width=None, whole=()),
        None,
    )
    if record is None or record.fault:
        raise WrongInput(f"input.files {source.name}: its header cannot be read")
    return tuple(field.decode("utf-8", "replace") for field in record.fields[:_SHOWN_COLUMNS])


def _keys(content: bytes, source: SourceFile) -> tuple[str, ...]:
    first = next((line for line in content.splitlines() if line.strip()), b"")
    try:
        found = orjson.loads(first)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise WrongInput(f"input.files {source.name}: its first line is no JSON object")
    return tuple(found)[:_SHOWN_COLUMNS]


def _head_of(source: SourceFile) -> _Head:
    pieces: list[bytes] = []
    size = 0
    with open_bytes(source.path, source.name) as raw:
        try:
            whole = raw.seek(0, io.SEEK_END)
            raw.seek(0)
            chunks = unpack(raw, source) if source.packing else iter(lambda: raw.read(_CHUNK), b"")
            for piece in chunks:
                pieces.append(piece)
                size += len(piece)
                if size >= HEAD_BYTES:
                    break
            read = raw.tell()
        except OSError as error:
            raise WrongInput(
                f"input.files {source.name}: cannot be read ({error.strerror})"
            ) from error
    content = b"".join(pieces)
    if not content:
        raise WrongInput(f"input.files {source.name}: the file is empty")
    if content.startswith(_BINARY):
        raise WrongInput(
            f"input.files {source.name}: is not {source.format} text in UTF-8: packed, binary, or "
            "UTF-16"
        )
    if size < HEAD_BYTES:
        return _Head(content=content.removeprefix(BOM), share=1.0)
    content = content[:HEAD_BYTES]
    lines = content[: content.rfind(b"\n") + 1]
    share = min(1.0, read / whole) * len(lines) / size
    return _Head(content=lines.removeprefix(BOM), share=share)


def _records(
    source: SourceFile, head: _Head, rules: RowRules, refused: str | None
) -> Iterator[Record]:
    """The head's records, each with its From and, where wanted, its To as fields."""
    lines = Lines(io.BytesIO(head.content))
    if source.format is Format.JSONL:
        yield from read_rows(lines, rules.from_field, rules.to_field, refuse=refused)
        return
    delimiter = _DELIMITERS[source.format]
    file = io.BytesIO(head.content)
    header = read_header(file, source.name, delimiter, rules.from_field, rules.to_field)
    if refused is not None and refused in header.names:
        raise _accounts_alone(source, refused, "its header")
    for _ in range(header.lines):
        lines.next()
    wanted = tuple(at for at in (header.from_at, header.to_at) if at is not None)
    for one in read_records(lines, delimiter, width=header.width, whole=wanted):
        fields = [] if one.fault else [one.fields[at] for at in wanted]
        yield Record(one.line, one.raw, fields, one.fault)


def _of_parquet(source: SourceFile, rules: RowRules, refused: str | None) -> Sample:
    with open_parquet(source, source.path) as found:
        if refused is not None and refused in found.columns:
            raise _accounts_alone(source, refused, "its columns")
        found.choose(rules.from_field, rules.to_field)
        rows = found.head(_PARQUET_ROWS)
    records = (
        Record(number + 1, b"", [(value or "").encode() for value in values])
        for number, values in enumerate(rows)
    )
    share = min(1.0, _PARQUET_ROWS / found.rows) if found.rows else 1.0
    return _fold(records, rules, share)


def _fold(records: Iterator[Record], rules: RowRules, share: float) -> Sample:
    rows = bad = size = 0
    first_bad: tuple[int, str] | None = None
    pair: tuple[str, str | None] | None = None
    for record in islice(records, HEAD_BYTES):
        rows += 1
        other = record.fields[1] if len(record.fields) > 1 else None
        fault = record.fault or rules.row_fault(record.fields[0], other)
        if fault is not None:
            bad += 1
            first_bad = first_bad or (record.line, fault)
            continue
        size += sum(map(len, record.fields))
        if pair is None:
            pair = (record.fields[0].decode(), None if other is None else other.decode())
    good = rows - bad
    return Sample(
        rows=rows,
        bad=bad,
        first_bad=first_bad,
        pair=pair,
        rows_about=rows if share == 1.0 else round(rows / max(share, 1e-12)),
        whole=share == 1.0,
        id_bytes=size / good if good else 0.0,
    )


def _accounts_alone(source: SourceFile, refused: str | None, where: str) -> WrongInput:
    return WrongInput(
        f"input.files {source.name}: {where} names {refused}, but delete_all_friends clears whole "
        "lists and takes accounts alone; set input.accounts_only = true if that is meant"
    )
