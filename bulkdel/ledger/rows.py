"""The journal's rows as values: each function is a statement or two on an open connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, fields, replace

from bulkdel.ledger.codec import decode_parts, decode_settlement, encode_parts, encode_settlement
from bulkdel.ledger.counting import items_in
from bulkdel.ledger.ledger_file import Mark
from bulkdel.ledger.samples import put_samples
from bulkdel.ledger.settled import MOST_SEGMENTS, SEGMENT_BYTES
from bulkdel.ledger.tick import OpenRow, Tick
from bulkdel.ledger.values import Counters, OpenEntry, Part, Settlement
from bulkdel.words import NO_REPLY

_MOST_PLACE = 1 << 62
_COUNTERS = tuple(field.name for field in fields(Counters))
_COLUMNS = ", ".join(_COUNTERS)
"""The journal has a column for each of the counters, by the same name."""
LOST_WORDS = "the process ended before the answer came"

_PUT_OPEN = """
INSERT INTO open VALUES (?1, ?2, ?3, ?4, coalesce(?5, 0), coalesce(?6, 0), coalesce(?7, ''))
ON CONFLICT (ordinal) DO UPDATE SET parts = ?3, in_flight = ?4,
    pairs = coalesce(?5, pairs), code = coalesce(?6, code), info = coalesce(?7, info)"""
_ADD_FAILURES = """
INSERT INTO failures VALUES (?, ?, ?, ?)
ON CONFLICT (target, code) DO UPDATE SET info = excluded.info, pairs = pairs + excluded.pairs"""


def write_tick(db: sqlite3.Connection, tick: Tick, first_seq: int) -> None:
    """The open entries, failures and settlements of `tick`; these are numbered from `first_seq`."""
    db.executemany(_PUT_OPEN, [row for row in tick.rows.values() if row is not None])
    db.executemany(
        "DELETE FROM open WHERE ordinal = ?",
        [(ordinal,) for ordinal, row in tick.rows.items() if row is None],
    )
    db.executemany(
        _ADD_FAILURES,
        [(*key, *failures) for key, failures in tick.failures.items()],
    )
    db.executemany(
        "INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                seq,
                entry.ordinal,
                target,
                settlement.at_ms,
                settlement.attempts,
                encode_settlement(settlement),
            )
            for seq, (settlement, entry, target) in enumerate(tick.settled, first_seq)
        ],
    )
    put_samples(db, tick.samples)


def settlements(
    db: sqlite3.Connection, after: int, to: int | None = None
) -> Iterator[tuple[int, int, Settlement]]:
    """(ordinal, target, settlement) of the sequence numbers after … to, in their order."""
    rows = db.execute(
        "SELECT ordinal, target, at_ms, attempts, body FROM settlements"
        " WHERE seq > ? AND (seq <= ?2 OR ?2 IS NULL) ORDER BY seq",
        (after, to),
    )
    for ordinal, target, at_ms, attempts, body in rows:
        yield ordinal, target, decode_settlement(body, attempts=attempts, at_ms=at_ms)


def stored_parts(db: sqlite3.Connection, ordinal: int) -> tuple[Part, ...] | None:
    """What is unsettled of an entry with a history; None of one without."""
    row = db.execute("SELECT parts FROM open WHERE ordinal = ?", (ordinal,)).fetchone()
    return None if row is None else decode_parts(row[0])


def open_entries(
    db: sqlite3.Connection, lo: int, hi: int, limit: int, *, in_flight: bool = False
) -> list[OpenEntry]:
    """Up to `limit` entries of lo … hi - 1 that have a history and are not settled whole.

    They come by ordinal. Those whose calls are in flight are among them only if `in_flight`.
    """
    rows = db.execute(
        "SELECT ordinal, parts, code, info FROM open"
        " WHERE ordinal >= ? AND ordinal < ? AND in_flight <= ? ORDER BY ordinal LIMIT ?",
        (lo, hi, in_flight, limit),
    )
    return [_open_entry(*row) for row in rows]


def _open_entry(ordinal: int, parts: bytes | None, code: object, info: object) -> OpenEntry:
    if not isinstance(code, int) or not isinstance(info, str):
        raise TypeError(f"the last code and text of entry {ordinal}")
    return OpenEntry(ordinal=ordinal, parts=decode_parts(parts), code=code, info=info)


def record_lost(db: sqlite3.Connection, size_at: Callable[[int], int]) -> dict[int, int]:
    """Make of every intent without an outcome a lost answer; returns how many, by target.

    `size_at` says how many items the entry at an ordinal has.
    """
    lost: dict[int, int] = {}
    rows = db.execute("SELECT ordinal, target, parts FROM open WHERE in_flight").fetchall()
    for ordinal, target, stored in rows:
        first, *others = decode_parts(stored)
        first = replace(first, attempts=first.attempts + 1, lost=first.lost + 1)
        parts = (first, *others)
        pairs = items_in(parts, size_at(ordinal))
        row = OpenRow(ordinal, target, encode_parts(parts), False, pairs, NO_REPLY, LOST_WORDS)
        db.execute(_PUT_OPEN, row)
        lost[target] = lost.get(target, 0) + 1
    return lost


def read_counters(db: sqlite3.Connection) -> list[Counters]:
    """The counters by target."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM counters ORDER BY target")  # noqa: S608 - our names
    return [Counters(**dict(zip(_COUNTERS, row, strict=True))) for row in rows]


def put_counters(db: sqlite3.Connection, counters: Mapping[int, Counters]) -> None:
    """The counters of some targets."""
    marks = ", ?" * len(_COUNTERS)
    db.executemany(
        f"INSERT OR REPLACE INTO counters (target, {_COLUMNS}) VALUES (?{marks})",  # noqa: S608
        [(target, *astuple(new)) for target, new in counters.items()],
    )


def has_begun(db: sqlite3.Connection) -> bool:
    """Whether an intent was made that was not taken back; from then on the plan is fixed."""
    return any(counters.calls > 0 for counters in read_counters(db))


def read_segments(db: sqlite3.Connection) -> dict[int, bytes]:
    """The bitmap of what is settled whole.

    Raises:
        ValueError: a segment is none of a plan's; taking it over could need any memory.
    """
    segments: dict[int, bytes] = dict(db.execute("SELECT segment, bits FROM settled"))
    for number, bits in segments.items():
        if not 0 <= number < MOST_SEGMENTS or len(bits) != SEGMENT_BYTES:
            raise ValueError(f"segment {number} of the bitmap")
    return segments


def put_segments(db: sqlite3.Connection, segments: Mapping[int, bytes]) -> None:
    """The segments of the bitmap that changed."""
    db.executemany("INSERT OR REPLACE INTO settled VALUES (?, ?)", segments.items())


def read_heads(db: sqlite3.Connection) -> tuple[Mark, Mark]:
    """Where the last recorded segment of the ledger begins, and where it ends.

    Raises:
        ValueError: there is no such place in a file.
    """
    row = db.execute(
        "SELECT prev_seq, prev_offset, prev_chain, seq, offset, chain FROM head"
    ).fetchone()
    if not all(0 <= place < _MOST_PLACE for place in (row[0], row[1], row[3], row[4])):
        raise ValueError("the ledger ends at a place that no file has")
    return (
        Mark(seq=row[0], offset=row[1], chain=row[2]),
        Mark(seq=row[3], offset=row[4], chain=row[5]),
    )


def put_heads(db: sqlite3.Connection, before: Mark, now: Mark) -> None:
    """What `read_heads` reads back."""
    db.execute(
        "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?, ?)",
        (now.seq, now.offset, now.chain, before.seq, before.offset, before.chain),
    )
