"""JSONL rows: one object a line, strictly read, a list of ids spread out into rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from bulkdel.plan.input.records import RAW_KEPT, RECORD_MOST, Record, strip_end

_PIECE = 1 << 20


class Lines:
    """Physical lines of a stream; a line feed ends them, and nothing else does.

    Attributes:
        bytes: of the lines that were given so far, line ends included.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes = 0

    def __iter__(self) -> Iterator[tuple[bytes, bool]]:
        """Each line with its end, and whether it is too long: then only its beginning comes."""
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
    made = dict(items)
    if len(made) != len(items):
        raise _Fault("duplicate_key")
    return made


def _constant(_name: str) -> NoReturn:
    raise _Fault("not_json")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


class ToColumnFound(Exception):
    """An object has the To field although the input should be accounts only. Holds the line."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def read_rows(
    lines: Lines, from_field: str, to_field: str | None, *, refuse: str | None = None
) -> Iterator[Record]:
    """The rows of `lines`, and the lines that are none.

    Args:
        lines: where to read from.
        from_field: key of the From_Account.
        to_field: key of the To_Account, a text or a list of texts; None where rows are accounts.
        refuse: a key that no object may have.
    """
    simple = _simple_line(from_field, to_field)
    for number, (line, long) in enumerate(lines, 1):
        if match := simple.fullmatch(line):
            yield Record(number, number, line, match.groups())
            continue
        if long:
            yield Record(number, number, line, "line_too_long")
            continue
        body = strip_end(line)
        if not body.strip(b" \t\r"):
            continue
        try:
            found = _object(body)
            if refuse is not None and refuse in found:
                raise ToColumnFound(number)
            for told in _spread(found, from_field, to_field):
                yield Record(number, number, body, told)
        except _Fault as exc:
            yield Record(number, number, body, str(exc))


def _simple_line(from_field: str, to_field: str | None) -> re.Pattern[bytes]:
    """The common line: two plain texts, no escapes, no other keys. Any other is parsed in full."""
    text = rb'"([!#-\[\]-~]{1,32})"'
    keys = [from_field] if to_field is None else [from_field, to_field]
    items = [re.escape(json.dumps(key).encode()) + rb"\s?:\s?" + text for key in keys]
    return re.compile(rb"\{" + rb",\s?".join(items) + rb"\}\r?\n")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = _DECODER.decode(body.decode())
    except _Fault:
        raise
    except UnicodeDecodeError as exc:
        raise _Fault("not_utf8") from exc
    except (ValueError, RecursionError) as exc:
        raise _Fault("not_json") from exc
    if not isinstance(found, dict):
        raise _Fault("not_an_object")
    return found


def _spread(
    found: dict[str, Any], from_field: str, to_field: str | None
) -> Iterator[tuple[bytes, ...] | str]:
    if from_field not in found:
        raise _Fault(f"missing: {from_field}")
    first = _text(found[from_field], from_field)
    if to_field is None:
        yield (first,)
        return
    if to_field not in found:
        raise _Fault(f"missing: {to_field}")
    others = found[to_field]
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
