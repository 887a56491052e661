"""Chunks of whole records → rows of ids, many at a time, with numpy.

What is suspect in a chunk (a record of another width, an id with a byte that some rule may mind, of
no or too many bytes, the header once more) is judged record by record, in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bulkdel.plan.ids import (
    ID_BYTES,
    WORD,
    Bytes,
    Flags,
    Whole,
    Words,
    texts_of,
    words_of,
    words_of_texts,
)
from bulkdel.plan.input.chunks import CR, LF, PAD, QUOTE, Chunk
from bulkdel.plan.input.lookalikes import Counts, counted, likely
from bulkdel.plan.input.records import Record, strip_end

Judge = Callable[[bytes], str | tuple[bytes, ...]]
"""What a record is, given with its line end: the ids of a row, or the reason why it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How records are made, and what to make of them.

    Attributes:
        delimiter: one byte.
        quotes: whether a quote can open a field; else it is a character.
        width: fields of a record.
        chosen: positions of the fields that are wanted: From, or From and To.
        names: for each of them, what may stand there in a header line.
        fine: the bytes that an id may have by every rule. None if the records are known to be good.
        judge: for suspect records.
    """

    delimiter: int
    quotes: bool
    width: int
    chosen: tuple[int, ...]
    names: tuple[tuple[bytes, ...], ...]
    fine: bytes | None
    judge: Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a chunk holds: each of its bytes belongs to a row, a blank line or a reject.

    Attributes:
        ids: n rows by From, or by From and To, in words.
        lines: physical lines of the chunk.
        rejects: in the order of their lines, which count from 0.
        lookalikes: among the ids.
        bytes: of rows, blank lines and rejects, line ends included.
    """

    ids: Words
    lines: int
    rejects: list[Record]
    lookalikes: Counts
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """Where the records of a chunk are: begin … end, where their line ends are.

    Attributes:
        odd: those that are judged by themselves; the others have `width` fields.
        starts, ends: of the others' wanted fields, the last without its line end.
        within: line ends and delimiters inside of quotes.
        quotes: the quotes that open and close, one after the other.
    """

    begin: Whole
    end: Whole
    odd: Flags
    blank: Flags
    starts: Whole
    ends: Whole
    within: Whole
    quotes: Whole


class _Read(NamedTuple):
    """The records that are not odd: ids, which of them are suspect, which ids may be lookalikes."""

    ids: Words
    suspect: Flags
    alike: Flags


def read_chunk(chunk: Chunk, shape: Shape) -> Rows:
    """The rows of a chunk."""
    data = np.frombuffer(chunk.buffer, np.uint8)[: chunk.size]
    records = _records(chunk, data, shape)
    starts, ends = records.starts, records.ends
    buffer = chunk.buffer
    suspect = np.zeros(len(starts), np.bool_)
    if len(records.quotes):
        quoted = data[starts] == QUOTE
        starts, ends = starts + quoted, ends - quoted
    if shape.fine is not None:
        _mark(_odd_bytes(chunk, data, records, shape), starts, ends, suspect)
        _mark_lengths(starts, ends, suspect)
        if not shape.quotes and QUOTE in chunk.buffer:
            suspect |= ((data[starts] == QUOTE) & (data[ends - 1] == QUOTE)).any(axis=1)
        _mark_not_utf8(chunk, records, suspect)
    doubled = _doubled(records.quotes)
    if len(doubled):
        buffer = bytearray(np.delete(data, doubled).tobytes() + bytes(PAD))
        starts = starts - np.searchsorted(doubled, starts)
        ends = ends - np.searchsorted(doubled, ends)
    ids = _ids(buffer, starts, ends, suspect)
    if shape.fine is not None:
        for column, names in enumerate(shape.names):
            for name in names:
                suspect |= ids[:, column, 0] == words_of_texts([name[:ID_BYTES]])[0, 0]
    return _judged(chunk, shape, records, _Read(ids, suspect, likely(ids, buffer, ends)))


