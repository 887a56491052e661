"""Input files → valid rows, dealt; everything else in rejects.jsonl.

CSV and TSV are dealt as they stand, many rows at a time. JSONL goes through Python, a line at a
time, and Parquet through DuckDB; they leave their valid rows in a file of the simplest kind, which
is then dealt.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import orjson

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.batches.partition import Dealer
from bulkdel.plan.input.chunk_rows import Shape
from bulkdel.plan.input.chunks import Cutter
from bulkdel.plan.input.facts import BOM, Facts, ensure_unchanged, open_bytes
from bulkdel.plan.input.file_bytes import Window
from bulkdel.plan.input.header import Header, read_header, unclosed
from bulkdel.plan.input.jsonl import Lines, ToColumnFound, read_rows
from bulkdel.plan.input.lookalikes import Counts, together
from bulkdel.plan.input.parquet import open_parquet
from bulkdel.plan.input.records import Dialect, Unclosed, dialect_of
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.sources import SourceFile
from bulkdel.plan.input.strict import (
    SEPARATOR,
    STAGED,
    Wanted,
    accounts_only,
    ensure_choice,
    has_nul,
    judge_of,
    opened,
    staged_row,
)
from bulkdel.plan.rejects import RejectsFile, file_name

_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a file's rows; protected ones are among the valid ones, but not dealt.

    Attributes:
        bytes: of rows, rejects and blank lines, as each was counted where it was read.
        header: of a CSV or TSV file, as it stands there; else None.
    """

    valid: int
    rejected: int
    protected: int
    bytes: int
    lookalikes: Counts
    header: str | None = None


