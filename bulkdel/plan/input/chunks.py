"""Files → chunks of whole records, cut one after the other; the rows in them are read elsewhere.

Where quotes are well-formed, a byte is inside of them if an odd number of quotes stands before it,
and that is counted for millions of bytes at once. A quote that is neither at the edge of its field
nor doubled is looked at by itself: extent_at says where that record, or that reject, ends, and the
counting begins anew behind it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from bulkdel.plan.ids import ID_BYTES, Bytes, Whole
from bulkdel.plan.input.file_bytes import FileBytes
from bulkdel.plan.input.records import RAW_KEPT, Dialect, Extent, extent_at, lines_in, one_line

PAD: Final = ID_BYTES + 2
"""Bytes behind a chunk's last line that its buffer must have."""

LF: Final = 0x0A
CR: Final = 0x0D
QUOTE: Final = 0x22

LINES_MOST: Final = 1 << 18
DELIMITERS_MOST: Final = 1 << 20
"""Lines and delimiters of a chunk: what is made of them outweighs its bytes."""

_STEPS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Whole records in the first `size` bytes of `buffer`; PAD more follow.

    Attributes:
        quoted: whether there are quotes that mean something.
        strays: records that are not read by counting quotes, by their places in the buffer.
        added: 1 if the file's last line has no line end and was given one, else 0.
    """

    buffer: bytearray
    size: int
    quoted: bool
    strays: tuple[Extent, ...]
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A reject that no chunk holds: why, its bytes, its line ends, and how it begins."""

    fault: str
    size: int
    lines: int
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutter:
    """Cuts an open file, from byte `begin` to `end`, about `most` bytes at a time.

    `width` is how many fields the header has. A record that is not rejected for its length is in
    one chunk, however small `most` is.
    """

    fd: int
    begin: int
    end: int
    dialect: Dialect
    width: int
    most: int

    def chunks(self) -> Iterator[Chunk | Apart]:
        """The chunks in their order; together they are the file from `begin` on.

        A file that became shorter ends there.

        Raises:
            UnclosedQuote: the file ends inside quotes.
        """
        content = FileBytes.of_file(self.fd, self.end)
        at = self.begin
        carried = b""
        while at < self.end:
            buffer, size = self._filled(carried, at)
            if size == 0:
                return
            added = 0
            if at + size >= self.end and buffer[size - 1] != LF:
                buffer[size] = LF
                added = 1
            size += added
            cut, quoted, strays, apart = self._cut(content, buffer, size, added, at)
            if cut:
                yield Chunk(
                    buffer=buffer,
                    size=cut,
                    quoted=quoted,
                    strays=strays,
                    added=added if cut == size else 0,
                )
            if apart is None:
                carried = bytes(buffer[cut : size - added])
                at += min(cut, size - added)
            else:
                yield self._alone(content, apart)
                carried = b""
                at = apart.end

    def _filled(self, carried: bytes, at: int) -> tuple[bytearray, int]:
        """The file from `at` on, of which some is known; and how many bytes that are."""
        size = len(carried)
        most = min(max(self.most, size), self.end - at)
        buffer = bytearray(most + 1 + PAD)
        buffer[:size] = carried
        with memoryview(buffer) as view:
            while size < most and (got := os.preadv(self.fd, [view[size:most]], at + size)):
                size += got
        return buffer, size

    def _cut(
        self, content: FileBytes, buffer: bytearray, size: int, added: int, base: int
    ) -> tuple[int, bool, tuple[Extent, ...], Extent | None]:
        """How many bytes are whole records, and what is in them; what follows, if that is known."""
        data = np.frombuffer(buffer, np.uint8)[:size]
        ended = base + size - added >= self.end
        bound = _bound(data, self.dialect)
        quotes = _Quotes.none()
        if self.dialect.quotes and buffer.find(b'"', 0, size) >= 0:
            quotes = _Quotes.among(np.frombuffer(buffer, np.uint8), size, self.dialect)
            if quotes.places.size and not ended:
                bound = min(bound, size - 2)  # what is behind a quote may be unknown there
        strays: list[Extent] = []
        at = 0
        while True:
            fault = quotes.fault_from(at, bound)
            cut = quotes.line_end(buffer, at, fault) + 1
            if fault >= bound and cut:
                break
            line = one_line(self.dialect.delimiter).match(buffer, cut, size - added)
            if line and self.dialect.quotes:
                extent = Extent(base + cut, base + line.end(), None)
            else:
                extent = extent_at(content, base + cut, self.dialect, self.width)
            if extent.end - base > size - added:
                return cut, bool(quotes.places.size), tuple(strays), extent
            at = size if extent.end == self.end else extent.end - base
            strays.append(Extent(cut, at, extent.fault))
            if at >= bound:
                cut = at
                break
        return cut, bool(quotes.places.size), tuple(strays), None

    def _alone(self, content: FileBytes, extent: Extent) -> Chunk | Apart:
        """One record, or reject, that is longer than the rest of a buffer."""
        begin, end, fault = extent
        if fault is not None:
            return Apart(
                fault=fault,
                size=end - begin,
                lines=lines_in(content, begin, end),
                raw=content.slice(begin, min(end, begin + RAW_KEPT)),
            )
        buffer = bytearray(content.slice(begin, end))
        added = int(buffer[-1:] != b"\n")
        buffer += b"\n" * added
        size = len(buffer)
        buffer += bytes(PAD)
        whole = (Extent(0, size, None),)
        return Chunk(buffer=buffer, size=size, quoted=True, strays=whole, added=added)


