"""An input file before it is read: its size and fingerprint, and its bytes, unpacked if need be."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from bulkdel.plan import duck
from bulkdel.plan.input.formats import BINARY
from bulkdel.plan.input.kinds import EXPORT_AGAIN, HEAD_BYTES, kind_of
from bulkdel.plan.input.sources import SourceFile, WrongFile
from bulkdel.plan.input.unpack import unpack

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 4 << 20
BOM = b"\xef\xbb\xbf"

Stamp: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a file before its rows are read.

    Attributes:
        path: where the unpacked bytes are.
        size: bytes of the file as it is, packed or not.
        unpacked: bytes of what is at `path`.
        stamp: which file it was, and how long it had been as it was; see stamp_of.
    """

    path: Path
    size: int
    unpacked: int
    stamp: Stamp


class _Input(io.FileIO):
    """An input file; what the machine answers while it is read is a sentence."""

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor)
        self._called = name

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as exc:
            raise _unreadable(self._called, exc) from exc


@contextmanager
def open_bytes(path: Path, name: str) -> Iterator[BinaryIO]:
    """Opens an input file, with a sentence where that cannot be done; waits for nothing.

    Raises:
        WrongInput: it cannot be opened or read, or is no file.
    """
    try:
        _refuse_others(path.stat(), name)  # opening a device may do something
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        what = "is a link to a file that is not there" if path.is_symlink() else "no such file"
        raise WrongFile(name, what, "put it there, or name another file") from exc
    except OSError as exc:
        raise _unreadable(name, exc) from exc
    with io.BufferedReader(_Input(descriptor, name)) as file:
        _refuse_others(os.fstat(descriptor), name)
        yield file


def _refuse_others(status: os.stat_result, name: str) -> None:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return
    what, mend = "a device", "name a file"
    if stat.S_ISFIFO(mode):
        what, mend = "a pipe", 'use "-" for standard input'
    elif stat.S_ISDIR(mode):
        what, mend = "a directory", f"name files, or use {name}/*.csv"
    elif stat.S_ISSOCK(mode):
        what = "a socket"
    raise WrongFile(name, f"is {what}, not a file", mend)


def _unreadable(name: str, exc: OSError) -> WrongFile:
    mend = "let this user read it" if isinstance(exc, PermissionError) else "run again, or copy it"
    return WrongFile(name, f"cannot be read ({exc.strerror})", mend)


def stamp_of(file: BinaryIO) -> Stamp:
    """Which file this is and when it changed: the same again if it is as it was.

    The time of change is the system's own: nobody can put it back as the time of writing can be.
    """
    now = os.fstat(file.fileno())
    return (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)


def look_at(source: SourceFile, folder: Path, number: int) -> Facts:
    """Looks at the beginning of `source`; a packed one is unpacked into `folder`.

    Raises:
        WrongInput: unreadable, empty, binary, or a broken gz or zst file.
    """
    path = source.path
    with open_bytes(source.path, source.name) as raw:
        stamp = stamp_of(raw)
        size = os.fstat(raw.fileno()).st_size
        if size == 0:
            raise WrongFile(source.name, "the file is empty", EXPORT_AGAIN)
        if source.packing:
            path = folder / f"unpacked-{number}"
            with path.open("wb") as out:
                for chunk in unpack(raw, source):
                    out.write(chunk)
    with open_bytes(path, source.name) as file:
        head = file.read(HEAD_BYTES)
        unpacked = os.fstat(file.fileno()).st_size
    if not head:
        raise WrongFile(source.name, "the file is empty", EXPORT_AGAIN)
    if source.format not in BINARY and (kind := kind_of(head, source.format)):
        raise WrongFile(source.name, *kind)
    return Facts(path=path, size=size, unpacked=unpacked, stamp=stamp)


@contextmanager
def held(source: SourceFile, facts: Facts) -> Iterator[Facts]:
    """Opens the file that `facts` tell of for the length of a with block, to be read there.

    On Linux whoever opens `path` of what is given opens this file, whatever gets its name.

    Raises:
        WrongInput: it is another file now, or was written to since, or meanwhile.
    """
    with open_bytes(source.path, source.name) as raw:
        _ensure_same(raw, source, facts.stamp)
        path = facts.path
        if path == source.path and duck.OPEN_FILES.is_dir():
            path = duck.OPEN_FILES / str(raw.fileno())
        yield replace(facts, path=path)
        _ensure_same(raw, source, facts.stamp)


def ensure_unchanged(source: SourceFile, facts: Facts) -> None:
    """Raises WrongInput if it is another file now, or was written to since `facts` were taken."""
    with open_bytes(source.path, source.name) as raw:
        _ensure_same(raw, source, facts.stamp)


def _ensure_same(raw: BinaryIO, source: SourceFile, stamp: Stamp) -> None:
    if stamp_of(raw) != stamp:
        raise WrongFile(source.name, "changed while it was read", "run again")


def digest_of(source: SourceFile, facts: Facts | None = None) -> tuple[int, str]:
    """Size and SHA-256 of a file as it is: of the one that `facts` tell of, if they are given.

    Raises:
        WrongInput: it cannot be read, or changes meanwhile.
    """
    sha = hashlib.sha256()
    size = 0
    with open_bytes(source.path, source.name) as raw:
        stamp = stamp_of(raw) if facts is None else facts.stamp
        _ensure_same(raw, source, stamp)
        while chunk := raw.read(_CHUNK):
            sha.update(chunk)
            size += len(chunk)
        _ensure_same(raw, source, stamp)
    return size, sha.hexdigest()