def _records(chunk: Chunk, data: Bytes, shape: Shape) -> _Records:
    marks = data == LF
    marks |= data == shape.delimiter
    quotes = within = np.zeros(0, np.int64)
    if chunk.quoted or chunk.strays:
        opens = data == QUOTE if shape.quotes else np.zeros(len(data), np.bool_)
        for stray in chunk.strays:
            opens[stray.begin : stray.end] = False
        inside = (np.cumsum(opens, dtype=np.uint8) & 1).view(np.bool_)
        for stray in chunk.strays:
            inside[stray.begin : stray.end - 1] = True
            inside[stray.end - 1] = False
        quotes = np.flatnonzero(opens)
        within = np.flatnonzero(marks & inside)
        marks &= ~inside
    ends: Whole = np.flatnonzero(marks)
    starts: Whole = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    fields, begin, end = _lines(data, starts, ends, shape.width)
    odd: Flags = fields != shape.width
    length = end - begin
    blank: Flags = length < 1
    if CR in chunk.buffer:
        blank |= (length == 1) & (data[begin] == CR)
    odd |= blank
    if chunk.strays:
        odd[np.searchsorted(begin, [stray.begin for stray in chunk.strays])] = True
    if odd.any():
        kept = ~np.repeat(odd, fields)
        starts, ends = starts[kept], ends[kept]
    starts, ends = starts.reshape(-1, shape.width), ends.reshape(-1, shape.width)
    if CR in chunk.buffer:
        ends = ends.copy()  # where the line ends stand is a view on it
        ends[:, -1] -= (data[ends[:, -1] - 1] == CR) & (ends[:, -1] > starts[:, -1])
    if shape.chosen != tuple(range(shape.width)):
        starts, ends = starts[:, shape.chosen], ends[:, shape.chosen]
    return _Records(
        begin=begin, end=end, odd=odd, blank=blank, starts=starts, ends=ends, within=within,
        quotes=quotes,
    )  # fmt: skip


def _lines(data: Bytes, starts: Whole, ends: Whole, width: int) -> tuple[Whole, Whole, Whole]:
    """The records of these fields: how many each has, where it begins, and its line end."""
    kinds = data[ends] == LF
    lines = int(np.count_nonzero(kinds))
    if lines * width == len(ends) and kinds[width - 1 :: width].all():
        fields: Whole = np.full(lines, width)
        return fields, starts[::width], ends[width - 1 :: width]
    last = np.flatnonzero(kinds)
    fields = np.diff(last, prepend=-1)
    return fields, np.take(starts, last - fields + 1), np.take(ends, last)


def _doubled(quotes: Whole) -> Whole:
    """The second ones of doubled quotes: they open where one has just closed."""
    opens, closes = quotes[2::2], quotes[1:-1:2]
    doubled: Whole = opens[opens == closes + 1]
    return doubled


def _odd_bytes(chunk: Chunk, data: Bytes, records: _Records, shape: Shape) -> Whole:
    """The places of bytes that some rule may mind in an id."""
    fine = np.zeros(256, np.bool_)
    fine[list(shape.fine or b"")] = True
    marks = bytes((LF, CR, shape.delimiter)) + (b'"' if shape.quotes else b"")
    left = data.tobytes().translate(None, (shape.fine or b"") + marks)
    places = [records.within[~fine[data[records.within]]]]
    if left:
        odd = ~fine
        odd[list(marks)] = False
        places.append(np.flatnonzero(odd[data]))
    if not fine[QUOTE]:
        places.append(_doubled(records.quotes) - 1)
    if CR in chunk.buffer:
        returns = np.flatnonzero(data == CR)
        places.append(returns[data[np.minimum(returns + 1, len(data) - 1)] != LF])
    return np.concatenate(places)


def _mark(places: Whole, starts: Whole, ends: Whole, suspect: Flags) -> None:
    """Marks the rows with one of these places in a wanted field."""
    if not len(places) or not len(starts):
        return
    for start, end in zip(starts.T, ends.T, strict=True):
        rows = np.minimum(np.searchsorted(end, places, side="right"), len(end) - 1)
        suspect[rows[(start[rows] <= places) & (places < end[rows])]] = True


def _mark_lengths(starts: Whole, ends: Whole, suspect: Flags) -> None:
    """Marks the rows with an id of no or too many bytes."""
    lengths = ends - starts
    if lengths.max(initial=1) > ID_BYTES or lengths.min(initial=1) < 1:
        suspect |= ((lengths < 1) | (lengths > ID_BYTES)).any(axis=1)


