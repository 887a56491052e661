"""Rows as CSV or JSONL that a new job reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from bulkdel.job.job import Format
from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.exported import Row

MORE = ("status", "code", "info", "attempts", "lost_answers", "target")
_CHUNK_ROWS = 2000
_RUNS = frozenset("=+-@\t\r")
"""What a cell begins with that a spreadsheet takes for a formula."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLayout:
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


def written_rows(rows: Iterable[Row], layout: RowLayout, notes: ExportNotes) -> Iterator[bytes]:
    """The rows, in pieces of bounded size; a CSV begins with its header. Fills `notes`."""
    rows = _counted(rows, notes)
    if layout.format is Format.JSONL:
        yield from _jsonl(rows, layout)
        return
    paper = io.StringIO(newline="")
    pen = csv.writer(paper, lineterminator="\n")
    # Of a carriage return the writer does not know that readers take it for the end of a row.
    careful = csv.writer(paper, lineterminator="\n", quoting=csv.QUOTE_ALL)
    pen.writerow([*layout.fields, *MORE] if layout.full else layout.fields)
    for number, row in enumerate(rows, 1):
        ids = [row.from_id] if layout.to_field is None else [row.from_id, row.to_id]
        cells = [*ids, *_more(row)] if layout.full else ids
        (careful if "\r" in row.info else pen).writerow(cells)
        runs = [row.from_id, row.to_id, row.info if layout.full else ""]
        notes.formulas += any(one and one[0] in _RUNS for one in runs)
        if number % _CHUNK_ROWS == 0:
            yield paper.getvalue().encode()
            paper.seek(0)
            paper.truncate()
    yield paper.getvalue().encode()


def _counted(rows: Iterable[Row], notes: ExportNotes) -> Iterator[Row]:
    for row in rows:
        notes.rows += 1
        notes.by_target[row.target] = notes.by_target.get(row.target, 0) + 1
        yield row


def _jsonl(rows: Iterable[Row], layout: RowLayout) -> Iterator[bytes]:
    held: list[bytes] = []
    for row in rows:
        values: dict[str, Any] = {layout.from_field: row.from_id}
        if layout.to_field is not None:
            values[layout.to_field] = row.to_id
        if layout.full:
            values |= dict(zip(MORE, _more(row), strict=True))
        held.append(orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE))
        if len(held) == _CHUNK_ROWS:
            yield b"".join(held)
            held.clear()
    yield b"".join(held)


def _more(row: Row) -> tuple[Any, ...]:
    return str(row.status), row.code, row.info, row.attempts, row.lost_answers, row.target
