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
from bulkdel.plan.input.facts import BOM, open_bytes
from bulkdel.plan.input.file_bytes import Window
from bulkdel.plan.input.header import read_head, read_header, unclosed
from bulkdel.plan.input.jsonl import Lines, ToColumnFound, read_rows
from bulkdel.plan.input.lookalikes import as_values, counted
from bulkdel.plan.input.parquet import open_parquet
from bulkdel.plan.input.records import Record, Unclosed, dialect_of
from bulkdel.plan.input.rules import RowRules, rules_of
from bulkdel.plan.input.sources import SourceFile
from bulkdel.plan.input.strict import Wanted, accounts_only, ensure_choice, records_of
from bulkdel.plan.input.unpack import unpack
from bulkdel.plan.values import Lookalike
from bulkdel.words import Operation

HEAD_BYTES: Final = 1 << 18
"""Bytes of a file that are looked at, unpacked."""
_CHUNK: Final = 1 << 16
_PARQUET_ROWS: Final = 1000
_SHOWN_COLUMNS: Final = 1000
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
        lookalikes: among the good rows' ids, as a plan counts them.
    """

    rows: int
    bad: int
    first_bad: tuple[int, str] | None
    pair: tuple[str, str | None] | None
    rows_about: int
    whole: bool
    id_bytes: float
    lookalikes: tuple[Lookalike, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A file's beginning, a byte order mark included; `share` is how much of it this is, 0…1."""

    content: bytes
    share: float


def sample_of(job: Job, source: SourceFile) -> Sample:
    """The head of `source`, judged by the rules of all targets of `job`.

    Raises:
        WrongInput: it cannot be read, a column is missing, or it is not what its format says.
    """
    pairs = job.operation is Operation.DELETE_FRIENDS
    wanted = Wanted(
        rules=rules_of(job, pairs=pairs),
        refused=None if pairs or job.input.accounts_only else job.input.to_field,
        quoting=job.input.quoting,
    )
    ensure_choice(source, wanted.quoting)
    if source.format is Format.PARQUET:
        return _of_parquet(source, wanted)
    head = _head_of(source)
    try:
        return _fold(_records(source, head, wanted), wanted.rules, head.share)
    except ToColumnFound as found:
        raise accounts_only(source, wanted, f"line {found.line}") from found


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
        return _keys(content.removeprefix(BOM), source)
    head = read_head(Window.of_bytes(content), source.name, dialect_of(source.format, None))
    return head.names[:_SHOWN_COLUMNS]


def _keys(content: bytes, source: SourceFile) -> tuple[str, ...]:
    first = next((line for line in content.split(b"\n") if line.strip()), b"")
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
        return _Head(content=content, share=1.0)
    content = content[:HEAD_BYTES]
    content = content[: content.rfind(b"\n") + 1]
    return _Head(content=content, share=min(1.0, read / whole) * len(content) / size)


def _records(source: SourceFile, head: _Head, wanted: Wanted) -> Iterator[Record]:
    """The head's records; one that goes on behind it is none of them."""
    rules = wanted.rules
    if source.format is Format.JSONL:
        lines = Lines(io.BytesIO(head.content.removeprefix(BOM)))
        yield from read_rows(lines, rules.from_field, rules.to_field, refuse=wanted.refused)
        return
    dialect = dialect_of(source.format, wanted.quoting)
    window = Window.of_bytes(head.content)
    header = read_header(window, source.name, dialect, rules.from_field, rules.to_field)
    if wanted.refused is not None and wanted.refused in header.names:
        raise accounts_only(source, wanted, "its header")
    try:
        yield from records_of(window, header, dialect, rules)
    except Unclosed as exc:
        if head.share == 1.0:
            raise unclosed(window, source.name, exc) from exc


def _of_parquet(source: SourceFile, wanted: Wanted) -> Sample:
    rules = wanted.rules
    with open_parquet(source, source.path) as found:
        if wanted.refused is not None and wanted.refused in found.columns:
            raise accounts_only(source, wanted, "its columns")
        found.choose(rules.from_field, rules.to_field)
        rows = found.head(_PARQUET_ROWS)
    records = (
        Record(line, line, b"", tuple((value or "").encode() for value in values))
        for line, values in enumerate(rows, 1)
    )
    share = min(1.0, _PARQUET_ROWS / found.rows) if found.rows else 1.0
    return _fold(records, rules, share)


def _fold(records: Iterator[Record], rules: RowRules, share: float) -> Sample:
    rows = 0
    first_bad: tuple[int, str] | None = None
    good: list[tuple[bytes, ...]] = []
    for record in islice(records, HEAD_BYTES):
        rows += 1
        told = record.told
        if not isinstance(told, str):
            told = rules.row_fault(*told) or told
        if isinstance(told, str):
            first_bad = first_bad or (record.line, told)
        else:
            good.append(told)
    size = sum(len(account) for ids in good for account in ids)
    first = [account.decode() for account in good[0]] if good else []
    return Sample(
        rows=rows,
        bad=rows - len(good),
        first_bad=first_bad,
        pair=(first[0], first[1] if len(first) > 1 else None) if first else None,
        rows_about=rows if share == 1.0 else round(rows / max(share, 1e-12)),
        whole=share == 1.0,
        id_bytes=size / len(good) if good else 0.0,
        lookalikes=as_values(counted(account for ids in good for account in ids)),
    )
