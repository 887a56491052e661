"""One pass over a file's bytes: its fingerprint, and the facts that say how it may be read."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.sources import SourceFile

_CHUNK = 4 << 20
_ZST_CHUNK = 8 << 10  # packed bytes at a time: what they unpack to has no bound but their number
_PLAIN = bytes(b for b in range(0x20, 0x7F) if b != ord('"')) + b"\n"
_MAGIC = (b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\x7fELF", b"SQLite format")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    r"""What is known of a file's bytes (unpacked, if it was packed).

    Attributes:
        path: where the unpacked bytes are.
        size, sha256: of the file as it is, packed or not.
        lines: physical lines; a last one without line end counts.
        blank: lines without a character; counted where all lines end in "\n".
        uniform: the line end of every line, where there is one: "\n" or "\r\n"; else "".
        quotes, controls, utf8: whether there is a quote; a control byte that ends no line
            (nor is the delimiter); whether all is valid UTF-8.
        hanging: whether some line ends in a delimiter; DuckDB takes one field too many there.
        long_line: whether some stretch of 1 MiB has no line end.
    """

    path: Path
    size: int
    sha256: str
    lines: int
    blank: int
    uniform: str
    quotes: bool
    controls: bool
    utf8: bool
    long_line: bool
    hanging: bool

    @property
    def plain(self) -> bool:
        """Whether lines are rows, and nothing in them can be read in two ways."""
        odd = self.quotes or self.long_line or self.hanging
        return bool(self.uniform) and self.utf8 and not odd


@contextmanager
def open_bytes(path: Path, name: str) -> Iterator[BinaryIO]:
    """Opens an input file, with a sentence where that cannot be done."""
    try:
        file = path.open("rb")
    except FileNotFoundError as exc:
        raise WrongInput(f"input.files {name}: no such file") from exc
    except OSError as exc:
        raise WrongInput(f"input.files {name}: cannot be read ({exc.strerror})") from exc
    with file:
        yield file


def look_at(source: SourceFile, folder: Path, number: int) -> Facts:
    """Reads `source` once from end to end; a packed one is unpacked into `folder` on the way.

    Raises:
        WrongInput: unreadable, empty, binary, or a broken gz or zst file.
    """
    with open_bytes(source.path, source.name) as raw:
        before = os.fstat(raw.fileno())
        if before.st_size == 0:
            raise WrongInput(f"input.files {source.name}: the file is empty")
        hashed = _Hashed(raw)
        tally = _Tally(b"\t" if source.format is Format.TSV else b",")
        if source.packing:
            unpacked = folder / f"unpacked-{number}"
            with unpacked.open("wb") as out:
                for chunk in unpack(cast("BinaryIO", hashed), source):
                    out.write(chunk)
                    tally.add(chunk)
        else:
            unpacked = source.path
            while chunk := hashed.read(_CHUNK):
                tally.add(chunk if source.format is not Format.PARQUET else chunk[:1])
        sha256 = hashed.digest()
        after = os.fstat(raw.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise WrongInput(f"input.files {source.name}: changed while it was read; run again")
    if tally.head.startswith(_UTF16):
        raise WrongInput(f"input.files {source.name}: is UTF-16; save it as UTF-8")
    if source.format is not Format.PARQUET and tally.head.startswith(_MAGIC):
        raise WrongInput(f"input.files {source.name}: is a binary file, not {source.format}")
    if not tally.size:
        raise WrongInput(f"input.files {source.name}: the file is empty")
    return tally.facts(unpacked, before.st_size, sha256)


def digest_of(source: SourceFile) -> tuple[int, str]:
    """Size and SHA-256 of a file as it is."""
    with open_bytes(source.path, source.name) as raw:
        hashed = _Hashed(raw)
        size = 0
        while chunk := hashed.read(_CHUNK):
            size += len(chunk)
        return size, hashed.digest()


class _Hashed(io.RawIOBase):
    """A stream that hashes what is read through it."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._sha = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._raw.read(size)
        self._sha.update(chunk)
        return chunk

    def digest(self) -> str:
        while self.read(_CHUNK):
            pass
        return self._sha.hexdigest()


def unpack(stream: BinaryIO, source: SourceFile) -> Iterator[bytes]:
    """The unpacked bytes of a gz or zst file; WrongInput where it is broken."""
    try:
        if source.packing == "gz":
            with gzip.GzipFile(fileobj=stream) as gz:
                while chunk := gz.read(_CHUNK):
                    yield chunk
        else:
            yield from _unpack_zst(stream)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as exc:
        raise WrongInput(
            f"input.files {source.name}: the .{source.packing} file is broken or cut short"
        ) from exc


def _unpack_zst(stream: BinaryIO) -> Iterator[bytes]:
    """Frame by frame: the library's own reader does not say whether the last one had its end."""
    unzstd = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame = unzstd.decompressobj()
    begun = False
    while packed := stream.read(_ZST_CHUNK):
        while packed:
            if chunk := frame.decompress(packed):
                yield chunk
            begun = not frame.eof
            packed = b"" if begun else frame.unused_data
            if not begun:
                frame = unzstd.decompressobj()
    if begun:
        raise EOFError


