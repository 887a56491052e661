"""gz and zst files → their bytes, every member and frame of them, to the last one's end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import zstandard

from bulkdel.errors import WrongInput
from bulkdel.plan.sources import SourceFile

_CHUNK = 4 << 20
_ZST_CHUNK = 8 << 10  # packed bytes at a time: what they unpack to has no bound but their number


def unpack(packed: BinaryIO, source: SourceFile) -> Iterator[bytes]:
    """The bytes that a gz or zst file holds.

    Raises:
        WrongInput: the file is broken or cut short.
    """
    try:
        yield from _ungzip(packed) if source.packing == "gz" else _unzst(packed)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as exc:
        raise WrongInput(
            f"input.files {source.name}: the .{source.packing} file is broken or cut short"
        ) from exc


def _ungzip(packed: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=packed) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _unzst(packed: BinaryIO) -> Iterator[bytes]:
    """Frame by frame: the library's own reader does not say whether the last one had its end."""
    unzstd = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame = unzstd.decompressobj()
    begun = False
    while piece := packed.read(_ZST_CHUNK):
        while piece:
            if chunk := frame.decompress(piece):
                yield chunk
            begun = not frame.eof
            piece = b"" if begun else frame.unused_data
            if not begun:
                frame = unzstd.decompressobj()
    if begun:
        raise EOFError
