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

MORE = ("status", "code", "info", "attempts", "lost_answers", "target")
_CHUNK_ROWS = 2000
_RUNS = frozenset("=+-@\t\r")
"""What a cell begins with that a spreadsheet takes for a formula."""


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

    @property
    def fields(self) -> list[str]:
        """The names of the columns with ids."""
        return [self.from_field] if self.to_field is None else [self.from_field, self.to_field]


@dataclass(slots=True)
class Met:
    """What was met on the way: rows of a CSV with a cell that a spreadsheet runs."""

    formulas: int = 0


def written_rows(rows: Iterable[Row], shape: Shape, met: Met) -> Iterator[bytes]:
    """The rows, in pieces of bounded size; a CSV begins with its header. Fills `met` on the way."""
    if shape.format is Format.JSONL:
        yield from _jsonl(rows, shape)
        return
    paper = io.StringIO(newline="")
    pen = csv.writer(paper, lineterminator="\n")
    # Of a carriage return the writer does not know that readers take it for the end of a row.
    careful = csv.writer(paper, lineterminator="\n", quoting=csv.QUOTE_ALL)
    pen.writerow([*shape.fields, *MORE] if shape.full else shape.fields)
    for number, row in enumerate(rows, 1):
        ids = [row.from_id] if shape.to_field is None else [row.from_id, row.to_id]
        cells = [*ids, *_more(row)] if shape.full else ids
        (careful if "\r" in row.info else pen).writerow(cells)
        runs = [row.from_id, row.to_id, row.info if shape.full else ""]
        met.formulas += any(one and one[0] in _RUNS for one in runs)
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
            told |= dict(zip(MORE, _more(row), strict=True))
        held.append(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        if len(held) == _CHUNK_ROWS:
            yield b"".join(held)
            held.clear()
    yield b"".join(held)


def _more(row: Row) -> tuple[Any, ...]:
    return row.status.value, row.code, row.info, row.attempts, row.lost_answers, row.target