class _Tally:
    """Adds up what chunks say; a line end or a character may lie across two of them."""

    def __init__(self, delimiter: bytes) -> None:
        self._common = bytes(b for b in _PLAIN if b not in delimiter + b"\n")
        self._delimiter = delimiter
        self._shape = b""  # what is left of a line like the header without common characters
        self._held = b""  # the beginning of a line whose end is still to come
        self._dangling = (delimiter + b"\n", delimiter + b"\r")
        self._hanging = False
        self.head = b""
        self.size = 0
        self._lines = 0
        self._crlf = 0
        self._cr = 0
        self._blank = 0
        self._quotes = False
        self._controls = False
        self._utf8 = True
        self._long = False
        self._blank_crlf = False
        self._tail = b""  # bytes of a character that the last chunk began
        self._last = b"\n"  # a file begins as if after a line end
        self._stretch = 0  # bytes since the last line end

    def add(self, chunk: bytes) -> None:
        if not self.head:
            self.head = chunk[:16]
        self.size += len(chunk)
        chunk = self._held + chunk
        cut = chunk.rfind(b"\n") + 1
        if len(chunk) - cut > _HELD_MOST:
            cut = len(chunk)
        self._held = chunk[cut:]
        self._take(chunk[:cut])

    def _take(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._measure(chunk)
        rest = chunk.translate(None, self._common)
        if not self._shape:
            self._shape = self._shape_of(rest)
        lines, over = divmod(len(rest), len(self._shape))
        if not over and self._last[-1:] == b"\n" and rest == self._shape * lines:
            # Every line has as many fields as the header, no character is special, none is blank.
            crs = lines if b"\r" in self._shape else 0
            self._lines += lines
            self._cr += crs
            self._crlf += crs
            self._last = chunk[-2:]
            return
        rest = rest.translate(None, self._delimiter + b"\n")
        self._lines += chunk.count(b"\n")
        ascii_only = not rest or rest.isascii()
        if self._tail or not ascii_only:
            self._decode(chunk)
        if rest:
            self._quotes = self._quotes or b'"' in rest
            self._special(chunk, rest)
        elif self._last[-1:] == b"\r" and chunk[:1] == b"\n":
            self._crlf += 1
        self._count_blank(chunk)
        edge = self._last[-1:] + chunk[:1]
        self._hanging = self._hanging or any(end in chunk or end == edge for end in self._dangling)
        self._last = (self._last + chunk)[-2:] if len(chunk) == 1 else chunk[-2:]

    def _shape_of(self, rest: bytes) -> bytes:
        shape = rest[: rest.find(b"\n") + 1].removeprefix(BOM)
        body = shape.rstrip(b"\r\n")
        # A blank line looks like a line of one column: then, as after any other character in the
        # first line, the shape is one that fits nothing, a common character.
        return shape if body and not body.strip(self._delimiter) else b"a"

    def _special(self, chunk: bytes, rest: bytes) -> None:
        crs = rest.count(b"\r")
        self._cr += crs
        if crs or self._last[-1:] == b"\r":
            self._crlf += chunk.count(b"\r\n") + (self._last[-1:] == b"\r" and chunk[:1] == b"\n")
        others = rest.translate(None, b'"\r')
        if others:
            # C1 controls are two bytes, C2 80 … C2 9F: any C2 is reason enough to look closely.
            self._controls = self._controls or b"\xc2" in others or _has_c0(others)

    def _decode(self, chunk: bytes) -> None:
        if not self._utf8:
            return
        data = self._tail + chunk
        try:
            data.decode()
            self._tail = b""
        except UnicodeDecodeError as exc:
            if exc.reason == "unexpected end of data" and len(data) - exc.start < 4:  # noqa: PLR2004 - a character has at most four bytes
                self._tail = data[exc.start :]
            else:
                self._utf8 = False
                self._tail = b""

    def _count_blank(self, chunk: bytes) -> None:
        if b"\n\n" in chunk:
            pairs = chunk.count(b"\n\n")
            overlapping = b"\n\n\n" in chunk
            self._blank += _overlapping(chunk, b"\n\n") if overlapping else pairs
        if self._last[-1:] == b"\n" and chunk[:1] == b"\n":
            self._blank += 1
        if self._cr and (b"\n\r\n" in chunk or b"\n\r\n" in self._last + chunk[:2]):
            self._blank_crlf = True

    def _measure(self, chunk: bytes) -> None:
        first = chunk.find(b"\n")
        if first < 0:
            self._stretch += len(chunk)
        else:
            last = chunk.rfind(b"\n")
            self._long = self._long or self._stretch + first > _LONG
            if not self._long and last - first > _LONG:
                self._long = _has_stretch(chunk, first, last)
            self._stretch = len(chunk) - last - 1
        self._long = self._long or self._stretch > _LONG

    def facts(self, path: Path, size: int, sha256: str) -> Facts:
        self._take(self._held)
        self._held = b""
        ended = self._last[-1:] == b"\n"
        if self._cr == 0:
            uniform = "\n"
        elif self._cr == self._crlf == self._lines and not self._blank_crlf:
            uniform = "\r\n"
        else:
            uniform = ""
        return Facts(
            path=path,
            size=size,
            sha256=sha256,
            lines=self._lines + (not ended),
            blank=self._blank,
            uniform=uniform,
            quotes=self._quotes,
            controls=self._controls,
            utf8=self._utf8 and not self._tail,
            long_line=self._long,
            hanging=self._hanging or self._last[-1:] == self._dangling[0][:1],
        )


_LONG = 1 << 20
_HELD_MOST = 1 << 16


def _has_c0(others: bytes) -> bool:
    return len(others.translate(None, bytes(range(0x20)) + b"\x7f")) != len(others)


def _overlapping(chunk: bytes, what: bytes) -> int:
    count = 0
    at = chunk.find(what)
    while at >= 0:
        count += 1
        at = chunk.find(what, at + 1)
    return count


def _has_stretch(chunk: bytes, first: int, last: int) -> bool:
    at = first
    while at < last:
        # The last line end within reach: from there on again.
        step = chunk.rfind(b"\n", at + 1, at + 2 + _LONG)
        if step < 0:
            return True
        at = step
    return False
