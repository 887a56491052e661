"""Which files a job's input is, and how each is written; standard input becomes a file first."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Input
from bulkdel.plan.input.formats import BINARY, SUFFIXES
from bulkdel.plan.input.kinds import kind_by_name

STDIN = "-"
STDIN_COPY = files.STDIN_COPY
_CHUNK = 1 << 20
_LISTED_MOST: Final = 1000
_ALIKE: Final = 0.8
_PERMIT: Final = "let this user read it"
_RELATIVE: Final = "correct input.files: a path in it is relative to the job file"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file to read. `name` is what the user calls it; `packing` is "", "gz" or "zst"."""

    name: str
    path: Path
    format: Format
    packing: str


class WrongFile(WrongInput):
    """An input file is wrong. `where` names the key and the file, `file` the file alone."""

    def __init__(self, file: str, what: str, mend: str) -> None:
        super().__init__(what, where=f"input.files {file}", mend=mend)
        self.file = file


def find_sources(
    given: Input, run_dir: Path, *, missing_ok: bool = False
) -> tuple[SourceFile, ...]:
    """The input's files in the job's order, each once.

    Raises:
        WrongInput: a file is missing (unless missing_ok), is a directory, or of no known format, or
            a folder cannot be listed.
    """
    sources: dict[str, SourceFile] = {}
    for entry in given.files:
        if entry == STDIN:
            if given.format is None:
                raise WrongFile(
                    '"-"', "standard input needs input.format", "write csv, tsv, jsonl or parquet"
                )
            source = SourceFile(
                name=STDIN, path=run_dir / STDIN_COPY, format=given.format, packing=""
            )
            sources.setdefault(STDIN, source)
            continue
        try:
            paths = _matches(entry, missing_ok=missing_ok)
        except OSError as exc:
            where = "" if exc.filename in (None, entry) else f"{exc.filename} "
            raise WrongFile(entry, f"{where}cannot be looked at ({exc.strerror})", _PERMIT) from exc
        for path in paths:
            sources.setdefault(os.path.realpath(path), _source(path, given.format))
    return tuple(sources.values())


def keep_stdin(stdin: BinaryIO | None, run_dir: Path) -> None:
    """Copies standard input into the run directory, whole or not at all.

    Without `stdin` the copy of an earlier sitting is planned again.
    """
    kept = run_dir / STDIN_COPY
    if stdin is None:
        if not kept.exists():
            raise WrongFile('"-"', "there is no standard input to read", "pipe the rows in")
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
        raise WrongFile(entry, "is a directory", f"name files, or use {entry}/*.csv")
    if _is_there(entry) and (not missing_ok or Path(entry).exists()):
        return [entry]
    if not glob.has_magic(entry):
        if missing_ok:
            return []
        raise WrongFile(entry, "no such file", _near(Path(entry)))
    top, *parts = Path(entry).parts
    matches = sorted(set(_below(top, parts)))
    paths = [path for path in matches if not Path(path).is_dir()]
    if missing_ok:
        paths = [path for path in paths if Path(path).exists()]
    if not paths and not missing_ok:
        if matches:
            raise WrongFile(entry, "only folders match", f"name the files in them: {entry}/*.csv")
        raise WrongFile(entry, "no file matches", _RELATIVE)
    return paths


def _near(path: Path) -> str:
    """A question that names the file nearest to one that is not there, or where that was."""
    try:
        with files.scanned(str(path.parent)) as entries:
            names = [one.name for one in islice(entries, _LISTED_MOST)]
    except OSError:
        names = []
    near = get_close_matches(path.name, names, n=1, cutoff=_ALIKE)
    return f"did you mean {path.with_name(near[0])}?" if near else _RELATIVE


def _below(folder: str, parts: Sequence[str]) -> Iterator[str]:
    """What an absolute pattern's parts match below a folder, as a shell has it.

    `**` is any depth, and follows no link to a folder.

    Raises:
        OSError: a folder cannot be listed. (The library's glob takes it for an empty one, and what
            lies in it would be left out without a word.)
    """
    part, *rest = parts
    if part == "**":
        for each in _folders(folder):
            yield from _below(each, rest or ("*",))
        return
    for path in _named(folder, part):
        if not rest:
            yield path
        elif Path(path).is_dir():
            yield from _below(path, rest)


def _folders(folder: str) -> Iterator[str]:
    yield folder
    for entry in _listed(folder, "**"):
        if entry.is_dir(follow_symlinks=False):
            yield from _folders(entry.path)


def _named(folder: str, part: str) -> list[str]:
    if glob.has_magic(part):
        return [one.path for one in _listed(folder, part) if fnmatchcase(one.name, part)]
    path = os.path.join(folder, part)  # noqa: PTH118 - as text: its spelling is kept
    return [path] if _is_there(path) else []


def _is_there(path: str) -> bool:
    """Whether something has this name. What cannot be looked at is an error, and no absence."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _listed(folder: str, part: str) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder; hidden things only where the pattern begins with a dot too."""
    with files.scanned(folder) as entries:
        yield from (one for one in entries if part[:1] == "." or one.name[:1] != ".")


def _source(name: str, given: Format | None) -> SourceFile:
    path = Path(name)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packing = suffixes.pop()[1:] if suffixes and suffixes[-1] in (".gz", ".zst") else ""
    fmt = given or (SUFFIXES.get(suffixes[-1]) if suffixes else None)
    if fmt is None:
        raise WrongFile(name, *kind_by_name(suffixes[-1] if suffixes else ""))
    if fmt in BINARY and packing:
        what = f"a {fmt.capitalize()} file is not compressed again"
        raise WrongFile(name, what, "unpack it")
    return SourceFile(name=name, path=path, format=fmt, packing=packing)
