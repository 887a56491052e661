"""Where a record of a CSV or TSV file ends, and what its fields are: one answer for all readers.

CSV is RFC 4180. A quote at the start of a field opens it; in it a doubled quote stands for one, and
a line break is text; a quote before a delimiter or the line's end closes it. A record ends with the
first line end that is outside quotes. Without quoting, and so in TSV, each line is a record and a
quotation mark is a character.

A quote can be malformed: text follows where a quoted field closes, or blanks alone stand before a
quote, which some programs write and read as an opening one. Then there are two readings: it opens
or closes the field, or it is text. Both are followed, whatever quotes come, and the record ends
with the first line end that is outside quotes in each. What lies between is one reject. Where text
follows a quote and no later quote closes the field in the second reading, the first one holds: the
record ends with the line of its last quote.

Even so a quote before a delimiter may have been text (`He said "stop", then …`) and the cell may go
on. So the next record that has a quote must be whole: as many fields as the header in each reading,
and no stray quote. And it must not be malformed itself, unless the first one is whole as well or
nothing is between. Else the reject takes that one in too, with all that is between. A cell goes
undetected only if it holds a quoted record of the header's width, or two such coincidences, or if
the file was cut off within it.

A quote inside a field that begins with something visible is a character: no reader takes it for an
opening one, so it neither hides a line end nor makes one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from bulkdel.job.job import Format, Quoting
from bulkdel.plan.input.file_bytes import FileBytes
from bulkdel.plan.input.formats import DELIMITERS, quoting_of

RECORD_MOST: Final = 16 << 20
"""Bytes that a record or a line of JSON may have, its line end not counted."""

RAW_KEPT: Final = 1 << 13
"""Bytes kept of a longer one."""

TOO_LONG: Final = "record_too_long"
_AFTER: Final = "text_after_quote"
BLANKS: Final = rb"(?:[ \t]|\xc2\xa0|\xef\xbb\xbf)+"
"""A quote behind these, and nothing else of its field, opens the field to some readers."""
_BLANKS: Final = re.compile(BLANKS)
_BLANKS_MOST: Final = 1 << 12
_LF, _CR, _QUOTE = 0x0A, 0x0D, 0x22
_OUT, _IN, _SHUT = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the records of a file are written; `delimiter` is one byte."""

    delimiter: bytes
    quotes: bool


def dialect_of(form: Format, given: Quoting | None) -> Dialect:
    """How a CSV or TSV file is written, with [input] quoting as `given`."""
    return Dialect(DELIMITERS[form], quoting_of(form, given) is Quoting.CSV)


class Record(NamedTuple):
    """One record in the physical lines `line` … `last_line`: a row's ids, or why it is none."""

    line: int
    last_line: int
    raw: bytes
    content: tuple[bytes, ...] | str


class Extent(NamedTuple):
    """The bytes begin … end - 1 of one record, line end included, or of one reject.

    `fault` says why it has no fields, whatever is in it.
    """

    begin: int
    end: int
    fault: str | None


