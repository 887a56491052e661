"""Which entries of the plan are settled whole: one bit an ordinal, the only thing that grows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SEGMENT_BYTES = 1024
"""Bytes of one stored segment: three of them share a page of the journal, so a tick that settles
neighbours writes one page, and 100 M entries are read back from 12,208 rows."""

MOST_SEGMENTS = 1 << 17
"""Segments of a thousand million entries."""

_SEGMENT_BITS = SEGMENT_BYTES * 8
_STRIDE = 4096
_FULL = b"\xff" * _STRIDE


class SettledSet:
    """A set of ordinals; what was never added is not in it.

    It is changed in two steps, so that memory never runs ahead of the disk: `grown` returns what
    the segments would be, and `adopt` takes them over once they are durable.
    """

    __slots__ = ("_bits",)

    def __init__(self) -> None:
        self._bits = bytearray()

    def __contains__(self, ordinal: int) -> bool:
        byte = ordinal >> 3
        return byte < len(self._bits) and bool(self._bits[byte] >> (ordinal & 7) & 1)

    def next_unsettled(self, lo: int, hi: int) -> int | None:
        """Returns the first ordinal of lo … hi - 1 that is not settled; None if all are.

        It looks at 4 KiB at a time: some milliseconds over 100 million settled ones.
        """
        if lo >= hi:
            return None
        bits = self._bits
        byte = lo >> 3
        if byte >= len(bits):
            return lo
        first = ~bits[byte] & (0xFF << (lo & 7)) & 0xFF
        if not first:
            byte = self._next_open_byte(byte + 1, (hi + 7) >> 3)
            if byte << 3 >= hi:
                return None
            first = ~bits[byte] & 0xFF if byte < len(bits) else 1
        ordinal = (byte << 3) + (first & -first).bit_length() - 1
        return ordinal if ordinal < hi else None

    def grown(self, ordinals: Iterable[int]) -> dict[int, bytes]:
        """The segments that change if `ordinals` are added, as they would be then."""
        segments: dict[int, bytearray] = {}
        for ordinal in ordinals:
            number, bit = divmod(ordinal, _SEGMENT_BITS)
            segment = segments.get(number)
            if segment is None:
                begin = number * SEGMENT_BYTES
                segment = self._bits[begin : begin + SEGMENT_BYTES]
                segment.extend(bytes(SEGMENT_BYTES - len(segment)))
                segments[number] = segment
            segment[bit >> 3] |= 1 << (bit & 7)
        return {number: bytes(segment) for number, segment in segments.items()}

    def adopt(self, segments: Mapping[int, bytes]) -> None:
        """Take over segments as they stand in the journal."""
        for number, segment in segments.items():
            begin = number * SEGMENT_BYTES
            end = begin + SEGMENT_BYTES
            if len(self._bits) < end:
                self._bits.extend(bytes(end - len(self._bits)))
            self._bits[begin:end] = segment

    def _next_open_byte(self, byte: int, end: int) -> int:
        """The first byte from `byte` on that is not full; `end` or beyond if none before."""
        bits = self._bits
        end = min(end, len(bits))
        while byte < end:
            stride = bits[byte : byte + _STRIDE]
            if stride != _FULL:
                rest = stride.lstrip(b"\xff")
                if rest:
                    return byte + len(stride) - len(rest)
            byte += len(stride)
        return byte
