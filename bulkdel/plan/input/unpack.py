"""gz and zst files → their bytes, every member and frame of them, to the last one's end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

import zstandard

from bulkdel.plan.input.sources import SourceFile, WrongFile

_CHUNK: Final = 4 << 20
_ZST_PIECE: Final = 256
"""Packed bytes at a time. A block takes 4 at least and unpacks to 128 kB at most: so never more
than 8 MB in hand, at a cost that cannot be measured."""
_WINDOW_MOST: Final = 128 << 20
_HEADER_MOST: Final = 18
_SKIPPED: Final = 0x184D2A5
"""What a frame to be skipped begins with, but for its last 4 bits."""


def unpack(packed: BinaryIO, source: SourceFile) -> Iterator[bytes]:
    """The bytes that a gz or zst file holds.

    Raises:
        WrongInput: the file is broken, cut short, or needs what is not read: a dictionary, a window
            over 128 MB.
    """
    try:
        yield from _ungzip(packed) if source.packing == "gz" else _unzst(packed, source.name)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as exc:
        raise WrongFile(
            source.name,
            f"the .{source.packing} file is broken or cut short, or has something else behind its "
            "end",
            f"fetch it again; if it is not packed at all, take .{source.packing} off its name",
        ) from exc


def _ungzip(packed: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=packed) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _unzst(packed: BinaryIO, name: str) -> Iterator[bytes]:
    """Frame by frame: the library's own reader does not say whether the last one had its end."""
    unzstd = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MOST)
    left = b""
    while begin := left + packed.read(max(0, _HEADER_MOST - len(left))):
        _refuse_unread(begin, name)
        frame = unzstd.decompressobj()
        while True:
            if chunk := frame.decompress(begin):
                yield chunk
            if frame.eof:
                break
            begin = packed.read(_ZST_PIECE)
            if not begin:
                raise EOFError
        left = frame.unused_data


def _refuse_unread(begin: bytes, name: str) -> None:
    """Raises WrongInput for a frame that is whole, but needs more than we have."""
    if int.from_bytes(begin[:4], "little") >> 4 == _SKIPPED:
        return
    try:
        frame = zstandard.get_frame_parameters(begin)
    except zstandard.ZstdError:  # the reader says it better
        return
    if frame.dict_id:
        raise WrongFile(
            name,
            "was packed with a dictionary (zstd -D), which is not read",
            "pack it again without one",
        )
    if frame.window_size > _WINDOW_MOST:
        size, most = frame.window_size / 2**20, _WINDOW_MOST >> 20
        window = f"{size / 1024:,.4g} GB" if size >= 1024 else f"{size:,.4g} MB"  # noqa: PLR2004
        raise WrongFile(
            name,
            f"was packed with a window of {window} (zstd --long"
            f"={(frame.window_size - 1).bit_length()}), more than the {most} MB that are read",
            "pack it again without --long",
        )
