"""Plain lines → rows of ids, a chunk at a time, with numpy.

A chunk is plain if a line is a row and nothing in it can be read in two ways: quotes only around
whole fields, one kind of line end, valid UTF-8. What is suspect in a plain chunk (a line of another
width, an id with a byte that some rule may mind, of no or too many bytes) is judged line by line,
by the same rules in Python that the strict readers use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bulkdel.plan.ids import ID_BYTES, WORD, Bytes, Flags, Whole, Words, words_of
from bulkdel.plan.records import strip_end

PAD: Final = ID_BYTES + 2
"""Bytes behind a chunk's last line that its buffer must have."""

LF: Final = 0x0A
_CR, _QUOTE, _ASCII_END = 0x0D, 0x22, 0x80

Judge = Callable[[bytes], str | None]
"""The reason why a line, given with its end, is no row; "" if it is blank, None if it is one."""


class NotPlain(Exception):
    """The chunk needs a strict reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How lines are made, and what to make of them.

    Attributes:
        delimiter: one byte.
        width: fields of a line.
        chosen: positions of the fields that are wanted: From, or From and To.
        crlf: whether lines end in CR LF.
        fine: the bytes that an id may have by every rule, and those that are taken off it: quote,
            delimiter and line end. None if the lines are known to be good.
        judge: for suspect lines.
    """

    delimiter: int
    width: int
    chosen: tuple[int, ...]
    crlf: bool
    fine: bytes | None
    judge: Judge