def _bound(data: Bytes, dialect: Dialect) -> int:
    """How many of these bytes may be taken at a time."""
    bound = len(data)
    for mark, most in ((LF, LINES_MOST), (dialect.delimiter[0], DELIMITERS_MOST)):
        marks = data[:bound] == mark
        if np.count_nonzero(marks) > most:
            bound = int(np.flatnonzero(marks)[most - 1]) + 1
    return bound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quotes:
    """The places of a buffer's quotes.

    `faults` are those that are not well-formed, where the first quote opens, and where the second
    does.
    """

    places: Whole
    faults: tuple[Whole, Whole]

    @classmethod
    def none(cls) -> Self:
        """No quote that means anything."""
        empty = np.zeros(0, np.int64)
        return cls(places=empty, faults=(empty, empty))

    @classmethod
    def among(cls, data: Bytes, size: int, dialect: Dialect) -> Self:
        """Looks at the quotes in the first `size` bytes, which begin with a record."""
        places = np.flatnonzero(data[:size] == QUOTE)
        if not places.size:
            return cls.none()
        edge = np.zeros(256, np.bool_)
        edge[[LF, dialect.delimiter[0], QUOTE]] = True
        opens = edge[data[places - 1]]
        opens[0] |= places[0] == 0
        behind = data[places + 1]
        closes = edge[behind]
        returns = np.flatnonzero(behind == CR)
        closes[returns] = data[places[returns] + 2] == LF
        faults = []
        for first in (0, 1):
            good = closes.copy()
            good[first::2] = opens[first::2]
            faults.append(places[~good])
        return cls(places=places, faults=(faults[0], faults[1]))

    def fault_from(self, at: int, bound: int) -> int:
        """The first quote from `at` on, where a record begins, that is malformed; or `bound`."""
        faults = self.faults[self.places.searchsorted(at) & 1]
        first = faults.searchsorted(at)
        return min(int(faults[first]), bound) if first < len(faults) else bound

    def line_end(self, buffer: bytearray, begin: int, end: int) -> int:
        """The last line end outside quotes before `end`; begin - 1 if there is none.

        A record begins at `begin`, and the quotes between are well-formed.
        """
        outside = self.places.searchsorted(begin) & 1
        at = end
        for _ in range(_STEPS):
            at = buffer.rfind(b"\n", begin, at)
            before = self.places.searchsorted(at)
            if at < 0 or before & 1 == outside:
                return max(at, begin - 1)
            at = int(self.places[before - 1])
        lines = np.flatnonzero(np.frombuffer(buffer, np.uint8)[begin:at] == LF) + begin
        lines = lines[self.places.searchsorted(lines) & 1 == outside]
        return int(lines[-1]) if len(lines) else begin - 1
