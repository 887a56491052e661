"""Files of plain lines → rows of ids on disk, dealt into parts by a hash of each row.

Chunks are worked on by two threads (numpy lets go of the interpreter); how many are under way is
bounded, and so is memory, whatever the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

import numpy as np

from bulkdel.plan.abreast import WORKERS
from bulkdel.plan.ids import ID_BYTES, Words, hashes_of, texts_of, words_of_texts
from bulkdel.plan.lines import LF, PAD, NotPlain, Reject, Rows, Shape, read_chunk
from bulkdel.plan.records import LINE_CAP
from bulkdel.plan.spill import Spill

CHUNK: Final = 4 << 20
"""Bytes that are worked on at a time."""

_ABREAST: Final = WORKERS + 1

RowHashes = Callable[[Words], Words]
"""64 bits for each row; rows with the same come into the same part."""


def account_hashes(ids: Words) -> Words:
    """The hashes of the rows' first ids: all rows of an account in one part."""
    return hashes_of(ids[:, 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """What a file's lines came to: lines = rows + blank + rejected, protected among the rows."""

    lines: int
    rows: int
    blank: int
    rejected: int
    protected: int


class Dealer:
    """Deals rows into `spill`, leaving out those that touch a protected account.

    A part is read back in the order of the input.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        spill: Spill,
        protected: tuple[str, ...],
        *,
        chunk: int,
        by: RowHashes = account_hashes,
    ) -> None:
        self._pool = pool
        self._spill = spill
        self._by = by
        self._chunk = chunk
        self._turn = 0
        ids = [account.encode() for account in protected]
        # An id that is longer than any can be is in no row, and would look like another one cut.
        self._protected = frozenset(account for account in ids if len(account) <= ID_BYTES)
        self._hashes = np.sort(hashes_of(words_of_texts(sorted(self._protected))))

    def deal(
        self, path: Path, start: int, shape: Shape
    ) -> Generator[tuple[Dealt, list[Reject]], None, None]:
        """Deals the lines from byte `start` on; answers for each chunk, in their order.

        Raises:
            NotPlain: the file cannot be read this way; `spill` is as it was before.
        """
        mark = self._spill.mark()
        under_way: deque[Future[tuple[Dealt, list[Reject]]]] = deque()
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(start)
                for buffer, size in _chunks(file, self._chunk, crlf=shape.crlf):
                    self._turn += 1
                    under_way.append(self._pool.submit(self._one, buffer, size, shape, self._turn))
                    if len(under_way) > _ABREAST:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
        except BaseException:
            for left in under_way:
                left.cancel()
            wait(under_way)
            self._spill.rewind(mark)
            raise

    def _one(
        self, buffer: bytearray, size: int, shape: Shape, turn: int
    ) -> tuple[Dealt, list[Reject]]:
        found = read_chunk(buffer, size, shape)
        ids, protected = self._without_protected(found.ids)
        self._spill.deal(ids, self._by(ids), turn=turn)
        return self._told(found, protected), found.rejects

    def _told(self, found: Rows, protected: int) -> Dealt:
        dealt = Dealt(
            lines=found.lines,
            rows=len(found.ids),
            blank=found.blank,
            rejected=len(found.rejects),
            protected=protected,
        )
        if dealt.lines != dealt.rows + dealt.blank + dealt.rejected:
            raise AssertionError(f"lines are missing: {dealt}")
        return dealt

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


def _chunks(file: FileIO, most: int, *, crlf: bool) -> Iterator[tuple[bytearray, int]]:
    """Whole lines, about `most` bytes at a time; a last line without end is given one."""
    carried = b""
    while True:
        buffer = bytearray(len(carried) + most + PAD)
        buffer[: len(carried)] = carried
        size = len(carried)
        with memoryview(buffer) as view:
            while size < len(carried) + most and (got := file.readinto(view[size:-PAD])):
                size += got
        ended = size < len(carried) + most
        if ended and size and buffer[size - 1] != LF:
            end = b"\r\n" if crlf else b"\n"
            buffer[size : size + len(end)] = end
            size += len(end)
        cut = buffer.rfind(b"\n", 0, size) + 1
        if size - cut > LINE_CAP:
            raise NotPlain
        carried = bytes(buffer[cut:size])
        if cut:
            yield buffer, cut
        if ended:
            return
