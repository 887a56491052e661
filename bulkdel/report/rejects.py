"""What stands in rejects.jsonl, read within bounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bulkdel import files

LINES_READ = 1_000_000
LINE_BYTES = 1 << 20
REASONS_KEPT = 50
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """One rejected row; `raw` is its text, or its base64 where it is no UTF-8.

    `lines` is where it stands: "7", or "7-9" where it takes several lines.
    """

    file: str
    lines: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects:
    """Rejected rows in short.

    Attributes:
        reasons: (reason, rows), most rows first, as far as the file was read.
        first: the first few.
        whole: whether the file was read to its end.
    """

    reasons: tuple[tuple[str, int], ...] = ()
    first: tuple[RejectedRow, ...] = ()
    whole: bool = True


def read_rejects(path: Path) -> Rejects:
    """The file in short; nothing if there is none. At most LINES_READ lines are read."""
    reasons: Counter[str] = Counter()
    first: list[RejectedRow] = []
    try:
        lines = files.open_to_read(path)
    except FileNotFoundError:
        return Rejects()
    with lines:
        for _ in range(LINES_READ):
            line = lines.readline(LINE_BYTES)
            if not line:
                break
            reject = _reject(line)
            known = reject.reason in reasons or len(reasons) < REASONS_KEPT
            reasons[reject.reason if known else "other reasons"] += 1
            if len(first) < SHOWN:
                first.append(reject)
        whole = not lines.read(1)
    return Rejects(reasons=tuple(reasons.most_common()), first=tuple(first), whole=whole)


def _reject(line: bytes) -> RejectedRow:
    try:
        row: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = None
    if not isinstance(row, dict):
        return RejectedRow(file="?", lines="?", reason="unreadable line of rejects.jsonl", raw="")
    raw = row.get("raw", row.get("raw_b64", ""))
    first = row.get("line", "?")
    last = row.get("last_line", first)
    return RejectedRow(
        file=str(row.get("file", "?")),
        lines=str(first) if first == last else f"{first}-{last}",
        reason=str(row.get("reason", "?")),
        raw=str(raw),
    )