def _mark_not_utf8(chunk: Chunk, records: _Records, suspect: Flags) -> None:
    """Marks the rows whose record is not UTF-8 throughout."""
    if chunk.buffer.isascii():
        return
    numbers = np.cumsum(~records.odd) - 1
    at = 0
    while at < chunk.size:
        try:
            str(memoryview(chunk.buffer)[at : chunk.size], "utf-8")
        except UnicodeDecodeError as exc:
            record = int(np.searchsorted(records.end, at + exc.start))
            at = int(records.end[record]) + 1
            if not records.odd[record]:
                suspect[numbers[record]] = True
        else:
            return


def _ids(buffer: bytearray, starts: Whole, ends: Whole, suspect: Flags) -> Words:
    """The ids in words, whatever they are where a row is suspect; marks From = To."""
    lengths = np.clip(ends - starts, 0, ID_BYTES) if suspect.any() else ends - starts
    count = max(1, -(-int(lengths.max(initial=1)) // WORD))
    ids = words_of(buffer, starts.ravel(), lengths.ravel(), count).reshape(*starts.shape, count)
    if ids.shape[1] > 1 and (ids[:, 0, 0] == ids[:, 1, 0]).any():
        suspect |= (ids[:, 0] == ids[:, 1]).all(axis=1)
    return ids


def _judged(chunk: Chunk, shape: Shape, records: _Records, read: _Read) -> Rows:
    """The rows and the rejects, after what is suspect or odd was judged."""
    data = np.frombuffer(chunk.buffer, np.uint8)[: chunk.size]
    ids, suspect, alike = read
    if not (records.odd.any() or suspect.any()):
        return Rows(
            ids=ids,
            lines=int(np.count_nonzero(data == LF)) if len(records.within) else len(records.end),
            rejects=[],
            lookalikes=counted(texts_of(ids[alike])) if alike.any() else {},
            bytes=int((records.end - records.begin).sum()) + len(records.end),
        )
    regular = np.flatnonzero(~records.odd)
    lines = np.flatnonzero(data == LF)
    faults = {stray.begin: stray.fault for stray in chunk.strays}
    chosen = np.concatenate((np.flatnonzero(records.odd & ~records.blank), regular[suspect]))
    numbers = np.searchsorted(lines, records.begin[chosen])
    rejects: list[Record] = []
    more: list[tuple[int, tuple[bytes, ...]]] = []
    total = int((records.end - records.begin + 1)[records.blank].sum())
    for record, line in sorted(zip(chosen.tolist(), numbers.tolist(), strict=True)):
        begin, end = int(records.begin[record]), int(records.end[record])
        raw = bytes(chunk.buffer[begin : end + 1])
        judgement = faults.get(begin) or shape.judge(raw)
        if isinstance(judgement, str):
            last_line = line + raw.count(b"\n") - 1
            rejects.append(Record(line, last_line, strip_end(raw), judgement))
            total += len(raw)
        elif records.odd[record]:
            more.append((record, judgement))
            total += len(raw)
        else:
            suspect[np.searchsorted(regular, record)] = False
    if suspect.any():
        ids, alike, regular = ids[~suspect], alike[~suspect], regular[~suspect]
    total += int((records.end - records.begin + 1)[regular].sum())
    if more:
        ids, alike = _with_more(ids, alike, regular, more)
    counts = counted(texts_of(ids[alike])) if alike.any() else {}
    return Rows(ids=ids, lines=len(lines), rejects=rejects, lookalikes=counts, bytes=total)


def _with_more(
    ids: Words, alike: Flags, numbers: Whole, more: list[tuple[int, tuple[bytes, ...]]]
) -> tuple[Words, Flags]:
    """The ids, of records with these numbers, and those of more records, in order."""
    texts = [account for _, accounts in more for account in accounts]
    count = max(ids.shape[2], -(-max(map(len, texts)) // WORD))
    wide = np.zeros((*ids.shape[:2], count), ids.dtype)
    wide[:, :, : ids.shape[2]] = ids
    added = words_of_texts(texts, count).reshape(len(more), ids.shape[1], count)
    places = np.searchsorted(numbers, [record for record, _ in more])
    return np.insert(wide, places, added, axis=0), np.insert(alike, places, True, axis=0)
