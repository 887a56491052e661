"""An input file, open to be read by the reader of its format: all of it, or its beginning."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from bulkdel.plan.input.facts import Facts, ensure_unchanged, open_bytes, stamp_of
from bulkdel.plan.input.file_bytes import FileBytes
from bulkdel.plan.input.formats import BINARY
from bulkdel.plan.input.kinds import EXPORT_AGAIN, HEAD_BYTES, kind_of
from bulkdel.plan.input.sources import SourceFile, WrongFile
from bulkdel.plan.input.unpack import unpack

BEGINNING_BYTES: Final = 1 << 18
"""Bytes of a file that are its beginning, unpacked."""

_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """The unpacked bytes of an input file, or those of its first whole lines.

    Attributes:
        source: which file it is.
        facts: of the bytes that are here.
        stream: the bytes, from the first on.
        share: how much of the file they are, 0…1.
    """

    source: SourceFile
    facts: Facts
    stream: BinaryIO
    share: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether this is all of the file; else its last record may be cut off."""
        return self.share == 1.0

    def bytes(self) -> FileBytes:
        """The bytes by their places."""
        if isinstance(self.stream, io.BytesIO):
            return FileBytes.of_bytes(self.stream.getvalue())
        return FileBytes.of_file(self.stream.fileno(), self.facts.unpacked)

    def ensure_all(self, count: int) -> None:
        """Called when reading has come to the end, after so many bytes.

        Raises:
            WrongInput: that is not the file, which somebody wrote to meanwhile.
            AssertionError: nobody did, so it was read wrongly.
        """
        if count != self.facts.unpacked:
            ensure_unchanged(self.source, self.facts)
            raise AssertionError(
                f"{self.source.name}: {count:,} of its {self.facts.unpacked:,} bytes are "
                "accounted for"
            )


@contextmanager
def open_whole(source: SourceFile, facts: Facts) -> Iterator[OpenFile]:
    """Opens a file that was looked at, for the length of a with block.

    Raises:
        WrongInput: it cannot be opened or read.
    """
    with open_bytes(facts.path, source.name) as stream:
        yield OpenFile(source=source, facts=facts, stream=stream)


@contextmanager
def open_beginning(source: SourceFile) -> Iterator[OpenFile]:
    """Opens a file to look at its first rows, for the length of a with block; unpacks no more.

    A binary format is opened whole: what its rows are may stand at its end.

    Raises:
        WrongInput: unreadable, empty, a broken gz or zst file, or no text where that is wanted.
    """
    with open_bytes(source.path, source.name) as raw:
        size = raw.seek(0, io.SEEK_END)
        raw.seek(0)
        stream: BinaryIO = raw
        unpacked, share = size, 1.0
        if source.format not in BINARY:
            content, share = _beginning(source, raw, size)
            stream, unpacked = io.BytesIO(content), len(content)
        facts = Facts(path=source.path, size=size, unpacked=unpacked, stamp=stamp_of(raw))
        yield OpenFile(source=source, facts=facts, stream=stream, share=share)


def _beginning(source: SourceFile, raw: BinaryIO, packed_size: int) -> tuple[bytes, float]:
    """The first whole lines of a text file, unpacked, and how much of the file they are."""
    pieces: list[bytes] = []
    size = 0
    for piece in unpack(raw, source) if source.packing else iter(lambda: raw.read(_CHUNK), b""):
        pieces.append(piece)
        size += len(piece)
        if size >= BEGINNING_BYTES:
            break
    content = b"".join(pieces)
    if not content:
        raise WrongFile(source.name, "the file is empty", EXPORT_AGAIN)
    if kind := kind_of(content[:HEAD_BYTES], source.format):
        raise WrongFile(source.name, *kind)
    if size < BEGINNING_BYTES:
        return content, 1.0
    share = min(1.0, raw.tell() / packed_size)
    content = content[:BEGINNING_BYTES]
    content = content[: content.rfind(b"\n") + 1]
    return content, share * len(content) / size
