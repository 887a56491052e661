"""One process's life in a run, as the journal keeps it for `status` and `report`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bulkdel.ledger.circumstances import Circumstances, decode_circumstances, has_circumstances
from bulkdel.ledger.values import Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStop:
    """How one target's lane ended: one word, one sentence for the user, the provider's code."""

    target: str
    end: str
    words: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingRecord:
    """A sitting. Times are Unix milliseconds.

    Attributes:
        number: 1 is the run's first.
        before: the counters by target name when it began.
        ended_ms: None until it has ended, for ever if it died.
        end: one word; None as long as `ended_ms` is.
        circumstances: None of a sitting of an older version.
        agreed_in: the number of the sitting in which the plan was agreed to; None where that was
            of an older version, or `circumstances` is None.
    """

    number: int
    pid: int
    started_ms: int
    before: Mapping[str, Counters]
    ended_ms: int | None
    end: str | None
    lanes: tuple[LaneStop, ...]
    circumstances: Circumstances | None = None
    agreed_in: int | None = None


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


def put_end_of_dead(
    db: sqlite3.Connection, began_ms: int, *, at_ms: int, end: str, lanes: Sequence[LaneStop]
) -> None:
    """Keeps how the sitting ended that began then, if it could not write that itself."""
    db.execute(
        "UPDATE sittings SET ended_ms = ?, end = ?, lanes = ?"
        " WHERE started_ms = ? AND ended_ms IS NULL",
        (at_ms, end, orjson.dumps(lanes).decode(), began_ms),
    )


def read_sittings(
    db: sqlite3.Connection, names: Sequence[str], limit: int, *, agreeing: bool = False
) -> tuple[SittingRecord, ...]:
    """Returns the last `limit` sittings in their order, of targets with these names.

    With `agreeing`, only those in which somebody agreed to the plan, for themselves and later ones.
    """
    has = has_circumstances(db)
    if agreeing and not has:
        return ()
    columns = "agreed, body" if has else "NULL, NULL"
    joined = "LEFT JOIN circumstances ON sitting = id" if has else ""
    which = "WHERE agreed = id" if agreeing else ""
    rows = db.execute(
        f"SELECT id, pid, started_ms, before, ended_ms, end, lanes, {columns} FROM sittings"  # noqa: S608  # our own words
        f" {joined} {which} ORDER BY id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return tuple(_record(row, names) for row in reversed(rows))


def _record(row: tuple[Any, ...], names: Sequence[str]) -> SittingRecord:
    number, pid, started_ms, before, ended_ms, end, lanes, agreed_in, body = row
    return SittingRecord(
        number=number,
        pid=pid,
        started_ms=started_ms,
        before={
            name: Counters(**counters)
            for name, counters in zip(names, orjson.loads(before), strict=True)
        },
        ended_ms=ended_ms,
        end=end,
        lanes=tuple(LaneStop(**lane) for lane in orjson.loads(lanes or "[]")),
        circumstances=None if body is None else decode_circumstances(body),
        agreed_in=agreed_in,
    )
