"""The hash chain over the ledger, h(n) = SHA-256(h(n - 1) + lines of settlement n), once more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from bulkdel.ledger.ledger_file import Mark

_CHUNK_BYTES: Final = 1 << 20


class Chain:
    """The hash chain, computed again and compared where the journal recorded it."""

    def __init__(self, digest: str, marks: list[Mark], note: Callable[[str], None]) -> None:
        """`marks` are what the journal recorded; `note` is called with what disagrees."""
        self._marks = {mark.seq: mark for mark in marks if mark.seq}
        start = Mark.first(digest)
        self._note = note
        self._offset = 0
        self._hash = start.chain
        for mark in marks:
            if not mark.seq and mark != start:
                note("the beginning of its hash chain is not the plan's digest")

    def add(self, first: int, rendered: list[bytes]) -> None:
        """The lines of the next settlements; `first` is the sequence number of the first."""
        sha256, link = hashlib.sha256, self._hash
        for lines in rendered:
            link = sha256(link + lines).digest()
        self._hash = link
        self._offset += sum(map(len, rendered))
        seq = first + len(rendered) - 1
        mark = self._marks.pop(seq, None)
        if mark is not None and (mark.chain != link or mark.offset != self._offset):
            self._note(
                f"the hash chain that was recorded after settlement {seq:,} is not that of its "
                "settlements and the plan: journal.db or plan.parquet was changed",
            )

    def finish(self, settlements: int) -> None:
        """That no settlement is missing at the end."""
        for seq in self._marks:
            self._note(
                f"settlement {seq:,} was recorded in the ledger, but the last one is "
                f"{settlements:,}",
            )


def runs(
    rows: list[tuple[Any, ...]], ends: set[int]
) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    """Rows cut where their sequence numbers have a gap and after `ends`, with the first number."""
    begin = 0
    for at, row in enumerate(rows):
        if at + 1 == len(rows) or rows[at + 1][0] != row[0] + 1 or row[0] in ends:
            yield rows[begin][0], rows[begin : at + 1]
            begin = at + 1


def pieces(rendered: list[bytes]) -> Iterator[bytes]:
    """The lines joined to pieces of some _CHUNK_BYTES."""
    begin = size = 0
    for at, lines in enumerate(rendered):
        size += len(lines)
        if size >= _CHUNK_BYTES:
            yield b"".join(rendered[begin : at + 1])
            begin, size = at + 1, 0
    yield b"".join(rendered[begin:])