class Reject(NamedTuple):
    """A line that is no row; `line` counts from 0, `raw` is without its end."""

    line: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a chunk holds.

    Attributes:
        ids: n rows by From, or by From and To, in words.
        lines: physical lines of the chunk.
        blank: how many of them are blank.
        rejects: in the order of the lines.
    """

    ids: Words
    lines: int
    blank: int
    rejects: list[Reject]


def read_chunk(buffer: bytearray, size: int, shape: Shape) -> Rows:
    """The rows in the first `size` bytes of `buffer`, which are whole lines; PAD more follow.

    Raises:
        NotPlain: the chunk cannot be read this way.
    """
    data = np.frombuffer(buffer, np.uint8)[:size]
    ends = np.flatnonzero((data == LF) | (data == shape.delimiter))
    kinds = data[ends]
    if shape.fine is not None:
        _check_plain(data, buffer, int(np.count_nonzero(kinds == LF)), shape)
    pattern = np.full(shape.width, shape.delimiter, np.uint8)
    pattern[-1] = LF
    if len(ends) % shape.width or (kinds.reshape(-1, shape.width) != pattern).any():
        return _without_odd_lines(buffer, data, ends[kinds == LF], ends, shape)
    return _regular(buffer, data, ends.reshape(-1, shape.width), shape)


def _check_plain(data: Bytes, buffer: bytearray, lines: int, shape: Shape) -> None:
    returns = int(np.count_nonzero(data == _CR))
    if returns != (lines if shape.crlf else 0):
        raise NotPlain
    if shape.crlf and not (data[np.flatnonzero(data == LF) - 1] == _CR).all():
        raise NotPlain
    if data.max(initial=0) >= _ASCII_END:
        try:
            buffer[: len(data)].decode()
        except UnicodeDecodeError as exc:
            raise NotPlain from exc


def _without_odd_lines(
    buffer: bytearray, data: Bytes, line_ends: Whole, ends: Whole, shape: Shape
) -> Rows:
    """Judges the lines of another width, and reads the chunk again without them."""
    fields = np.diff(np.searchsorted(ends, line_ends, side="right"), prepend=0)
    odd = fields != shape.width
    starts = np.concatenate(([0], line_ends[:-1] + 1))
    out = np.repeat(odd, line_ends + 1 - starts)
    if shape.fine is not None and (data[out] == _QUOTE).any():
        raise NotPlain
    rejects, blank = _judge_lines(buffer, line_ends, np.flatnonzero(odd), shape, odd)
    if (odd != (fields != shape.width)).any():
        raise NotPlain
    left = bytearray(data[~out].tobytes())
    size = len(left)
    left += bytes(PAD)
    rest = read_chunk(left, size, shape)
    numbers = np.flatnonzero(~odd)
    rejects += [Reject(int(numbers[at]), fault, raw) for at, fault, raw in rest.rejects]
    return Rows(
        ids=rest.ids, lines=len(line_ends), blank=blank + rest.blank, rejects=sorted(rejects)
    )


def _regular(buffer: bytearray, data: Bytes, ends: Whole, shape: Shape) -> Rows:
    starts = np.empty_like(ends)
    starts.ravel()[:1] = 0
    starts.ravel()[1:] = ends.ravel()[:-1] + 1
    lengths = ends - starts
    if shape.crlf:
        lengths[:, -1] -= 1
    if shape.fine is not None:
        _unquote(data, starts, lengths)
    if shape.chosen != tuple(range(shape.width)):
        starts, lengths = starts[:, shape.chosen], lengths[:, shape.chosen]
    suspect = np.zeros(len(ends), np.bool_)
    longest = int(lengths.max(initial=1))
    if longest > ID_BYTES or lengths.min(initial=1) < 1:
        suspect |= ((lengths < 1) | (lengths > ID_BYTES)).any(axis=1)
        lengths = np.clip(lengths, 0, ID_BYTES)
    if shape.fine is not None and data.tobytes().translate(None, shape.fine):
        _mark_bytes(data, ends, shape, suspect)
    count = max(1, -(-min(longest, ID_BYTES) // WORD))
    ids = words_of(buffer, starts.ravel(), lengths.ravel(), count)
    ids = ids.reshape(len(ends), len(shape.chosen), count)
    if len(shape.chosen) > 1 and (ids[:, 0, 0] == ids[:, 1, 0]).any():
        suspect |= (ids[:, 0] == ids[:, 1]).all(axis=1)
    if not suspect.any():
        return Rows(ids=ids, lines=len(ends), blank=0, rejects=[])
    found = np.flatnonzero(suspect)
    rejects, blank = _judge_lines(buffer, ends[:, -1], found, shape, suspect)
    return Rows(ids=ids[~suspect], lines=len(ends), blank=blank, rejects=rejects)


def _unquote(data: Bytes, starts: Whole, lengths: Whole) -> None:
    """Takes quotes off fields.

    Two for each quoted field are all there may be: then no field holds a quote, a delimiter or a
    line end.
    """
    quotes = int(np.count_nonzero(data == _QUOTE))
    if not quotes:
        return
    last = starts + lengths - 1
    quoted = (lengths > 1) & (data[starts] == _QUOTE) & (data[last] == _QUOTE)
    if quotes != 2 * int(np.count_nonzero(quoted)):
        raise NotPlain
    starts += quoted
    lengths -= 2 * quoted.astype(np.int64)


def _judge_lines(
    buffer: bytearray, line_ends: Whole, chosen: Whole, shape: Shape, bad: Flags
) -> tuple[list[Reject], int]:
    """Judges the chosen lines: rejects, and how many are blank; `bad` is taken off good ones."""
    rejects: list[Reject] = []
    blank = 0
    for at in chosen.tolist():
        begin = int(line_ends[at - 1]) + 1 if at else 0
        line = bytes(buffer[begin : line_ends[at] + 1])
        fault = shape.judge(line)
        if fault is None:
            bad[at] = False
        elif fault:
            rejects.append(Reject(at, fault, strip_end(line)))
        else:
            blank += 1
    return rejects, blank


def _mark_bytes(data: Bytes, ends: Whole, shape: Shape, suspect: Flags) -> None:
    """Marks the lines whose ids hold a byte that some rule may mind."""
    odd = np.ones(256, np.bool_)
    odd[list(shape.fine or b"")] = False
    fields = np.searchsorted(ends.ravel(), np.flatnonzero(odd[data]))
    wanted = np.isin(fields % shape.width, shape.chosen)
    suspect[fields[wanted] // shape.width] = True
