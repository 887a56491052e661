"""An input file before it is read: its size and fingerprint, and its bytes, unpacked if need be."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.sources import SourceFile
from bulkdel.plan.unpack import unpack

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

_CHUNK = 4 << 20
_MAGIC = (b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\x7fELF", b"SQLite format")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a file before its rows are read.

    Attributes:
        path: where the unpacked bytes are.
        size: bytes of the file as it is, packed or not.
        unpacked: bytes of what is at `path`.
        changed_ns: when the file was last written.
    """

    path: Path
    size: int
    unpacked: int
    changed_ns: int


class _Named(io.FileIO):
    """A file that says which one it is where it cannot be read, now or later."""

    def __init__(self, path: Path, name: str) -> None:
        self._called = name
        super().__init__(path)

    def readinto(self, into: Buffer, /) -> int | None:
        """As any file's; see open_bytes."""
        try:
            return super().readinto(into)
        except OSError as exc:
            raise _unreadable(self._called, exc) from exc

    def readall(self) -> bytes:
        """As any file's; see open_bytes."""
        try:
            return super().readall()
        except OSError as exc:
            raise _unreadable(self._called, exc) from exc


@contextmanager
def open_bytes(path: Path, name: str) -> Iterator[BinaryIO]:
    """Opens an input file.

    Raises:
        WrongInput: it cannot be opened, or at any moment within, not read.
    """
    try:
        file = _Named(path, name)
    except FileNotFoundError as exc:
        raise WrongInput(f"input.files {name}: no such file") from exc
    except OSError as exc:
        raise _unreadable(name, exc) from exc
    with io.BufferedReader(file) as buffered:
        yield buffered


def _unreadable(name: str, exc: OSError) -> WrongInput:
    return WrongInput(f"input.files {name}: cannot be read ({exc.strerror})")


def look_at(source: SourceFile, folder: Path, number: int) -> Facts:
    """Looks at the beginning of `source`; a packed one is unpacked into `folder`.

    Raises:
        WrongInput: unreadable, empty, binary, or a broken gz or zst file.
    """
    path = source.path
    with open_bytes(source.path, source.name) as raw:
        before = os.fstat(raw.fileno())
        if before.st_size == 0:
            raise WrongInput(f"input.files {source.name}: the file is empty")
        if source.packing:
            path = folder / f"unpacked-{number}"
            with path.open("wb") as out:
                for chunk in unpack(raw, source):
                    out.write(chunk)
    with open_bytes(path, source.name) as file:
        head = file.read(16)
        unpacked = os.fstat(file.fileno()).st_size
    if not head:
        raise WrongInput(f"input.files {source.name}: the file is empty")
    if head.startswith(_UTF16):
        raise WrongInput(f"input.files {source.name}: is UTF-16; save it as UTF-8")
    if source.format is not Format.PARQUET and head.startswith(_MAGIC):
        raise WrongInput(f"input.files {source.name}: is a binary file, not {source.format}")
    return Facts(path=path, size=before.st_size, unpacked=unpacked, changed_ns=before.st_mtime_ns)


def ensure_unchanged(source: SourceFile, facts: Facts) -> None:
    """Raises WrongInput if the file was written to since `facts` were taken."""
    with open_bytes(source.path, source.name) as raw:
        now = os.fstat(raw.fileno())
    if (now.st_size, now.st_mtime_ns) != (facts.size, facts.changed_ns):
        raise WrongInput(f"input.files {source.name}: changed while it was read; run again")


def digest_of(source: SourceFile) -> tuple[int, str]:
    """Size and SHA-256 of a file as it is."""
    sha = hashlib.sha256()
    size = 0
    with open_bytes(source.path, source.name) as raw:
        while chunk := raw.read(_CHUNK):
            sha.update(chunk)
            size += len(chunk)
    return size, sha.hexdigest()
