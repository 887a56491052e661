"""ledger.jsonl as bytes: appended, synced, and brought into agreement with the journal on opening.

    h(0) = SHA-256(plan digest)        h(n) = SHA-256(h(n - 1) + lines of settlement n)

A reader may have seen every complete line of the file. So on opening nothing that agrees with the
journal is touched, a torn end is cut, missing lines are written again, and anything else is
refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt
from bulkdel.lease.fence import no_fence

LEDGER: Final = files.LEDGER

_LOOK_BYTES = 1 << 20
_COMPARE_BYTES = 4096


def ledger_sha256(run_dir: Path, length: int) -> str:
    """SHA-256 of the first `length` bytes of the ledger in hex; empty where it has not as many.

    Raises:
        WrongInput: it is no file, or this user may not read it.
        OSError: it cannot be read.
    """
    sha256, left = hashlib.sha256(), length
    try:
        with files.open_to_read(run_dir / LEDGER) as file:
            while left and (piece := file.read(min(left, _LOOK_BYTES))):
                sha256.update(piece)
                left -= len(piece)
    except FileNotFoundError:
        return ""
    return "" if left else sha256.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in the ledger: after settlement `seq`, at byte `offset`, with the chain so far."""

    seq: int
    offset: int
    chain: bytes

    @classmethod
    def first(cls, plan_digest: str) -> Mark:
        """The beginning of a run's ledger."""
        return cls(seq=0, offset=0, chain=hashlib.sha256(plan_digest.encode()).digest())

    def after(self, lines: Iterable[bytes]) -> Mark:
        """The place after the next settlements, given the lines of each."""
        seq, offset, chain = self.seq, self.offset, self.chain
        for rendered in lines:
            link = hashlib.sha256(chain)
            link.update(rendered)
            seq, offset, chain = seq + 1, offset + len(rendered), link.digest()
        return Mark(seq=seq, offset=offset, chain=chain)


class LedgerFile:
    """The open file. Only one process has it, under the run directory's lock."""

    def __init__(
        self,
        run_dir: Path,
        *,
        is_new: bool,
        only_read: bool = False,
        fence: Callable[[], None] = no_fence,
    ) -> None:
        """Open it; made (0600) only if `is_new`, and never if it is only read.

        `fence` returns only while this process may write, and is asked before each write.

        Raises:
            WrongInput: it is no file of this user's own.
            Corrupt: it is gone although results were written to it.
        """
        self.path = run_dir / LEDGER
        self._fence = fence
        try:
            flags = os.O_RDWR | (os.O_CREAT if is_new else 0)
            self._descriptor = files.open_for_work(self.path, os.O_RDONLY if only_read else flags)
        except FileNotFoundError:
            raise _corrupt(self.path, 0, "the file is missing") from None
        if is_new and not only_read:
            files.sync_folder(run_dir)

    def append(self, data: bytes, offset: int) -> None:
        """Write `data` at `offset`, the end, and sync it."""
        self._fence()
        files.write_at(self._descriptor, data, offset)
        os.fsync(self._descriptor)

    def check(self, before: Mark, now: Mark, lines: Iterable[bytes]) -> None:
        """That the last recorded segment, `before` to `now`, stands as it was written.

        Raises:
            Corrupt: it does not; says at which byte it differs.
        """
        size = os.fstat(self._descriptor).st_size
        if size < now.offset:
            words = f"the file ends there, but {now.offset} bytes were written to it"
            raise _corrupt(self.path, size, words)
        mark = before
        for rendered in lines:
            same = self._same(rendered, mark.offset)
            if same < len(rendered):
                raise _corrupt(self.path, mark.offset + same, "it is not what was written there")
            mark = mark.after((rendered,))
        if mark != now:
            words = "its lines do not hash to what was recorded when they were written"
            raise _corrupt(self.path, before.offset, words)

    def complete(self, now: Mark, lines: Sequence[bytes]) -> Mark:
        """Bring what stands after `now` into agreement with the lines that belong there, synced.

        Raises:
            Corrupt: the file goes on with whole lines of which the journal knows nothing, as it
                does if an older journal.db was put beside it.
        """
        expected = b"".join(lines)
        end = now.offset + len(expected)
        self.refuse_strangers(end)
        same = self._same(expected, now.offset)
        if os.fstat(self._descriptor).st_size > now.offset + same:
            self._fence()
            os.ftruncate(self._descriptor, now.offset + same)
        self.append(expected[same:], now.offset + same)
        return now.after(lines)

    def lacking(self, now: Mark, tail: bytes) -> bytes:
        """Of the lines that belong behind `now`, those that do not stand there whole."""
        same = self._same(tail, now.offset)
        return tail[tail.rfind(b"\n", 0, same) + 1 :]

    def close(self) -> None:
        """Close the file; nothing is written."""
        files.close(self._descriptor)

    def _same(self, expected: bytes, offset: int) -> int:
        """How many bytes at `offset` are as expected, from the first on."""
        for begin in range(0, len(expected), _COMPARE_BYTES):
            ours = expected[begin : begin + _COMPARE_BYTES]
            theirs = files.read_at(self._descriptor, len(ours), offset + begin)
            if theirs != ours:
                return begin + agreeing_bytes(theirs, ours)
        return len(expected)

    def refuse_strangers(self, end: int) -> None:
        """Return if no whole line stands behind this place: the journal knows of none.

        Raises:
            Corrupt: one does.
        """
        offset = end
        for line in files.read_at(self._descriptor, _LOOK_BYTES, end).split(b"\n")[:-1]:
            if is_object(line):
                words = (
                    "whole lines stand there that journal.db knows nothing of, "
                    "so journal.db is older than the ledger"
                )
                raise _corrupt(self.path, offset, words)
            offset += len(line) + 1


def refuse_orphans(run_dir: Path) -> None:
    """Return if the ledger of a run without a journal holds no results.

    Raises:
        Corrupt: it does: what they belong to, and what else was sent, nobody knows.
        WrongInput: this user may not read it.
        OSError: it cannot be read.
    """
    try:
        with files.open_to_read(run_dir / LEDGER) as file:
            lines = file.read(_LOOK_BYTES).split(b"\n")[:-1]
    except FileNotFoundError:
        return
    if any(map(is_object, lines)):
        raise Corrupt(
            f"is gone, or empty, but {LEDGER} beside it holds results",
            where=run_dir / files.JOURNAL,
            mend=f"{RESTORE}: without it nobody knows what was sent",
        )


def agreeing_bytes(one: bytes, other: bytes) -> int:
    """Returns how many bytes of both are alike, from the first on."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def is_object(line: bytes) -> bool:
    """Whether a line is a JSON object, as every line of a ledger is."""
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _corrupt(path: Path, offset: int, words: str) -> Corrupt:
    return Corrupt(
        words,
        where=f"{path}, byte {offset}",
        mend=f"{RESTORE}: this one cannot be continued",
    )
