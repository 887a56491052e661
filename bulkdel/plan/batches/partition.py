"""Files of records → rows of ids on disk, in parts by a hash of each row.

Chunks are worked on by two threads (numpy lets go of the interpreter); how many are under way is
bounded, and so is memory, whatever the file.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np

from bulkdel.plan.batches.in_threads import each
from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.ids import ID_BYTES, Words, hashes_of, texts_of, words_of_texts
from bulkdel.plan.input.chunk_rows import Shape, read_chunk
from bulkdel.plan.input.chunks import Apart, Chunk
from bulkdel.plan.input.lookalikes import Counts
from bulkdel.plan.input.records import Record

CHUNK: Final = 4 << 20
"""Bytes that are worked on at a time."""

RowHashes = Callable[[Words], Words]
"""64 bits for each row; rows with the same come into the same part."""


def account_hashes(ids: Words) -> Words:
    """The hashes of the rows' first ids: all rows of an account in one part."""
    return hashes_of(ids[:, 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkBooks:
    """What a chunk came to: rows (protected ones among them), rejects, and blank lines.

    Attributes:
        lines: physical lines.
        bytes: of the file.
    """

    lines: int
    bytes: int
    rows: int
    protected: int
    rejects: list[Record]
    lookalikes: Counts


class Partitioner:
    """Puts rows into the parts of `spill`, without those that touch a protected account.

    A part is read back in the order of the input.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        spill: Spill,
        protected: tuple[str, ...],
        *,
        by: RowHashes = account_hashes,
    ) -> None:
        self._pool = pool
        self._spill = spill
        self._by = by
        self._turns = count()
        ids = [account.encode() for account in protected]
        # An id that is longer than any can be is in no row, and would look like another one cut.
        self._protected = frozenset(account for account in ids if len(account) <= ID_BYTES)
        self._hashes = np.sort(hashes_of(words_of_texts(sorted(self._protected))))

    def partition(
        self, chunks: Iterable[Chunk | Apart], shape: Shape
    ) -> Generator[ChunkBooks, None, None]:
        """Partitions the rows in `chunks`; says of each chunk, in their order, what it came to."""

        def one(turned: tuple[int, Chunk | Apart]) -> ChunkBooks:
            return self._one(*turned, shape)

        yield from each(self._pool, one, zip(self._turns, chunks, strict=False))

    def _one(self, turn: int, chunk: Chunk | Apart, shape: Shape) -> ChunkBooks:
        if isinstance(chunk, Apart):
            reject = Record(0, chunk.lines - 1, chunk.raw, chunk.fault)
            return ChunkBooks(
                lines=chunk.lines,
                bytes=chunk.size,
                rows=0,
                protected=0,
                rejects=[reject],
                lookalikes={},
            )
        rows = read_chunk(chunk, shape)
        if rows.bytes != chunk.size:
            raise AssertionError(f"{rows.bytes} of {chunk.size} bytes are accounted for")
        ids, protected = self._without_protected(rows.ids)
        self._spill.partition(ids, self._by(ids), turn=turn)
        return ChunkBooks(
            lines=rows.lines,
            bytes=rows.bytes - chunk.added,
            rows=len(rows.ids),
            protected=protected,
            rejects=rows.rejects,
            lookalikes=rows.lookalikes,
        )

    def _without_protected(self, ids: Words) -> tuple[Words, int]:
        if not self._protected or not len(ids):
            return ids, 0
        guarded = np.zeros(len(ids), np.bool_)
        for column in range(ids.shape[1]):
            hashes = hashes_of(ids[:, column])
            at = np.searchsorted(self._hashes, hashes)
            like = np.flatnonzero(self._hashes[at % len(self._hashes)] == hashes)
            same = [text in self._protected for text in texts_of(ids[like, column])]
            guarded[like] |= np.array(same, np.bool_)
        return ids[~guarded], int(guarded.sum())
