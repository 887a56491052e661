"""What a file is that is no input as it stands: by its suffix or by its first bytes. Pure."""

from __future__ import annotations

from typing import Final

from bulkdel.job.job import Format
from bulkdel.job.other_files import SHEETS
from bulkdel.plan.input.formats import DELIMITERS

HEAD_BYTES: Final = 64
"""How much of a file's beginning tells what it is."""

EXPORT_AGAIN: Final = "export its rows again, or leave it out of input.files"
"""What to do about a file that holds nothing."""

_AS_CSV: Final = "save it as CSV UTF-8 with its ids as text, and name that file"
_UNPACK: Final = "unpack it: of packed files only .gz and .zst are read"
_PACKED: Final = frozenset({".zip", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz"})
_WHICH: Final = (
    'set input.format: "csv" (fields between commas), "tsv" (between tabs), "jsonl" (a JSON object '
    'a line) or "parquet"'
)
_HEADS: Final = (
    (b"\xff\xfe", "is UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 text", "save it as UTF-8"),
    (b"PK\x03\x04", "is an Excel workbook or another zip file", _AS_CSV),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook or another Office file", _AS_CSV),
    (b"\x1f\x8b", "is packed with gzip", "end its name in .gz, or unpack it"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd", "end its name in .zst, or unpack it"),
    (b"BZh", "is packed with bzip2", _UNPACK),
    (b"\xfd7zXZ", "is packed with xz", _UNPACK),
    (b"7z\xbc\xaf", "is packed with 7-Zip", _UNPACK),
    (b"Rar!", "is packed with RAR", _UNPACK),
    (b"PAR1", "is a Parquet file", 'set input.format = "parquet"'),
    (b"SQLite format 3\0", "is a database", "export its rows as CSV"),
    (b"%PDF-", "is a PDF", "name the file that it was made of"),
    (b"\x7fELF", "is a program", "name another file"),
)
_PAGES: Final = (b"<!doctype html", b"<html", b"<?xml")


def kind_of(head: bytes, form: Format) -> tuple[str, str] | None:
    """What a file that begins so is, and what to do; None where it may be rows of that format."""
    for beginning, what, mend in _HEADS:
        if head.startswith(beginning):
            return what, mend
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_PAGES):
        return "is a web page or XML", "export or fetch the rows again, as CSV"
    if form in DELIMITERS and text.startswith(b'{"'):
        return "is JSON", 'if each line is one object, set input.format = "jsonl"'
    return None


def kind_by_name(suffix: str) -> tuple[str, str]:
    """What a file is whose suffix (in small letters, with its dot) says no format, what to do."""
    if suffix in SHEETS:
        return f"is {SHEETS[suffix]}", _AS_CSV
    if suffix in _PACKED:
        return "is packed", _UNPACK
    if suffix == ".json":
        return (
            "is JSON, of which only one object a line is read",
            'if it is written so, set input.format = "jsonl"',
        )
    return "cannot tell the format from the suffix", _WHICH
