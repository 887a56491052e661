"""One process's life in a run, as the journal keeps it for `status` and `report`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from bulkdel.ledger.values import Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStop:
    """How one target's lane ended: one word, and one sentence for the user."""

    target: str
    end: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingRecord:
    """A sitting. Times are Unix milliseconds.

    Attributes:
        before: the counters by target name when it began.
        ended_ms: None until it has ended, for ever if it died.
        end: one word; None as long as `ended_ms` is.
    """

    pid: int
    started_ms: int
    before: Mapping[str, Counters]
    ended_ms: int | None
    end: str | None
    lanes: tuple[LaneStop, ...]


def put_start(
    db: sqlite3.Connection, *, pid: int, now_ms: int, counters: Sequence[Counters]
) -> int | None:
    """Keeps that a sitting began with these counters, by target; returns its number."""
    return db.execute(
        "INSERT INTO sittings (pid, started_ms, before) VALUES (?, ?, ?)",
        (pid, now_ms, orjson.dumps(counters).decode()),
    ).lastrowid


def put_end(
    db: sqlite3.Connection, number: int | None, *, now_ms: int, end: str, lanes: Sequence[LaneStop]
) -> None:
    """Keeps how the sitting of this number ended."""
    db.execute(
        "UPDATE sittings SET ended_ms = ?, end = ?, lanes = ? WHERE id = ?",
        (now_ms, end, orjson.dumps(lanes).decode(), number),
    )


def read_sittings(
    db: sqlite3.Connection, names: Sequence[str], limit: int
) -> tuple[SittingRecord, ...]:
    """Returns the last `limit` sittings in their order, of targets with these names."""
    rows = db.execute(
        "SELECT pid, started_ms, before, ended_ms, end, lanes FROM sittings"
        " ORDER BY id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return tuple(
        SittingRecord(
            pid=pid,
            started_ms=started_ms,
            before={
                name: Counters(**counters)
                for name, counters in zip(names, orjson.loads(before), strict=True)
            },
            ended_ms=ended_ms,
            end=end,
            lanes=tuple(LaneStop(**lane) for lane in orjson.loads(lanes or "[]")),
        )
        for pid, started_ms, before, ended_ms, end, lanes in reversed(rows)
    )