class UnclosedQuote(Exception):
    """The quote at this byte of the file is never closed."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class _Followed(NamedTuple):
    """A record in all its readings.

    `whole` if it has the fields it should in each, and no quote is a character.
    """

    end: int
    fault: str | None
    whole: bool


def extent_at(content: FileBytes, begin: int, dialect: Dialect, width: int | None) -> Extent:
    """The record that begins at `begin`, which is before the end.

    Args:
        content: of the file.
        begin: its first byte.
        dialect: how it is written.
        width: fields of the header; None while that is being read.

    Raises:
        UnclosedQuote: the file ends inside quotes.
    """
    if not dialect.quotes:
        end = min(content.find(b"\n", begin) + 1, content.size)
        fault = None
    else:
        end, fault, whole = _follow(content, begin, dialect.delimiter, width)
        while fault and (quote := content.find(b'"', end)) < content.size:
            start = content.rfind(b"\n", end, quote) + 1
            following = _follow(content, start, dialect.delimiter, width)
            if following.whole and (following.fault is None or whole or start == end):
                break
            end = following.end
    if fault:
        return Extent(begin, end, fault)
    # Two more for CR LF: what is not longer is measured without its line end.
    long = end - begin > RECORD_MOST + 2 or (
        end - begin > RECORD_MOST and len(strip_end(content.slice(begin, end))) > RECORD_MOST
    )
    return Extent(begin, end, TOO_LONG if long else None)


@cache
def one_line(delimiter: bytes) -> re.Pattern[bytes]:
    """The commonest record whose quotes cannot be counted, with its line end.

    No line break is in it, and a quote that is a character stands only in a field that begins with
    something visible. _follow would find the same end and no fault.
    """
    mark = re.escape(delimiter)
    blanks = b" \t".replace(delimiter, b"") + rb"\xc2\xef"
    field = (
        rb'(?:"(?:[^"\n]++|"")*+"(?=' + mark + rb"|\r?\n)"
        rb'|[^" \t\xc2\xef\n' + mark + rb"][^\n" + mark + rb"]*+"
        rb"|[" + blanks + rb'][^"\n' + mark + rb"]*+|)"
    )
    return re.compile(field + rb"(?:" + mark + field + rb")*+\r?\n")


def _follow(content: FileBytes, begin: int, delimiter: bytes, width: int | None) -> _Followed:
    """One record in all readings that its quotes allow, from one quote to the next."""
    readings = _Readings(content, begin, delimiter)
    at = begin
    while True:
        if readings.states == _OUT:
            end = content.find(b"\n", at)
            quote = content.find(b'"', at, end)
            if quote == end:
                fields = content.count(delimiter, at, end)
                whole = (
                    not readings.stray
                    and readings.least + fields == width == readings.most + fields
                )
                return _Followed(min(end + 1, content.size), readings.fault, whole)
        else:
            quote = content.find(b'"', at)
            if quote == content.size:
                if readings.states & _OUT == 0 or readings.fault != _AFTER:
                    raise UnclosedQuote(readings.opened)
                # It closes in one reading, and in no other: no record of a whole file is that.
                end = min(content.find(b"\n", at) + 1, content.size)
                return _Followed(end, readings.fault, whole=False)
        readings.pass_quote(at, quote)
        at = quote + 1


class _Readings:
    """The readings of a record just behind a quote.

    Attributes:
        states: those they are in: outside of quotes, inside, or inside and behind a quote that
            another one would double.
        least, most: how many fields they have begun.
        fault: the first malformed quote's.
        stray: whether a quote was a character, outside and in the only reading.
        opened: where the latest field was opened.
    """

    def __init__(self, content: FileBytes, begin: int, delimiter: bytes) -> None:
        self._content = content
        self._begin = begin
        self._delimiter = delimiter
        self.states = _OUT
        self.least = self.most = 1
        self.fault: str | None = None
        self.stray = False
        self.opened = begin

    def pass_quote(self, at: int, quote: int) -> None:
        """Goes on from `at` over the next quote."""
        before, self.states = self.states, 0
        if before & _OUT:
            fields = self._content.count(self._delimiter, at, quote)
            self.most += fields
            self.least += fields if before == _OUT else 0
            self._from_outside(quote, alone=before == _OUT)
        if before & _IN:
            self.states |= _SHUT
        if before & _SHUT:
            self.states |= _IN
        if self.states & _SHUT and self._content.byte(quote + 1) != _QUOTE:
            self.states &= ~_SHUT
            if _ends_field(self._content, quote + 1, self._delimiter[0]):
                self.states |= _OUT
            else:
                self.states |= _OUT | _IN
                self.fault = self.fault or _AFTER

    def _from_outside(self, quote: int, *, alone: bool) -> None:
        if _at_start(self._content, self._begin, quote, self._delimiter):
            self.states |= _IN
        elif _behind_blanks(self._content, self._begin, quote, self._delimiter):
            self.states |= _IN | _OUT
            self.fault = self.fault or "blank_before_quote"
        else:
            self.states |= _OUT
            self.stray |= alone
        if alone and self.states & _IN:
            self.opened = quote


def _at_start(content: FileBytes, begin: int, quote: int, delimiter: bytes) -> bool:
    return quote == begin or content.byte(quote - 1) in (_LF, delimiter[0])


def _behind_blanks(content: FileBytes, begin: int, quote: int, delimiter: bytes) -> bool:
    """Whether nothing but blanks stands between the field's beginning and this quote."""
    head = content.slice(max(begin, quote - _BLANKS_MOST), quote)
    head = head[max(head.rfind(b"\n"), head.rfind(delimiter)) + 1 :]
    return _BLANKS.fullmatch(head) is not None


def _ends_field(content: FileBytes, at: int, delimiter: int) -> bool:
    byte = content.byte(at)
    if byte == _CR:
        return content.byte(at + 1) in (_LF, -1)
    return byte in (delimiter, _LF, -1)


def lines_in(content: FileBytes, begin: int, end: int) -> int:
    """How many physical lines these bytes are; the last one may lack its line end."""
    return content.count(b"\n", begin, end) + (content.byte(end - 1) != _LF)


def strip_end(line: bytes) -> bytes:
    """The line without its line end: LF, CRLF, or a CR that ends the file."""
    body = line[:-1] if line[-1:] == b"\n" else line
    return body[:-1] if body[-1:] == b"\r" else body


def fields_of(body: bytes, dialect: Dialect) -> list[bytes]:
    """The fields of a record that is not malformed, given without its line end."""
    if not dialect.quotes or b'"' not in body:
        return body.split(dialect.delimiter)
    fields: list[bytes] = []
    at = 0
    while True:
        if body[at : at + 1] != b'"':
            end = body.find(dialect.delimiter, at)
            end = len(body) if end < 0 else end
            fields.append(body[at:end])
        else:
            end = body.index(b'"', at + 1)
            while body[end + 1 : end + 2] == b'"':
                end = body.index(b'"', end + 2)
            fields.append(body[at + 1 : end].replace(b'""', b'"'))
            end += 1
        if end >= len(body):
            return fields
        at = end + 1


def width_fault(count: int, width: int) -> str | None:
    """Why a record of `count` fields is none of `width`; None if it is."""
    if count == width:
        return None
    return "too_few_fields" if count < width else "too_many_fields"
