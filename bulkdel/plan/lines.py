"""Plain lines → rows of ids, a chunk at a time, with numpy.

A chunk is plain if a line is a row and nothing in it can be read in two ways: no quote, one kind
of line end, valid UTF-8. What is suspect in a plain chunk (a line of another width, an id with a
byte that some rule may mind, of no or too many bytes) is judged line by line, by the same rules in
Python that the strict readers use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from bulkdel.plan.ids import ID_BYTES, WORD, Bytes, Flags, Whole, Words, words_of
from bulkdel.plan.records import strip_end

PAD: Final = ID_BYTES + 2
"""Bytes behind a chunk's last line that its buffer must have."""

_LF, _CR, _QUOTE, _ASCII_END = 0x0A, 0x0D, 0x22, 0x80

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
        fine: the bytes that an id may have by every rule, and delimiter and line end; None if the
            lines are known to be good.
        judge: for suspect lines.
    """

    delimiter: int
    width: int
    chosen: tuple[int, ...]
    crlf: bool
    fine: bytes | None
    judge: Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a chunk holds.

    Attributes:
        ids: n rows by From, or by From and To, in words.
        lines: physical lines of the chunk.
        blank: how many of them are blank.
        rejects: (line, from 0; reason; raw line without its end), in the order of the lines.
    """

    ids: Words
    lines: int
    blank: int
    rejects: list[tuple[int, str, bytes]]


def read_chunk(buffer: bytearray, size: int, shape: Shape) -> Rows:
    """The rows in the first `size` bytes of `buffer`, which are whole lines; PAD more follow.

    Raises:
        NotPlain: the chunk cannot be read this way.
    """
    data = np.frombuffer(buffer, np.uint8)[:size]
    ends = np.flatnonzero((data == _LF) | (data == shape.delimiter))
    kinds = data[ends]
    if shape.fine is not None:
        _check_plain(data, buffer, int(np.count_nonzero(kinds == _LF)), shape)
    pattern = np.full(shape.width, shape.delimiter, np.uint8)
    pattern[-1] = _LF
    if len(ends) % shape.width or (kinds.reshape(-1, shape.width) != pattern).any():
        return _without_odd_lines(buffer, data, ends[kinds == _LF], ends, shape)
    return _regular(buffer, data, ends.reshape(-1, shape.width), shape)


def _check_plain(data: Bytes, buffer: bytearray, lines: int, shape: Shape) -> None:
    returns = int(np.count_nonzero(data == _CR))
    if (data == _QUOTE).any() or returns != (lines if shape.crlf else 0):
        raise NotPlain
    if shape.crlf and not (data[np.flatnonzero(data == _LF) - 1] == _CR).all():
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
    rejects, blank = [], 0
    for at in np.flatnonzero(odd).tolist():
        line = bytes(buffer[starts[at] : line_ends[at] + 1])
        fault = shape.judge(line)
        if fault:
            rejects.append((at, fault, strip_end(line)))
        elif fault is None:
            raise NotPlain
        else:
            blank += 1
    keep = np.repeat(~odd, line_ends + 1 - starts)
    left = bytearray(data[keep].tobytes())
    size = len(left)
    left += bytes(PAD)
    rest = read_chunk(left, size, shape)
    numbers = np.flatnonzero(~odd)
    rejects += [(int(numbers[at]), fault, raw) for at, fault, raw in rest.rejects]
    return Rows(
        ids=rest.ids,
        lines=len(line_ends),
        blank=blank + rest.blank,
        rejects=sorted(rejects),
    )


def _regular(buffer: bytearray, data: Bytes, ends: Whole, shape: Shape) -> Rows:
    lines = len(ends)
    starts = np.empty_like(ends)
    starts.ravel()[:1] = 0
    starts.ravel()[1:] = ends.ravel()[:-1] + 1
    suspect = np.zeros(lines, np.bool_)
    lengths = ends - starts
    if shape.crlf:
        lengths[:, -1] -= 1
    if shape.chosen != tuple(range(shape.width)):
        starts, lengths = starts[:, shape.chosen], lengths[:, shape.chosen]
    shortest, longest = int(lengths.min(initial=1)), int(lengths.max(initial=1))
    if shortest < 1 or longest > ID_BYTES:
        suspect |= ((lengths < 1) | (lengths > ID_BYTES)).any(axis=1)
        lengths = np.clip(lengths, 0, ID_BYTES)
    if shape.fine is not None and data.tobytes().translate(None, shape.fine):
        _mark_bytes(data, ends, shape, suspect)
    count = max(1, -(-min(longest, ID_BYTES) // WORD))
    ids = words_of(buffer, starts.ravel(), lengths.ravel(), count)
    ids = ids.reshape(lines, len(shape.chosen), count)
    if len(shape.chosen) == 2:  # noqa: PLR2004 - From and To
        same = ids[:, 0, 0] == ids[:, 1, 0]
        if same.any():
            suspect |= (ids[:, 0] == ids[:, 1]).all(axis=1)
    if not suspect.any():
        return Rows(ids=ids, lines=lines, blank=0, rejects=[])
    rejects, blank = [], 0
    for at in np.flatnonzero(suspect).tolist():
        begin = int(ends[at - 1, -1]) + 1 if at else 0
        line = bytes(buffer[begin : ends[at, -1] + 1])
        fault = shape.judge(line)
        if fault is None:
            suspect[at] = False
        elif fault:
            rejects.append((at, fault, strip_end(line)))
        else:
            blank += 1
    return Rows(ids=ids[~suspect], lines=lines, blank=blank, rejects=rejects)


def _mark_bytes(data: Bytes, ends: Whole, shape: Shape, suspect: Flags) -> None:
    """Marks the lines whose ids hold a byte that some rule may mind."""
    odd = np.ones(256, np.bool_)
    odd[list(shape.fine or b"")] = False
    fields = np.searchsorted(ends.ravel(), np.flatnonzero(odd[data]))
    wanted = np.isin(fields % shape.width, shape.chosen)
    suspect[fields[wanted] // shape.width] = True
