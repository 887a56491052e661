"""The rejected rows in their original form, to be mended and read by a new job.

They come from rejects.jsonl and from the plan, never from the input as it is now: columns stand in
the order of the header that the rows were read under. A row is written only if it is whole, and one
row to every reader; else it could be mended into rows that nobody asked for, or swallow others.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files
from bulkdel.errors import Corrupt, WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.input.formats import DELIMITERS, quoting_of
from bulkdel.plan.input.records import BLANKS
from bulkdel.plan.rejects import RAW_CAP, file_name
from bulkdel.plan.values import PlanMeta, Source
from bulkdel.report.export_notes import ExportNotes

LINE_MOST: Final = 1 << 16

_BOM: Final = b"\xef\xbb\xbf"
_FORMULA: Final = re.compile(rb'(?:^|[,\t])"?[=+@-]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the rows of a file are written; rows of one style can stand in one file.

    Attributes:
        format: CSV, TSV or JSONL.
        quoting: "csv" or "none"; empty where the format has no such choice.
        header: the header record, without its line end; None where the format has none.
    """

    format: Format
    quoting: str
    header: bytes | None

    def holds(self, raw: bytes) -> bool:
        """Whether every reader takes `raw` for one row."""
        if self.quoting != "csv":
            return b"\r" not in raw and b"\n" not in raw
        return _record(DELIMITERS[self.format]).fullmatch(raw) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reject:
    file: str
    line: int
    last_line: int
    raw: bytes
    cut: bool

    @property
    def place(self) -> str:
        end = f"-{self.last_line}" if self.last_line > self.line else ""
        return f"{self.file} line {self.line}{end}"


def raw_rejects(
    run_dir: Path, meta: PlanMeta, notes: ExportNotes, *, source: str | None
) -> Iterator[bytes]:
    """The rows, one by one, after their header where they have one.

    Args:
        run_dir: whose rejects.
        meta: of the plan that was made with them.
        notes: filled on the way.
        source: only rows of this file, as rejects.jsonl names it; None means all.

    Raises:
        WrongInput: a header is not known; rows that no one file can hold; two files of one name.
        Corrupt: rejects.jsonl is not what bulkdel wrote for this plan.
    """
    sources = _by_name(meta.fingerprint.sources)
    first: tuple[str, Style] | None = None
    before: tuple[str, int] | None = None
    path = run_dir / files.REJECTS
    for reject in _rejects(path, meta.books.rejected):
        if reject.file not in sources:
            raise Corrupt(f"the plan has no input file {reject.file}", where=path)
        at = reject.file, reject.line
        if source not in (None, reject.file) or before == at:
            continue  # the ids of one line's list are rejected one by one
        before = at
        if first is None or reject.file != first[0]:
            style = _style(reject.file, sources[reject.file])
            if first is not None and style != first[1]:
                raise WrongInput(
                    f"the rejected rows of {first[0]} and of {reject.file} stand below different "
                    "headers, or are written in different ways",
                    mend="export them one by one with --source FILE",
                )
        else:
            style = first[1]
        if first is None:
            first = reject.file, style
            notes.quoting = _unusual_quoting(style)
            if style.header is not None:
                # Its reader takes one carriage return off the end as well.
                end = b"\r\n" if style.header.endswith(b"\r") else b"\n"
                yield _safe_start(style.header) + end
        if reject.cut:
            notes.cut.add(reject.place)
        elif not style.holds(reject.raw):
            notes.loose.add(reject.place)
        else:
            alone = notes.rows == 0 and style.header is None
            notes.rows += 1
            notes.formulas += style.header is not None and bool(_FORMULA.search(reject.raw))
            yield (_safe_start(reject.raw) if alone else reject.raw) + b"\n"


def _by_name(sources: tuple[Source, ...]) -> dict[str, Source | None]:
    """The sources as rejects.jsonl names them; None for a name that several have."""
    named: dict[str, Source | None] = {}
    for source in sources:
        name = file_name(source.path)
        named[name] = None if name in named else source
    return named


def _style(file: str, source: Source | None) -> Style:
    if source is None:
        raise WrongInput(
            "several input files have this name, once it is written as text, so it is not known "
            "which header its rows were read under",
            where=file,
            mend="take the rows from rejects.jsonl",
        )
    kind = Format(source.format)
    if kind not in DELIMITERS:
        return Style(
            format=Format.JSONL, quoting="", header=None
        )  # Parquet's rows are kept as JSON
    if source.header is None:
        raise WrongInput(
            "the header that its rows were read under is not known, since an older bulkdel made "
            "this plan, and the file may have another one now",
            where=file,
            mend="take the rows from rejects.jsonl and put the right header above them",
        )
    quoting = source.quoting or quoting_of(kind, None) or ""
    return Style(format=kind, quoting=quoting, header=source.header.encode())


def _unusual_quoting(style: Style) -> str:
    return "" if style.quoting == quoting_of(style.format, None) else style.quoting


def _safe_start(text: bytes) -> bytes:
    """What a file may begin with: its reader takes one byte order mark away."""
    return _BOM + text if text.startswith(_BOM) else text


def _record(delimiter: bytes) -> re.Pattern[bytes]:
    """One record by RFC 4180: quotes around whole fields, and line breaks only inside them.

    Nor a quote behind blanks alone, which to some readers opens a field.
    """
    plain = rb'(?:(?!%b")[^"\r\n%b][^\r\n%b]*)?' % (BLANKS, delimiter, delimiter)
    one = rb'(?:"(?:[^"]|"")*"|%b)' % plain
    return re.compile(rb"%b(?:%b%b)*" % (one, delimiter, one))


def _rejects(path: Path, count: int) -> Iterator[_Reject]:
    number = 0
    if files.is_there(path):
        with files.open_to_read(path) as lines:
            while line := lines.readline(LINE_MOST):
                number += 1
                yield _read(path, number, line)
    if number != count:
        raise Corrupt(f"it has {number:,} lines, but the plan rejected {count:,} rows", where=path)


def _read(path: Path, number: int, line: bytes) -> _Reject:
    try:
        row = orjson.loads(line)
        raw, first = row["raw"], row["line"]
        octets = raw.encode()
        cut = len(raw) > RAW_CAP
        if "raw_b64" in row:
            octets = base64.b64decode(row["raw_b64"], validate=True)
            cut = len(octets) >= RAW_CAP
        return _Reject(
            file=row["file"],
            line=first,
            last_line=row.get("last_line", first),
            raw=octets,
            cut=cut,
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Corrupt(
            "it is not a line that bulkdel writes",
            where=f"{path}, line {number}",
            mend="`bulkdel plan` of an unsent job writes the file anew",
        ) from error