class Intake:
    """Takes in files one after the other: rows into `dealer`, rejects into `rejects`."""

    def __init__(self, dealer: Dealer, rejects: RejectsFile, wanted: Wanted, *, chunk: int) -> None:
        self._dealer = dealer
        self._rejects = rejects
        self._wanted = wanted
        self._rules = wanted.rules
        self._chunk = chunk

    def take_in(self, source: SourceFile, facts: Facts, *, staged: Path) -> Taken:
        """Takes in one file. `staged` is a free name for the valid rows of JSONL and Parquet.

        Raises:
            WrongInput: the file cannot be read as what it is said to be.
        """
        ensure_choice(source, self._wanted.quoting)
        match source.format:
            case Format.PARQUET:
                return self._parquet(source, facts, staged)
            case Format.JSONL:
                return self._jsonl(source, facts, staged)
            case Format.CSV | Format.TSV:
                return self._separated(source, facts)

    def _separated(self, source: SourceFile, facts: Facts) -> Taken:
        dialect = dialect_of(source.format, self._wanted.quoting)
        with open_bytes(facts.path, source.name) as file:
            window = Window.of_file(file.fileno(), facts.unpacked)
            header = read_header(
                window, source.name, dialect, self._rules.from_field, self._rules.to_field
            )
            if self._wanted.refused is not None and self._wanted.refused in header.names:
                raise accounts_only(source, self._wanted, "its header")
            cutter = self._cutter(file.fileno(), facts.unpacked, header, dialect)
            shape = _shape(header, dialect, self._rules)
            try:
                taken = self._deal(source, cutter, shape, line=header.lines + 1)
            except Unclosed as exc:
                raise unclosed(window, source.name, exc) from exc
        if header.end + taken.bytes != facts.unpacked:
            _not_all(source, facts, header.end + taken.bytes)
        return replace(taken, header=header.text)

    def _cutter(self, fd: int, size: int, header: Header, dialect: Dialect) -> Cutter:
        return Cutter(
            fd=fd,
            begin=header.end,
            end=size,
            dialect=dialect,
            width=header.width,
            most=self._chunk,
        )

    def _deal(self, source: SourceFile, cutter: Cutter, shape: Shape, *, line: int) -> Taken:
        """Deals what `cutter` cuts, which begins with the physical `line` of the file."""
        name = file_name(source.name)
        taken = Taken(valid=0, rejected=0, protected=0, bytes=0, lookalikes={})
        with closing(self._dealer.deal(cutter, shape)) as chunks:
            for dealt in chunks:
                for one in dealt.rejects:
                    self._rejects.add(
                        name, line + one.line, line + one.last_line, one.reason, one.raw
                    )
                line += dealt.lines
                taken = Taken(
                    valid=taken.valid + dealt.rows,
                    rejected=taken.rejected + len(dealt.rejects),
                    protected=taken.protected + dealt.protected,
                    bytes=taken.bytes + dealt.bytes,
                    lookalikes=together((taken.lookalikes, dealt.lookalikes)),
                )
        return taken

    def _deal_staged(self, source: SourceFile, staged: Path, rejected: int) -> Taken:
        """Deals the valid rows that were left in `staged`."""
        width = 1 if self._rules.to_field is None else 2
        shape = Shape(
            delimiter=SEPARATOR[0],
            quotes=False,
            width=width,
            chosen=tuple(range(width)),
            names=(),
            fine=None,
            judge=lambda _: "",
        )
        with staged.open("rb") as file:
            size = staged.stat().st_size
            cutter = Cutter(
                fd=file.fileno(), begin=0, end=size, dialect=STAGED, width=width, most=self._chunk
            )
            taken = self._deal(source, cutter, shape, line=1)
        if taken.bytes != size or taken.rejected:
            raise AssertionError(f"{source.name}: rows were staged that are none")
        staged.unlink()
        return replace(taken, rejected=rejected)

    def _jsonl(self, source: SourceFile, facts: Facts, staged: Path) -> Taken:
        rules, rejects = self._rules, self._rejects
        name = file_name(source.name)
        before = rejects.count
        with opened(source, facts) as file, staged.open("wb", buffering=_BUFFER) as out:
            mark = file.tell()
            lines = Lines(file)
            rows = read_rows(lines, rules.from_field, rules.to_field, refuse=self._wanted.refused)
            try:
                for line, last_line, raw, told in rows:
                    fault = told if isinstance(told, str) else rules.row_fault(*told)
                    if fault is None and not isinstance(told, str):
                        out.write(staged_row(told))
                    else:
                        rejects.add(name, line, last_line, fault or "", raw)
            except ToColumnFound as exc:
                raise accounts_only(source, self._wanted, f"line {exc.line}") from exc
            empty = out.tell() == 0
        if empty and has_nul(source, facts):
            raise WrongInput(f"input.files {source.name}: is a binary file, not {source.format}")
        if mark + lines.bytes != facts.unpacked:
            _not_all(source, facts, mark + lines.bytes)
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
                    name, line = file_name(source.name), number + 1
                    rejects.add(name, line, line, reason, orjson.dumps(raw))
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


def _shape(header: Header, dialect: Dialect, rules: RowRules) -> Shape:
    names = [header.names[at].encode() for at in header.chosen]
    return Shape(
        delimiter=dialect.delimiter[0],
        quotes=dialect.quotes,
        width=header.width,
        chosen=header.chosen,
        names=tuple((name, BOM + name) for name in names),
        fine=bytes(sorted(rules.fine_bytes())),
        judge=judge_of(header, dialect, rules),
    )


def _not_all(source: SourceFile, facts: Facts, counted: int) -> NoReturn:
    """What was read is not the file: somebody writes to it, or we read it wrongly."""
    ensure_unchanged(source, facts)
    raise AssertionError(
        f"{source.name}: {counted:,} of its {facts.unpacked:,} bytes are accounted for"
    )


def _value_fault(raw: dict[str, str | None], rules: RowRules) -> str:
    ids = []
    for key, value in raw.items():
        if value is None:
            return f"empty: {key}"
        ids.append(value.encode())
    return rules.row_fault(ids[0], ids[1] if len(ids) > 1 else None) or "invalid"
