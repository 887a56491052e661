"""A strict record reader for CSV and TSV that no single bad line can lead astray.

A quote at the start of a field opens it, doubled quotes stand for one, and after the closing quote
comes a delimiter or the line's end; elsewhere a quote is a character like any other. A record over
several lines that fails costs its first line only: reading goes on at the next line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LINE_CAP = 1 << 20
"""Bytes that a line may have; a longer one is rejected without being held."""

RECORD_CAP = 1 << 16
"""Bytes over which an open quote is followed; beyond, it counts as unclosed."""


class Record(NamedTuple):
    """A record and the physical line it begins at; `fault` says why it has no fields."""

    line: int
    raw: bytes
    fields: list[bytes]
    fault: str | None = None


class Lines:
    """Physical lines of a stream with their numbers; lines can be given back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._given_back: deque[tuple[int, bytes]] = deque()
        self._read = 0

    def next(self) -> tuple[int, bytes] | None:
        """The next line with its line end; one over LINE_CAP comes cut, without its end."""
        if self._given_back:
            return self._given_back.popleft()
        line = self._stream.readline(LINE_CAP)
        if not line:
            return None
        self._read += 1
        if len(line) == LINE_CAP and line[-1:] != b"\n":
            while (rest := self._stream.readline(LINE_CAP)) and rest[-1:] != b"\n":
                pass
        return self._read, line

    def give_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Puts `lines` before what comes next."""
        self._given_back.extendleft(reversed(lines))


def strip_end(line: bytes) -> bytes:
    """The line without its line end: LF, CRLF, or a CR that ends the file."""
    body = line[:-1] if line[-1:] == b"\n" else line
    return body[:-1] if body[-1:] == b"\r" else body


def read_records(
    lines: Lines, delimiter: bytes, *, width: int | None, whole: tuple[int, ...]
) -> Iterator[Record]:
    """The records of `lines`, blank lines left out.

    Args:
        lines: where to read from.
        delimiter: one byte.
        width: fields that a record must have; None takes any number.
        whole: positions of the fields that cannot contain a line break: an id cannot, so there
            a quote that spans lines is one that was never closed.
    """
    wary_until = 0
    while (taken := lines.next()) is not None:
        number, line = taken
        body = strip_end(line)
        if not body:
            continue
        if len(line) == LINE_CAP and line[-1:] != b"\n":
            yield Record(number, line, [], "line_too_long")
            continue
        if b'"' not in body:
            fields = body.split(delimiter)
            yield Record(number, body, fields, width_fault(len(fields), width))
            continue
        parser = _Parser(delimiter)
        parser.feed(line)
        more: list[tuple[int, bytes]] = []
        size = len(line)
        while parser.open and size <= RECORD_CAP and (following := lines.next()) is not None:
            more.append(following)
            size += len(following[1])
            parser.feed(following[1])
        fault = "unclosed_quote" if parser.open else parser.fault
        if fault is None and more and any(_broken(parser.fields, at) for at in whole):
            fault = "unclosed_quote"
        if fault is None:
            fault = width_fault(len(parser.fields), width)
        if fault is not None and more:
            lines.give_back(more)
            wary_until = max(wary_until, more[-1][0])
            more = []
        if fault is None and number <= wary_until and parser.loose:
            # Within the reach of a failed record a stray quote may be that record's end.
            fault = "stray_quote"
        raw = body if not more else strip_end(line + b"".join(text for _, text in more))
        yield Record(number, raw, parser.fields, fault)


def width_fault(count: int, width: int | None) -> str | None:
    """Why a record of `count` fields is none of `width`; None if it is, or if any will do."""
    if width is None or count == width:
        return None
    return "too_few_fields" if count < width else "too_many_fields"


def _broken(fields: list[bytes], at: int) -> bool:
    return at < len(fields) and b"\n" in fields[at]


class _Parser:
    """Takes a record's lines one after the other; linear in their length."""

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
        self._parts: list[bytes] = []
        self.fields: list[bytes] = []
        self.open = False
        self.loose = False
        self.fault: str | None = None

    def feed(self, line: bytes) -> None:
        """Takes the next line, line end included; `open` says whether the record goes on."""
        body = strip_end(line)
        at = 0
        while True:
            if not self.open:
                if body[at : at + 1] != b'"':
                    end = body.find(self._delimiter, at)
                    value = body[at:] if end < 0 else body[at:end]
                    self.loose = self.loose or b'"' in value
                    self.fields.append(value)
                    if end < 0:
                        return
                    at = end + 1
                    continue
                self.open = True
                self._parts = []
                at += 1
            close = line.find(b'"', at)
            if close < 0:
                self._parts.append(line[at:])
                return
            self._parts.append(line[at:close])
            at = close + 1
            if line[at : at + 1] == b'"':
                self._parts.append(b'"')
                at += 1
                continue
            self.open = False
            self.fields.append(b"".join(self._parts))
            if at >= len(body):
                return
            if body[at : at + 1] != self._delimiter:
                self.fault = "text_after_quote"
                return
            at += 1
