"""Any place of a file, one block in memory at a time: for looking as far ahead as it takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

BLOCK: Final = 1 << 18

ReadAt = Callable[[int, int], bytes]
"""Up to so many bytes (the second) from a place (the first) on; fewer only at the end."""


class FileBytes:
    """The bytes of a file by their places; behind its end there is nothing to find."""

    def __init__(self, read_at: ReadAt, size: int, *, block: int = BLOCK) -> None:
        self.size = size
        self._read_at = read_at
        self._block = block
        self._begin = 0
        self._held = b""

    @classmethod
    def of_bytes(cls, content: bytes) -> FileBytes:
        """What is in memory already."""
        return cls(lambda at, size: content[at : at + size], len(content))

    @classmethod
    def of_file(cls, fd: int, size: int, *, block: int = BLOCK) -> FileBytes:
        """The first `size` bytes of an open file, whose own place stays as it is."""
        return cls(lambda at, count: os.pread(fd, count, at), size, block=block)

    def byte(self, at: int) -> int:
        """The byte at `at`; -1 behind the end."""
        held = self._hold(at)
        return held[at - self._begin] if held else -1

    def find(self, mark: bytes, begin: int, end: int | None = None) -> int:
        """The first place of the byte `mark` in begin … end - 1; `end` if there is none."""
        end = self.size if end is None else min(end, self.size)
        at = begin
        while at < end and (held := self._hold(at)):
            place = held.find(mark, at - self._begin, end - self._begin)
            if place >= 0:
                return self._begin + place
            at = self._begin + len(held)
        return end

    def rfind(self, mark: bytes, begin: int, end: int) -> int:
        """The last place of the byte `mark` in begin … end - 1; begin - 1 if there is none."""
        at = min(end, self.size)
        while at > begin:
            first = max(begin, at - self._block)
            place = self.slice(first, at).rfind(mark)
            if place >= 0:
                return first + place
            at = first
        return begin - 1

    def count(self, mark: bytes, begin: int, end: int) -> int:
        """How often the byte `mark` stands in begin … end - 1."""
        total, at = 0, begin
        end = min(end, self.size)
        while at < end and (held := self._hold(at)):
            total += held.count(mark, at - self._begin, end - self._begin)
            at = self._begin + len(held)
        return total

    def slice(self, begin: int, end: int) -> bytes:
        """The bytes begin … end - 1, as many of them as there are."""
        pieces: list[bytes] = []
        at = begin
        end = min(end, self.size)
        while at < end and (held := self._hold(at)):
            pieces.append(held[at - self._begin : end - self._begin])
            at += len(pieces[-1])
        return b"".join(pieces)

    def _hold(self, at: int) -> bytes:
        """The block in which `at` lies; empty behind the end, or where the file became shorter."""
        if not self._begin <= at < self._begin + len(self._held):
            self._begin = at - at % self._block
            self._held = self._read_at(self._begin, min(self._block, self.size - self._begin))
            if at >= self._begin + len(self._held):
                self._held = b""
        return self._held
