"""Which files a job's input is, and how each is written; standard input becomes a file first."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Input

STDIN = "-"
STDIN_COPY = "stdin.data"
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
    partial = run_dir / (STDIN_COPY + ".tmp")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(fd, "wb") as out:
            while chunk := stdin.read(_CHUNK):
                out.write(chunk)
            size = out.tell()
            out.flush()
            os.fsync(out.fileno())
        if size == 0:
            raise WrongInput("standard input is empty: there are no rows to plan")
        partial.replace(kept)
    finally:
        partial.unlink(missing_ok=True)


def _matches(entry: str, *, missing_ok: bool) -> list[str]:
    if Path(entry).is_dir():
        raise WrongInput(f"input.files {entry}: is a directory; name files, or use {entry}/*.csv")
    if os.path.exists(entry) or (os.path.lexists(entry) and not missing_ok):  # noqa: PTH110 - text
        return [entry]
    if not glob.has_magic(entry):
        if missing_ok:
            return []
        raise WrongInput(f"input.files {entry}: no such file")
    found = sorted(set(_expanded(entry)))
    paths = [path for path in found if not Path(path).is_dir()]
    if missing_ok:
        paths = [path for path in paths if Path(path).exists()]
    if not paths and not missing_ok:
        what = "only folders match" if found else "no file matches"
        raise WrongInput(f"input.files {entry}: {what}")
    return paths


def _expanded(pattern: str) -> Iterator[str]:
    """What matches an absolute pattern. `**` is every folder below that is no link, however deep.

    The standard library's follows links, and so comes to files elsewhere, or round in circles.
    """
    if pattern.endswith("/**"):
        pattern += "/*"
    before, star, behind = pattern.partition("/**/")
    if not star:
        yield from glob.iglob(pattern)  # noqa: PTH207 - an absolute pattern, which Path.glob refuses
        return
    for top in glob.iglob(f"{before}/"):  # noqa: PTH207 - as above
        for folder, names, _ in os.walk(top, onerror=_unlisted):
            names[:] = [name for name in names if not name.startswith(".")]
            yield from _expanded(f"{glob.escape(folder.rstrip('/'))}/{behind}")


def _unlisted(error: OSError) -> None:
    raise WrongInput(f"input.files {error.filename}: cannot be listed ({error.strerror})")


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
