"""Input files → valid rows, dealt; everything else in rejects.jsonl.

A plain file (see lines.py) is dealt as it stands, many rows at a time. Every other file goes
through the strict readers, a row at a time, or, for Parquet, through DuckDB; they leave their
valid rows in a file of the simplest kind, which is then dealt like a plain one.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.deal import Dealer
from bulkdel.plan.facts import Facts
from bulkdel.plan.header import Header
from bulkdel.plan.jsonl import ToColumnFound, read_rows
from bulkdel.plan.lines import NotPlain, Shape
from bulkdel.plan.parquet import open_parquet
from bulkdel.plan.records import Lines
from bulkdel.plan.rejects import RejectsFile, file_name
from bulkdel.plan.rules import RowRules
from bulkdel.plan.sources import SourceFile
from bulkdel.plan.strict import (
    DELIMITERS,
    SEPARATOR,
    Wanted,
    accounts_only,
    has_nul,
    header_of,
    judge_of,
    judged,
    opened,
    staged_row,
)

_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a file's rows; protected ones are among the valid ones, but not dealt."""

    valid: int
    rejected: int
    protected: int


class Intake:
    """Takes in files one after the other: rows into `dealer`, rejects into `rejects`."""

    def __init__(self, dealer: Dealer, rejects: RejectsFile, wanted: Wanted) -> None:
        self._dealer = dealer
        self._rejects = rejects
        self._wanted = wanted
        self._rules = wanted.rules

    def take_in(self, source: SourceFile, facts: Facts, *, staged: Path) -> Taken:
        """Takes in one file. `staged` is a free name for the valid rows of one that is not plain.

        Raises:
            WrongInput: the file cannot be read as what it is said to be.
        """
        match source.format:
            case Format.PARQUET:
                return self._parquet(source, facts, staged)
            case Format.JSONL:
                return self._jsonl(source, facts, staged)
            case Format.CSV | Format.TSV:
                return self._separated(source, facts, staged)

    def _separated(self, source: SourceFile, facts: Facts, staged: Path) -> Taken:
        header = header_of(source, facts, self._wanted)
        with opened(source, facts) as file:
            first = file.readline()
            start = file.tell()
        if header.lines == 1 and first[-1:] == b"\n":
            mark = self._rejects.mark()
            shape = self._plain_shape(source, header, crlf=first[-2:] == b"\r\n")
            try:
                return self._deal(source, facts.path, start, shape)
            except NotPlain:
                self._rejects.rewind(mark)
        before = self._rejects.count
        with staged.open("wb", buffering=_BUFFER) as out:
            for record, row in judged(source, facts, self._wanted):
                if isinstance(row, str):
                    self._rejects.add(file_name(source.name), record.line, row, record.raw)
                else:
                    out.write(row)
        return self._deal_staged(source, staged, self._rejects.count - before)

    def _plain_shape(self, source: SourceFile, header: Header, *, crlf: bool) -> Shape:
        delimiter = DELIMITERS[source.format]
        marks = delimiter + b'"' + (b"\r\n" if crlf else b"\n")
        fine = bytes(sorted(self._rules.fine_bytes() | set(marks)))
        return Shape(
            delimiter=delimiter[0],
            width=header.width,
            chosen=header.chosen,
            crlf=crlf,
            fine=fine,
            judge=judge_of(header, delimiter, self._rules),
        )

    def _deal(self, source: SourceFile, path: Path, start: int, shape: Shape) -> Taken:
        """Deals a file whose lines begin at byte `start`, the second line of the file."""
        valid = rejected = protected = 0
        line = 2
        name = file_name(source.name)
        with closing(self._dealer.deal(path, start, shape)) as chunks:
            for dealt, rejects in chunks:
                for reject in rejects:
                    self._rejects.add(name, line + reject.line, reject.reason, reject.raw)
                line += dealt.lines
                valid += dealt.rows
                rejected += dealt.rejected
                protected += dealt.protected
        return Taken(valid=valid, rejected=rejected, protected=protected)

    def _deal_staged(self, source: SourceFile, staged: Path, rejected: int) -> Taken:
        """Deals the valid rows that a strict reader left."""
        width = 1 if self._rules.to_field is None else 2
        shape = Shape(
            delimiter=SEPARATOR[0],
            width=width,
            chosen=tuple(range(width)),
            crlf=False,
            fine=None,
            judge=lambda _: None,
        )
        try:
            taken = self._deal(source, staged, 0, shape)
        except NotPlain as exc:
            raise AssertionError(f"{source.name}: rows were staged that are none") from exc
        staged.unlink()
        return replace(taken, rejected=rejected)

    def _jsonl(self, source: SourceFile, facts: Facts, staged: Path) -> Taken:
        rules, rejects = self._rules, self._rejects
        name = file_name(source.name)
        before = rejects.count
        with opened(source, facts) as file, staged.open("wb", buffering=_BUFFER) as out:
            rows = read_rows(
                Lines(file), rules.from_field, rules.to_field, refuse=self._wanted.refused
            )
            try:
                for record in rows:
                    fault = record.fault
                    if fault is None:
                        from_id = record.fields[0]
                        to_id = record.fields[1] if rules.to_field is not None else None
                        fault = rules.row_fault(from_id, to_id)
                        if fault is None:
                            out.write(staged_row(from_id, to_id))
                            continue
                    rejects.add(name, record.line, fault, record.raw)
            except ToColumnFound as exc:
                raise accounts_only(source, self._wanted, f"line {exc.line}") from exc
            empty = out.tell() == 0
        if empty and has_nul(source, facts):
            raise WrongInput(f"input.files {source.name}: is a binary file, not {source.format}")
        return self._deal_staged(source, staged, rejects.count - before)

    def _parquet(self, source: SourceFile, facts: Facts, staged: Path) -> Taken:
        rules, rejects = self._rules, self._rejects
        before = rejects.count
        with open_parquet(source, facts.path) as found:
            if self._wanted.refused is not None and self._wanted.refused in found.columns:
                raise accounts_only(source, self._wanted, "its columns")
            found.choose(rules.from_field, rules.to_field)
            valid = found.stage(rules.sql(), staged, SEPARATOR)
            if valid != found.rows:
                for number, values in found.bad_rows(rules.sql()):
                    raw = dict(zip((rules.from_field, rules.to_field or ""), values, strict=False))
                    reason = _value_fault(raw, rules)
                    rejects.add(file_name(source.name), number + 1, reason, orjson.dumps(raw))
        rejected = rejects.count - before
        if valid + rejected != found.rows:
            raise WrongInput(
                f"input.files {source.name}: says that it has {found.rows:,} rows, but "
                f"{valid + rejected:,} were read; it is broken"
            )
        taken = self._deal_staged(source, staged, rejected)
        if taken.valid != valid:
            raise AssertionError(f"{source.name}: {valid} valid rows came to {taken}")
        return taken


def _value_fault(raw: dict[str, str | None], rules: RowRules) -> str:
    ids = []
    for key, value in raw.items():
        if value is None:
            return f"empty: {key}"
        ids.append(value.encode())
    return rules.row_fault(ids[0], ids[1] if len(ids) > 1 else None) or "invalid"
