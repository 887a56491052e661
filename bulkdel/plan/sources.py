"""Which files a job's input is, and how each is written; standard input becomes a file first."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Input

STDIN = "-"
STDIN_COPY = files.STDIN_COPY
_CHUNK = 1 << 20
_FORMATS = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file to read. `name` is what the user calls it; `packing` is "", "gz" or "zst"."""

    name: str
    path: Path
    format: Format
    packing: str


def find_sources(
    given: Input, run_dir: Path, *, missing_ok: bool = False
) -> tuple[SourceFile, ...]:
    """The input's files in the job's order, each once.

    Raises:
        WrongInput: a file is missing (unless missing_ok), is a directory, or of no known format.
    """
    found: dict[str, SourceFile] = {}
    for entry in given.files:
        if entry == STDIN:
            if given.format is None:
                raise WrongInput('input.files "-": standard input needs input.format')
            source = SourceFile(
                name=STDIN, path=run_dir / STDIN_COPY, format=given.format, packing=""
            )
            found.setdefault(STDIN, source)
            continue
        for path in _matches(entry, missing_ok=missing_ok):
            found.setdefault(os.path.realpath(path), _source(path, given.format))
    return tuple(found.values())


def keep_stdin(stdin: BinaryIO | None, run_dir: Path) -> None:
    """Copies standard input into the run directory, whole or not at all.

    Without `stdin` the copy of an earlier sitting is planned again.
    """
    kept = run_dir / STDIN_COPY
    if stdin is None:
        if not kept.exists():
            raise WrongInput('input.files "-": there is no standard input to read')
        return
    for left in run_dir.glob(f"{STDIN_COPY}.*.tmp"):  # of a process that was killed
        left.unlink()
    with files.replacing(kept) as out:
        while chunk := stdin.read(_CHUNK):
            out.write(chunk)
        if out.tell() == 0:
            raise WrongInput("standard input is empty: there are no rows to plan")


def _matches(entry: str, *, missing_ok: bool) -> list[str]:
    if Path(entry).is_dir():
        raise WrongInput(f"input.files {entry}: is a directory; name files, or use {entry}/*.csv")
    if os.path.lexists(entry):
        return [entry]
    if not glob.has_magic(entry):
        if missing_ok:
            return []
        raise WrongInput(f"input.files {entry}: no such file")
    found = glob.iglob(entry, recursive=True)  # noqa: PTH207 - an absolute pattern, which Path.glob refuses
    paths = sorted(path for path in found if not Path(path).is_dir())
    if not paths and not missing_ok:
        raise WrongInput(f"input.files {entry}: no file matches")
    return paths


def _source(name: str, given: Format | None) -> SourceFile:
    path = Path(name)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = suffixes.pop()[1:] if suffixes and suffixes[-1] in (".gz", ".zst") else ""
    fmt = given or (_FORMATS.get(suffixes[-1]) if suffixes else None)
    if fmt is None:
        raise WrongInput(
            f"input.files {name}: cannot tell the format from the suffix; "
            "set input.format to csv, tsv, jsonl or parquet"
        )
    if fmt is Format.PARQUET and packing:
        raise WrongInput(f"input.files {name}: a Parquet file is not compressed again; unpack it")
    return SourceFile(name=name, path=path, format=fmt, packing=packing)
