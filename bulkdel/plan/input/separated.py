"""The reader of CSV and TSV: many rows at a time as they stand, or one record after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bulkdel.job.job import Quoting
from bulkdel.plan.input.chunk_rows import Judge, Shape
from bulkdel.plan.input.chunks import Apart, Chunk, Cutter
from bulkdel.plan.input.facts import BOM
from bulkdel.plan.input.header import Header, choose_columns, read_header, unclosed_quote
from bulkdel.plan.input.header_words import Wanted
from bulkdel.plan.input.open_file import OpenFile
from bulkdel.plan.input.reader import ReadyRows, Staging, ensure_accounts
from bulkdel.plan.input.records import (
    RAW_KEPT,
    Dialect,
    Record,
    UnclosedQuote,
    dialect_of,
    extent_at,
    fields_of,
    lines_in,
    strip_end,
    width_fault,
)
from bulkdel.plan.input.rules import RowRules

_COLUMNS_MOST: Final = 1000


class SeparatedReader:
    """See Reader."""

    rows = None

    def __init__(self, file: OpenFile, quoting: Quoting | None) -> None:
        self._file = file
        self._dialect = dialect_of(file.source.format, quoting)
        self._bytes = file.bytes()

    def close(self) -> None:
        """Nothing is held but the file, which is not its own."""

    def columns(self) -> tuple[str, ...]:
        """The names in the header; of a very wide one the first."""
        return self._header().names[:_COLUMNS_MOST]

    def records(self, rules: RowRules) -> Iterator[Record]:
        """The records behind the header, without blank lines.

        Where only the file's beginning is here, a record that goes on behind it is none of them.
        """
        header, chosen = self._chosen(rules)
        judge = _judge_of(header, chosen, self._dialect, rules)
        content, line, at = self._bytes, header.lines + 1, header.end
        while at < content.size:
            try:
                _, end, fault = extent_at(content, at, self._dialect, len(header.names))
            except UnclosedQuote as exc:
                if self._file.whole:
                    raise unclosed_quote(content, self._file.source.name, exc) from exc
                return
            lines = lines_in(content, at, end)
            raw = content.slice(at, end if fault is None else min(end, at + RAW_KEPT))
            if judgement := fault or judge(raw):
                yield Record(line, line + lines - 1, strip_end(raw), judgement)
            line += lines
            at = end

    def ready(self, rules: RowRules, staging: Staging) -> ReadyRows:
        """All rows, in chunks of the file as it stands."""
        header, chosen = self._chosen(rules)
        names = [header.names[at].encode() for at in chosen]
        shape = Shape(
            delimiter=self._dialect.delimiter[0],
            quotes=self._dialect.quotes,
            width=len(header.names),
            chosen=chosen,
            names=tuple((name, BOM + name) for name in names),
            fine=bytes(sorted(rules.fine_bytes())),
            judge=_judge_of(header, chosen, self._dialect, rules),
        )
        return ReadyRows(
            chunks=self._chunks(header, staging.chunk),
            shape=shape,
            size=self._bytes.size - header.end,
            line=header.lines + 1,
            header=header.text,
        )

    def _header(self) -> Header:
        return read_header(self._bytes, self._file.source.name, self._dialect)

    def _chosen(self, rules: RowRules) -> tuple[Header, tuple[int, ...]]:
        """The header, and the places of From, or of From and To in it."""
        header = self._header()
        source = self._file.source
        wanted = Wanted(
            from_field=rules.from_field,
            to_field=rules.to_field,
            delimiter=self._dialect.delimiter.decode(),
        )
        chosen = choose_columns(header.names, source.name, wanted)
        ensure_accounts(source, rules, header.names, where="its header")
        return header, chosen

    def _chunks(self, header: Header, most: int) -> Iterator[Chunk | Apart]:
        cutter = Cutter(
            fd=self._file.stream.fileno(),
            begin=header.end,
            end=self._bytes.size,
            dialect=self._dialect,
            width=len(header.names),
            most=most,
        )
        try:
            yield from cutter.chunks()
        except UnclosedQuote as exc:
            raise unclosed_quote(self._bytes, self._file.source.name, exc) from exc


def _judge_of(header: Header, chosen: tuple[int, ...], dialect: Dialect, rules: RowRules) -> Judge:
    """What a record by itself is, one that is not malformed; "" for a blank one."""
    names = [name.encode() for name in header.names]
    again = (names, [BOM + names[0], *names[1:]])

    def judge(record: bytes) -> str | tuple[bytes, ...]:
        body = strip_end(record)
        if not body:
            return ""
        fields = fields_of(body, dialect)
        if fault := width_fault(len(fields), len(names)):
            return fault
        if not _is_utf8(body):
            return "not_utf8"
        if fields in again:
            return "repeated_header"
        ids = tuple(fields[at] for at in chosen)
        if not dialect.quotes:
            for account, at in zip(ids, chosen, strict=True):
                if account[:1] == account[-1:] == b'"':
                    return f"quoted: {header.names[at]}"
        return rules.row_fault(*ids) or ids

    return judge


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
