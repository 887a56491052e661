"""The first line of an input file, as it stands there."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Final

import zstandard

LINE_MOST: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"


def first_line(path: Path) -> bytes | None:
    """The first line without its end and a byte order mark; packed files are unpacked.

    None if the file is gone or cannot be read.
    """
    try:
        with path.open("rb") as raw:
            match path.suffix.lower():
                case ".gz":
                    with gzip.GzipFile(fileobj=raw) as unpacked:
                        line = unpacked.readline(LINE_MOST)
                case ".zst":
                    with zstandard.ZstdDecompressor().stream_reader(raw) as reader:
                        line = reader.read(LINE_MOST).partition(b"\n")[0]
                case _:
                    line = raw.readline(LINE_MOST)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return None
    return line.removeprefix(_BOM).rstrip(b"\r\n")
