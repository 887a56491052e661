"""The rejected rows in their original form, to be mended and read by a new job."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkdel import files
from bulkdel.errors import Corrupt, WrongInput
from bulkdel.plan.rejects import RAW_CAP

REJECTS = files.REJECTS
LINE_MOST = 1 << 16


@dataclass(slots=True)
class Tally:
    """What was met on the way.

    Attributes:
        rows: that were written.
        cut: of those, rows longer than rejects.jsonl keeps: they are not whole.
    """

    rows: int = 0
    cut: int = 0


def raw_rejects(
    run_dir: Path, header_of: Callable[[str], bytes | None], tally: Tally, *, source: str | None
) -> Iterator[bytes]:
    """The rows, line by line, after their header where their file has one.

    Args:
        run_dir: whose rejects.
        header_of: the header of an input file, by the name it has in rejects.jsonl; None without.
        tally: filled on the way.
        source: only rows of this file; None means all.

    Raises:
        WrongInput: rows of files with different headers, which no one file can hold.
        Corrupt: a line of rejects.jsonl is not what bulkdel writes.
    """
    path = run_dir / REJECTS
    if not files.is_there(path):
        return
    first: str | None = None
    header: bytes | None = None
    before: tuple[str, int] | None = None
    with files.open_to_read(path) as lines:
        number = 0
        while line := lines.readline(LINE_MOST):
            number += 1
            if not line.endswith(b"\n") and len(line) < LINE_MOST:
                return
            file, at, raw, cut = _read(path, number, line)
            if source not in (None, file) or before == (file, at):
                continue  # the ids of one line's list are rejected one by one
            before = file, at
            if first is None:
                first, header = file, header_of(file)
                if header is not None:
                    yield header + b"\n"
            elif file != first and header_of(file) != header:
                raise WrongInput(
                    f"the rejected rows of {first} and of {file} have different headers; "
                    "export them one by one with --source FILE"
                )
            tally.rows += 1
            tally.cut += cut
            yield raw + b"\n"


def _read(path: Path, number: int, line: bytes) -> tuple[str, int, bytes, bool]:
    try:
        told = orjson.loads(line)
        raw = told["raw"]
        cut = len(raw) > RAW_CAP
        if "raw_b64" in told:
            octets = base64.b64decode(told["raw_b64"], validate=True)
            return told["file"], told["line"], octets, len(octets) >= RAW_CAP
        return told["file"], told["line"], raw.encode(), cut
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Corrupt(
            f"{path}, line {number}: it is not a line that bulkdel writes; `bulkdel plan` of an "
            "unsent job writes the file anew"
        ) from error
