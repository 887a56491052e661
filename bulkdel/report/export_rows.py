"""Rows as CSV or JSONL that a new job reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from bulkdel.job.job import Format
from bulkdel.report.exported import Row

_MORE = ("status", "code", "info", "attempts", "lost_answers", "target")
_CHUNK_ROWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How rows are written.

    Attributes:
        format: CSV or JSONL.
        to_field: None where whole lists are cleared.
        full: with status, code, info, attempts, lost_answers and target.
    """

    format: Format
    from_field: str
    to_field: str | None
    full: bool


def written_rows(rows: Iterable[Row], shape: Shape) -> Iterator[bytes]:
    """The rows, in pieces of bounded size; a CSV begins with its header."""
    if shape.format is Format.JSONL:
        yield from _jsonl(rows, shape)
        return
    paper = io.StringIO(newline="")
    pen = csv.writer(paper, lineterminator="\n")
    fields = [shape.from_field] if shape.to_field is None else [shape.from_field, shape.to_field]
    pen.writerow([*fields, *_MORE] if shape.full else fields)
    for number, row in enumerate(rows, 1):
        ids = [row.from_id] if shape.to_field is None else [row.from_id, row.to_id]
        pen.writerow([*ids, *_more(row)] if shape.full else ids)
        if number % _CHUNK_ROWS == 0:
            yield paper.getvalue().encode()
            paper.seek(0)
            paper.truncate()
    yield paper.getvalue().encode()


def _jsonl(rows: Iterable[Row], shape: Shape) -> Iterator[bytes]:
    held: list[bytes] = []
    for row in rows:
        told: dict[str, Any] = {shape.from_field: row.from_id}
        if shape.to_field is not None:
            told[shape.to_field] = row.to_id
        if shape.full:
            told |= dict(zip(_MORE, _more(row), strict=True))
        held.append(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        if len(held) == _CHUNK_ROWS:
            yield b"".join(held)
            held.clear()
    yield b"".join(held)


def _more(row: Row) -> tuple[Any, ...]:
    return row.status.value, row.code, row.info, row.attempts, row.lost_answers, row.target
