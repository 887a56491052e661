"""A file of sealed lines: written with its tree and an index, and read back line by line.

The index says where each 64th line begins, which lines hold a pseudonym, and the roots of the
tree's blocks, so that one person's lines and their proofs are found among millions in a moment. It
holds nothing that the lines do not; its SHA-256 stands in the statement, since a line that it left
out would be left out of a certificate.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import orjson

from bulkdel import files
from bulkdel.evidence.merkle import BLOCK, Blocks, leaf, levels, path_in, root_by, root_of
from bulkdel.evidence.pseudonyms import ACCOUNT_KEYS, SealedLine

EVERY: Final = 64
"""Lines from one whose place the index says to the next; BLOCK is a multiple of it."""
_PREFIX: Final = 4
"""Hex digits of a pseudonym that lines are found by."""
_LINE_MOST: Final = 1 << 20
_WRITTEN_AT_ONCE: Final = 1 << 20
_SAID_EVERY: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What the statement says of a file of lines. `root` and `index_sha256` in hex."""

    count: int
    root: str
    index_sha256: str


def write_lines(
    lines: Iterable[SealedLine], path: Path, index: Path, *, says: Callable[[int], None]
) -> Lines:
    """Writes sealed lines and their index, durably and 0600.

    `says` is told now and then how many were written.
    """
    with files.replacing(path) as out:
        made = _write(lines, out, says)
    return _indexed(made, index)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What is known of lines that were written: see write_lines."""

    count: int
    roots: list[bytes]
    starts: array[int]
    prefixes: array[int]
    holders: array[int]


def _write(lines: Iterable[SealedLine], out: BinaryIO, says: Callable[[int], None]) -> _Written:
    blocks, starts = Blocks(), array("Q")
    prefixes, holders = array("H"), array("I")
    waiting = bytearray()
    at = count = 0
    for line, named in lines:
        if count % EVERY == 0:
            starts.append(at)
        if count % _SAID_EVERY == 0:
            says(count)
        blocks.add(leaf(line))
        for pseudonym in named:
            prefixes.append(int(pseudonym[:_PREFIX], 16))
            holders.append(count)
        waiting += line
        waiting += b"\n"
        at += len(line) + 1
        count += 1
        if len(waiting) >= _WRITTEN_AT_ONCE:
            out.write(waiting)
            waiting.clear()
    out.write(waiting)
    return _Written(
        count=count, roots=blocks.all(), starts=starts, prefixes=prefixes, holders=holders
    )


def _indexed(made: _Written, index: Path) -> Lines:
    prefixes = np.frombuffer(made.prefixes, np.uint16)
    order = np.argsort(prefixes, kind="stable")
    counts = np.bincount(prefixes, minlength=1 << 16)
    with files.replacing(index) as file:
        np.savez(
            file,
            starts=np.frombuffer(made.starts, np.uint64),
            roots=np.frombuffer(b"".join(made.roots), np.uint8),
            ends=np.cumsum(counts).astype(np.uint32),
            holders=np.frombuffer(made.holders, np.uint32)[order],
        )
    root = root_of(made.roots).hex()
    return Lines(count=made.count, root=root, index_sha256=sha256_of(index))


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of such a file, without their line feeds.

    Raises:
        ValueError: a line is too long, or the last one has no end.
    """
    while line := file.readline(_LINE_MOST):
        if not line.endswith(b"\n"):
            raise ValueError("a line has no end")
        yield line[:-1]


def lines_of(lines: Iterable[bytes]) -> tuple[int, str]:
    """How many lines there are, and the root of their tree in hex."""
    blocks, count = Blocks(), 0
    for line in lines:
        blocks.add(leaf(line))
        count += 1
    return count, root_of(blocks.all()).hex()


class Index:
    """An index that was read, of lines under this root (hex)."""

    def __init__(self, path: Path, *, lines: int, root: str) -> None:
        """Raises ValueError where it is no index of so many lines."""
        with np.load(path, allow_pickle=False) as kept:
            self._starts = kept["starts"].tolist()
            self._ends = kept["ends"].tolist()
            self._holders = kept["holders"]
            roots = kept["roots"].tobytes()
        self._tree = levels([roots[at : at + 32] for at in range(0, len(roots), 32)])
        self._lines, self._root = lines, root
        self._block = lru_cache(16)(self._read_block)
        if len(self._starts) != -(-lines // EVERY) or len(self._tree[0]) != -(-lines // BLOCK):
            raise ValueError("an index of other lines")

    def found(self, file: BinaryIO, pseudonym: str) -> Iterator[tuple[int, bytes, list[bytes]]]:
        """Each line that holds it, with its place from 0 on and its audit path, in order.

        Raises:
            ValueError: a line that may have held it is not under the root.
        """
        prefix = int(pseudonym[:_PREFIX], 16)
        begin = self._ends[prefix - 1] if prefix else 0
        for place in sorted({int(one) for one in self._holders[begin : self._ends[prefix]]}):
            line = self._line(file, place)
            block = self._block(file, place // BLOCK)
            path = path_in(block, place % BLOCK) + path_in(self._tree, place // BLOCK)
            root = root_by(path, leaf(line), index=place, size=self._lines)
            if root is None or root.hex() != self._root:
                raise ValueError(f"line {place + 1:,}, or one near it, was changed")
            if pseudonym in _accounts(line):
                yield place, line, path

    def _read_block(self, file: BinaryIO, block: int) -> list[list[bytes]]:
        file.seek(self._starts[block * BLOCK // EVERY])
        count = min(BLOCK, self._lines - block * BLOCK)
        return levels([leaf(file.readline(_LINE_MOST).removesuffix(b"\n")) for _ in range(count)])

    def _line(self, file: BinaryIO, place: int) -> bytes:
        file.seek(self._starts[place // EVERY])
        for _ in range(place % EVERY):
            file.readline(_LINE_MOST)
        return file.readline(_LINE_MOST).removesuffix(b"\n")


def sha256_of(path: Path) -> str:
    """Of a whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _accounts(line: bytes) -> list[str]:
    values: dict[str, Any] = orjson.loads(line)
    return [one for name in ACCOUNT_KEYS if isinstance(one := values.get(name), str)]
