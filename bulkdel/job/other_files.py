"""A file that is no job file: what it is instead, by its name and its first bytes. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

from bulkdel.job.schema import Format

PACKED: Final = frozenset({".gz", ".zst"})
"""Suffixes of packed files that are read as what they hold."""

SHEETS: Final[Mapping[str, str]] = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".ods": "a spreadsheet of LibreOffice",
    ".numbers": "a spreadsheet of Numbers",
}
"""Suffixes of spreadsheets, and what they are."""

_DATA: Final = frozenset({f".{one}" for one in Format} | {".ndjson"} | {*SHEETS})
_BEGINNINGS: Final = (
    (b"PAR1", "is Parquet data"),
    (b"PK\x03\x04", "is an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook or another Office file"),
    (b"\x1f\x8b", "is a gzip file"),
    (b"\x28\xb5\x2f\xfd", "is a zstd file"),
    (b"SQLite format 3\0", "is a database"),
)
_SEPARATED: Final = re.compile(r"[^=#\[\]{}]+[,;\t|][^=#\[\]{}]+")
_YAML: Final = re.compile(r"---(\s|$)|[A-Za-z_][\w-]*:(\s|$)")
_TOML_INSTEAD: Final = (
    'a job file is TOML: lines such as mode = "one_way", below headings such as [input]; '
    "`bulkdel init` writes one, and `bulkdel schema` says all keys"
)


def is_called_data(name: str) -> bool:
    """Whether the name is one of an input file, packed or not, or of a spreadsheet."""
    suffixes = [one.lower() for one in PurePath(name).suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _DATA


def other_than_job(name: str, content: bytes) -> tuple[str, str] | None:
    """What a file is that could not be read as a job, and what to do; None where it may be one.

    Args:
        name: of the file.
        content: all of it, or its beginning.
    """
    for beginning, what in _BEGINNINGS:
        if content.startswith(beginning):
            return f"{what}, not a job", _init_for(name)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is UTF-16 text", "save it as UTF-8"
    lines = [line for line in content.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    kept = [line for line in lines if not line.lstrip().startswith("#")]
    if is_called_data(name):
        return "that is data, not a job", _init_for(name)
    if not kept:
        mend = "`bulkdel init` writes a job file, under a name that is free"
        return ("it is empty" if not lines else "it holds only comments"), mend
    return _other_text(name, kept)


def _other_text(name: str, lines: list[str]) -> tuple[str, str] | None:
    if _is_object(lines[0]):
        return "that is data (a JSON object a line), not a job", _init_for(name)
    if lines[0].lstrip().startswith("{"):
        return "that is JSON", _TOML_INSTEAD
    if lines[0].lstrip().startswith("<"):
        return "that is HTML or XML", _TOML_INSTEAD
    if _YAML.match(lines[0]):
        return "that looks like YAML", _TOML_INSTEAD
    if _SEPARATED.fullmatch(lines[0]):
        return "that is data, not a job", _init_for(name)
    return None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _init_for(name: str) -> str:
    return f"write a job for it: `bulkdel init purge.toml --input {shlex.quote(name)}`"
