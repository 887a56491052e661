"""rejects.jsonl: the rows that cannot be sent, each with its place, its reason and its raw text."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import BinaryIO

import orjson

from bulkdel.plan.input.records import Record

RAW_CAP = 1000
"""Characters of a rejected row that are kept; a cut one ends in an ellipsis."""


class RejectsFile:
    """Writes rejects as they are found, so that any number of them needs no memory."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.count = 0

    def add(self, file: str, record: Record) -> None:
        """Rejects a record of `file`, for the reason that it has instead of ids."""
        line, last_line, raw, reason = record
        entry: dict[str, str | int] = {
            "file": file,
            "line": line,
            "last_line": last_line,
            "reason": str(reason),
        }
        cut = raw[: RAW_CAP * 4 + 4]
        try:
            # At the cut a character may be halved; the cap below drops it again.
            text = cut.decode(errors="strict" if len(raw) == len(cut) else "ignore")
            if len(raw) > len(cut):
                raw.decode()
            entry["raw"] = _capped(text)
        except UnicodeDecodeError:
            entry["raw"] = _capped(cut.decode(errors="replace"))
            entry["raw_b64"] = base64.b64encode(raw[:RAW_CAP]).decode()
        self._out.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1


def _capped(text: str) -> str:
    return text if len(text) <= RAW_CAP else text[:RAW_CAP] + "…"


def file_name(path: str | Path) -> str:
    """A path as it can stand in JSON, whatever bytes it is made of."""
    return str(path).encode(errors="surrogateescape").decode(errors="replace")
