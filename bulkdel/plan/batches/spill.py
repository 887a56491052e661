"""Rows of words on disk, in parts: written block by block, read back part by part."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bulkdel import files
from bulkdel.plan.ids import WORD, Whole, Words


@dataclass(frozen=True, slots=True)
class _Block:
    turn: int
    offset: int
    columns: int
    width: int
    edges: Whole


class Spill:
    """One file of blocks. Several threads may add; reading begins when all is added.

    A block is an array of n rows by c columns by w words, its rows in the order of their parts;
    w may differ from block to block.
    """

    def __init__(self, path: Path, *, parts: int) -> None:
        self.parts = parts
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._lock = threading.Lock()
        self._end = 0
        self._blocks: list[_Block] = []
        self.rows: Whole = np.zeros(parts, np.int64)
        """How many rows each part has."""

    def close(self) -> None:
        """Lets go of the file and of the room it takes; more than once does no harm."""
        if self._fd >= 0:
            descriptor, self._fd = self._fd, -1  # first: a number that was let go may be another's
            files.close(descriptor)
            self._path.unlink(missing_ok=True)

    def add(self, block: Words, counts: Whole, *, turn: int = 0) -> None:
        """Writes a block.

        Args:
            block: rows in the order of their parts.
            counts: how many of them belong to each part.
            turn: blocks are read back in the order of their turns.
        """
        if not len(block):
            return
        data = np.ascontiguousarray(block).data.cast("B")
        edges = np.zeros(self.parts + 1, np.int64)
        np.cumsum(counts, out=edges[1:])
        with self._lock:
            at = self._end
            self._end += len(data)
            self._blocks.append(_Block(turn, at, block.shape[1], block.shape[2], edges))
            self.rows += counts
        while data:
            wrote = os.pwrite(self._fd, data, at)
            at += wrote
            data = data[wrote:]

    def partition(self, rows: Words, hashes: Words, *, turn: int = 0) -> None:
        """Writes rows in any order, each into the part that its hash says."""
        parts = part_of((hashes >> np.uint64(48)).astype(np.int64), self.parts)
        order = np.argsort(parts.astype(np.uint16), kind="stable")
        counts = np.bincount(parts, minlength=self.parts)
        self.add(np.take(rows, order, axis=0), counts, turn=turn)

    def blocks(self, part: int) -> Iterator[Words]:
        """The pieces of one part, in the order of their turns."""
        for block, first, count in self._pieces(part):
            piece = np.empty((count, block.columns, block.width), "<u8")
            self._fill(piece, block, first)
            yield piece

    def read(self, part: int) -> Words:
        """All rows of one part, in as many words as the widest has; at least one column."""
        pieces = self._pieces(part)
        if not pieces:
            return np.zeros((0, 1, 1), "<u8")
        columns, width = pieces[0][0].columns, max(block.width for block, _, _ in pieces)
        whole = np.empty((sum(count for _, _, count in pieces), columns, width), "<u8")
        at = 0
        for block, first, count in pieces:
            into = whole[at : at + count]
            at += count
            if block.width == width:
                self._fill(into, block, first)
            else:
                piece = np.empty((count, columns, block.width), "<u8")
                self._fill(piece, block, first)
                into[:, :, : block.width] = piece
                into[:, :, block.width :] = 0
        return whole

    def _pieces(self, part: int) -> list[tuple[_Block, int, int]]:
        """Block, first row and number of rows of each piece of a part."""
        pieces = []
        for block in sorted(self._blocks, key=lambda block: block.turn):
            first, end = int(block.edges[part]), int(block.edges[part + 1])
            if first < end:
                pieces.append((block, first, end - first))
        return pieces

    def _fill(self, into: Words, block: _Block, first: int) -> None:
        left = into.data.cast("B")
        at = block.offset + first * block.columns * block.width * WORD
        while left:
            got = os.preadv(self._fd, [left], at)
            if not got:
                raise AssertionError("a spilled block is shorter than it was written")
            at += got
            left = left[got:]


def part_of(fractions: Whole, parts: int) -> Whole:
    """The part for each fraction given in 65536ths; a greater fraction has no smaller part."""
    return fractions * parts >> 16
