"""backup/friends.jsonl.zst: friend data as it was pulled, a line for each friend, only added to.

Whole frames of zstd with checksums. What is added is durable before the outcome of its pull is
recorded, so what a process that died left unfinished at the end belongs to no outcome, and is cut
off. A list whose outcome was lost is pulled again and stands there twice until `leave_out`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import orjson
import zstandard

from bulkdel import files
from bulkdel.errors import RESTORE, Corrupt
from bulkdel.lease.fence import no_fence
from bulkdel.ledger.storage import storage_failed

_FRAME: Final = 1 << 20
"""Bytes of lines from which a frame is full."""
_UNSYNCED: Final = 8 << 20
"""Bytes of frames from which they are synced."""
_UNFINISHED_MOST: Final = 16 << 20
"""Bytes at the end that a process may leave unfinished when it dies: more than it ever does."""
_HEADER_MOST: Final = 18
_BLOCK_HEADER, _CHECKSUM = 3, 4
_RUN_LENGTH, _RESERVED = 1, 3  # kinds of block

Pulled: TypeAlias = tuple[str, str, str]
"""Target, account and `at`: one pull of one list, as each line of it says."""


@dataclass(slots=True, eq=False)
class PulledList:
    """What is kept of one list.

    Attributes:
        pages: of each page the `middle` of each friend's line, LF between them, packed by `pack`.
    """

    target: str
    account: str
    at: str
    pages: list[bytes]
    written: bool = field(default=False, init=False)


def middle(friend: str, data: str) -> bytes:
    """What a line says of one friend; `data` is JSON on one line."""
    return b'"friend":' + orjson.dumps(friend) + b',"data":' + data.encode()


def pack(middles: list[bytes]) -> bytes:
    """One page; small, since it waits in memory until the list has come to its end."""
    return zstandard.ZstdCompressor(level=1).compress(b"\n".join(middles))


class FriendsFile:
    """Adds lists to the file; those that come together share a sync. Made within no loop."""

    def __init__(self, path: Path, fence: Callable[[], None] = no_fence) -> None:
        """`fence` returns only while this process may write, and is asked before each write."""
        self._path = path
        self._fence = fence
        self._waiting: list[PulledList] = []
        self._turn = asyncio.Lock()
        self._writing = threading.Lock()
        self._end: int | None = None
        self._failure: BaseException | None = None

    async def add(self, pulled: PulledList) -> None:
        """Returns when all lines of the list are durable.

        Raises:
            StorageFailed: they could not be written, now or before.
            Corrupt: what the file holds is not what was written to it.
        """
        self._waiting.append(pulled)
        async with self._turn:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            if pulled.written:
                return
            taken, self._waiting = self._waiting, []
            await asyncio.to_thread(self._write, taken)

    def _write(self, taken: list[PulledList]) -> None:
        with self._writing:
            try:
                self._append(taken)
            except OSError as error:
                self._failure = storage_failed(self._path.parent, files.reason(error))
                raise self._failure from error
            except BaseException as error:
                self._failure = error
                raise
        for one in taken:
            one.written = True

    def _append(self, taken: list[PulledList]) -> None:
        self._fence()
        descriptor = files.open_for_work(self._path, os.O_RDWR | os.O_CREAT)
        try:
            if self._end is None:
                self._end = cut_unfinished(self._path, descriptor)
                files.sync_folder(self._path.parent)
            end, unsynced = self._end, 0
            try:
                for frame in _frames(taken):
                    self._fence()
                    files.write_at(descriptor, frame, end)
                    end += len(frame)
                    unsynced += len(frame)
                    if unsynced >= _UNSYNCED:
                        os.fdatasync(descriptor)
                        unsynced = 0
                os.fdatasync(descriptor)
            except OSError:
                self._fence()
                os.ftruncate(descriptor, self._end)
                raise
            self._end = end
        finally:
            files.close(descriptor)


def mend(path: Path) -> None:
    """Cuts off what a process that died left unfinished, where there is such a file.

    Raises:
        Corrupt, OSError: as `cut_unfinished`.
        WrongInput: it is no file of this user's.
    """
    with suppress(FileNotFoundError):
        descriptor = files.open_for_work(path, os.O_RDWR)
        try:
            cut_unfinished(path, descriptor)
        finally:
            files.close(descriptor)


def cut_unfinished(path: Path, descriptor: int) -> int:
    """Cuts off what a process that died left unfinished at the end of the file; its length now.

    Raises:
        Corrupt: what cannot be read is more than one could leave: then nothing is cut.
        OSError: it cannot be read or cut.
    """
    size = os.fstat(descriptor).st_size
    end, last = 0, deque[tuple[int, int]]()
    while end < size and (following := _frame_end(descriptor, end, size)) is not None:
        last.append((end, following))
        while last[0][1] <= size - _UNFINISHED_MOST:
            last.popleft()
        end = following
    for begin, behind in last:  # a power cut may leave gaps in what was not synced
        if not _is_sound(files.read_at(descriptor, behind - begin, begin)):
            end = begin
            break
    if size - end > _UNFINISHED_MOST:
        raise damaged(path, f"cannot be read from byte {end} on")
    if end < size:
        os.ftruncate(descriptor, end)
        os.fsync(descriptor)
    return end


def leave_out(path: Path, pulls: AbstractSet[Pulled]) -> None:
    """Writes the file anew without what these pulls brought, whole or not at all.

    Raises:
        Corrupt: it cannot be read.
        OSError: it cannot be read or written; it stays as it was.
    """
    marks = {at.encode() for _, _, at in pulls}
    with files.open_to_read(path) as file, files.replacing(path) as out:
        for frame in _whole_frames(path, file.fileno()):
            lines = zstandard.ZstdDecompressor().decompress(frame)
            if any(mark in lines for mark in marks):
                kept = [line for line in lines.splitlines(keepends=True) if _of(line) not in pulls]
                out.write(_packed(b"".join(kept)) if kept else b"")
            else:
                out.write(frame)


def measured(path: Path) -> tuple[int, str]:
    """How many bytes the file has, and their SHA-256, by which backup.json knows it.

    Raises:
        OSError, WrongInput: it cannot be read.
    """
    with files.open_to_read(path) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256


def damaged(path: Path, what: str) -> Corrupt:
    """The error of a file that is not what was written."""
    return Corrupt(f"the friend data {what}", where=path, mend=RESTORE)


def _of(line: bytes) -> Pulled:
    value = orjson.loads(line)
    return value["target"], value["account"], value["at"]


def _whole_frames(path: Path, descriptor: int) -> Iterator[bytes]:
    begin, size = 0, os.fstat(descriptor).st_size
    while begin < size:
        end = _frame_end(descriptor, begin, size)
        frame = b"" if end is None else files.read_at(descriptor, end - begin, begin)
        if end is None or not _is_sound(frame):
            raise damaged(path, f"cannot be read from byte {begin} on")
        yield frame
        begin = end


def _frames(taken: list[PulledList]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for one in taken:
        head = orjson.dumps({"target": one.target, "account": one.account})[:-1] + b","
        end = b"," + orjson.dumps({"at": one.at})[1:] + b"\n"
        for page in one.pages:
            for text in zstandard.ZstdDecompressor().decompress(page).split(b"\n"):
                lines.append(head + text + end)
                size += len(lines[-1])
            if size >= _FRAME:
                yield _packed(b"".join(lines))
                lines, size = [], 0
    if lines:
        yield _packed(b"".join(lines))


def _packed(lines: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(lines)


def _frame_end(descriptor: int, begin: int, size: int) -> int | None:
    """Where the frame at `begin` ends, by the lengths that it says; None if it is not whole."""
    head = files.read_at(descriptor, _HEADER_MOST, begin)
    try:
        at = begin + zstandard.frame_header_size(head)
        if not zstandard.get_frame_parameters(head).has_checksum:
            return None
    except zstandard.ZstdError:
        return None
    is_last = False
    while not is_last:
        block = int.from_bytes(files.read_at(descriptor, _BLOCK_HEADER, at), "little")
        is_last, kind, length = bool(block & 1), block >> 1 & 3, block >> 3
        at += _BLOCK_HEADER + (1 if kind == _RUN_LENGTH else length)
        if kind == _RESERVED or at > size:
            return None
    return at + _CHECKSUM if at + _CHECKSUM <= size else None


def _is_sound(frame: bytes) -> bool:
    try:
        zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError:
        return False
    return True
