"""The reader of JSONL: one object a line, strictly read, a list of ids spread out into rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NoReturn

import orjson

from bulkdel.job.job import Quoting
from bulkdel.plan.input.facts import BOM
from bulkdel.plan.input.open_file import OpenFile
from bulkdel.plan.input.reader import ReadyRows, Staging, ensure_accounts, stage
from bulkdel.plan.input.records import RAW_KEPT, RECORD_MOST, Record, strip_end
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.sources import WrongFile

NOT_JSONL: Final = "write one object a line, or set input.format to what it is"
_PIECE: Final = 1 << 20
_LOOKED_AT: Final = 1 << 20
_COLUMNS_MOST: Final = 1000


class JsonlReader:
    """See Reader. A quotation mark has one meaning, so `quoting` says nothing."""

    rows = None

    def __init__(self, file: OpenFile, _quoting: Quoting | None) -> None:
        self._file = file

    def close(self) -> None:
        """Nothing is held but the file, which is not its own."""

    def columns(self) -> tuple[str, ...]:
        """The keys of the object in the first line that is not blank."""
        lines = (line for line, _ in _Lines(self._file.stream) if line.strip())
        try:
            first = orjson.loads(next(lines, b""))
        except orjson.JSONDecodeError:
            first = None
        if not isinstance(first, dict):
            raise WrongFile(self._file.source.name, "its first line is no JSON object", NOT_JSONL)
        return tuple(first)[:_COLUMNS_MOST]

    def records(self, rules: RowRules) -> Iterator[Record]:
        """The records of all lines that are not blank, one for each id of a list."""
        from_field, to_field = rules.from_field, rules.to_field
        simple = _simple_line(from_field, to_field)
        lines = _Lines(self._file.stream)
        for number, (line, long) in enumerate(lines, 1):
            if match := simple.fullmatch(line):
                ids = match.groups()
                yield Record(number, number, line, rules.row_fault(*ids) or ids)
                continue
            if long:
                yield Record(number, number, line, "line_too_long")
                continue
            body = strip_end(line)
            if not body.strip(b" \t\r"):
                continue
            try:
                content = _object(body)
                ensure_accounts(self._file.source, rules, content, where=f"line {number}")
                for row in _spread(content, from_field, to_field):
                    if isinstance(row, str):
                        yield Record(number, number, body, row)
                    else:
                        yield Record(number, number, body, rules.row_fault(*row) or row)
            except _Fault as exc:
                yield Record(number, number, body, str(exc))
        self._file.ensure_all(lines.bytes)

    def ready(self, rules: RowRules, staging: Staging) -> ReadyRows:
        """All rows, staged."""
        ready = stage(self.records(rules), rules, staging)
        if not ready.rows:
            self._file.stream.seek(0)
            if b"\0" in self._file.stream.read(_LOOKED_AT):
                name, form = self._file.source.name, self._file.source.format
                raise WrongFile(name, f"is a binary file, not {form}", "name another file")
        return ready


class _Lines:
    """Physical lines of a file; a line feed ends them, and nothing else does.

    Attributes:
        bytes: of the lines that were given so far, line ends and a byte order mark included.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes = 0

    def __iter__(self) -> Iterator[tuple[bytes, bool]]:
        """Each line with its end, and whether it is too long: then only its beginning comes."""
        if self._stream.read(len(BOM)) == BOM:
            self.bytes = len(BOM)
        else:
            self._stream.seek(0)
        while line := self._stream.readline(RECORD_MOST + 2):
            self.bytes += len(line)
            long = len(strip_end(line)) > RECORD_MOST
            piece = line
            if long:
                line = line[:RAW_KEPT]
                while piece and piece[-1:] != b"\n":
                    piece = self._stream.readline(_PIECE)
                    self.bytes += len(piece)
            yield line, long


class _Fault(ValueError):
    """Why a line is no row."""


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(items)
    if len(content) != len(items):
        raise _Fault("duplicate_key")
    return content


def _constant(_name: str) -> NoReturn:
    raise _Fault("not_json")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


def _simple_line(from_field: str, to_field: str | None) -> re.Pattern[bytes]:
    """The common line: two plain texts, no escapes, no other keys. Any other is parsed in full."""
    text = rb'"([!#-\[\]-~]{1,32})"'
    keys = [from_field] if to_field is None else [from_field, to_field]
    items = [re.escape(json.dumps(key).encode()) + rb"\s?:\s?" + text for key in keys]
    return re.compile(rb"\{" + rb",\s?".join(items) + rb"\}\r?\n")


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = _DECODER.decode(body.decode())
    except _Fault:
        raise
    except UnicodeDecodeError as exc:
        raise _Fault("not_utf8") from exc
    except (ValueError, RecursionError) as exc:
        raise _Fault("not_json") from exc
    if not isinstance(content, dict):
        raise _Fault("not_an_object")
    return content


def _spread(
    content: dict[str, Any], from_field: str, to_field: str | None
) -> Iterator[tuple[bytes, ...] | str]:
    if from_field not in content:
        raise _Fault(f"missing: {from_field}")
    first = _text(content[from_field], from_field)
    if to_field is None:
        yield (first,)
        return
    if to_field not in content:
        raise _Fault(f"missing: {to_field}")
    others = content[to_field]
    if not isinstance(others, list):
        yield first, _text(others, to_field)
        return
    if not others:
        raise _Fault(f"empty_list: {to_field}")
    for other in others:
        try:
            yield first, _text(other, to_field)
        except _Fault as exc:
            yield str(exc)


def _text(value: object, field: str) -> bytes:
    if not isinstance(value, str):
        raise _Fault(f"not_text: {field}")
    try:
        return value.encode()
    except UnicodeEncodeError as exc:
        raise _Fault(f"not_utf8: {field}") from exc
