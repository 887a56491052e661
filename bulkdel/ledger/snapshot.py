"""A run as `status` sees it: read from the journal, also while another process writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkdel.ledger import rows
from bulkdel.ledger.admission import has_begun
from bulkdel.ledger.identity import Identity, decode_identity
from bulkdel.ledger.reader import connect_to_read
from bulkdel.ledger.sittings import LaneStop, Sitting
from bulkdel.ledger.storage import readable, translated
from bulkdel.ledger.values import Counters

MOST_CODES = 20
"""How many codes a snapshot names, those with most pairs first."""

_RECENT = 1000
_FAILED = """
SELECT target, code, info, pairs, -1 FROM failures ORDER BY pairs DESC, target, code LIMIT ?"""
_UNSETTLED = """
SELECT target, code, max(info), sum(pairs) AS pairs, min(ordinal) FROM open
WHERE NOT in_flight AND pairs > 0 GROUP BY target, code ORDER BY pairs DESC, target, code LIMIT ?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCount:
    """How many pairs of a target last got this code; `info` is one text that came with it.

    Attributes:
        ordinal: an entry that holds such a pair; -1 where none is known.
        example: a From_Account that was refused so; empty where nobody has looked for one.
    """

    target: str
    code: int
    info: str
    pairs: int
    ordinal: int = -1
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """One target's share of the last settlements: `replies` of them, between two Unix times."""

    target: str
    replies: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A run at one moment.

    Attributes:
        identity: what the run is.
        begun: whether anything was sent; from then on the plan is fixed.
        counters: by target name, in the plan's order.
        in_flight: calls whose intents are out; lost answers if nobody works in the directory.
        failed: the codes that pairs failed with, at most MOST_CODES.
        unsettled: the codes that pairs which a call has carried wait with, at most MOST_CODES.
        recent: how fast the last 1000 replies came, by target.
        first_started_ms: when the first sitting began.
        last: the last sitting.
        ledger_bytes: the ledger's length as last recorded.
    """

    identity: Identity
    begun: bool
    counters: Mapping[str, Counters]
    in_flight: int
    failed: tuple[CodeCount, ...]
    unsettled: tuple[CodeCount, ...]
    recent: tuple[Recent, ...]
    first_started_ms: int | None
    last: Sitting | None
    ledger_bytes: int


def snapshot(run_dir: Path) -> Snapshot | None:
    """The run in `run_dir`; None if it has no journal yet.

    Raises:
        Corrupt: journal.db is damaged.
        StorageFailed: it cannot be read.
    """
    with _reading(run_dir) as db:
        return None if db is None else _taken(db)


def begun(run_dir: Path) -> bool:
    """Whether anything was sent from `run_dir`; from then on its plan is fixed.

    Raises:
        Corrupt: journal.db is damaged.
        StorageFailed: it cannot be read.
    """
    with _reading(run_dir) as db:
        return db is not None and has_begun(db)


@contextmanager
def _reading(run_dir: Path) -> Iterator[sqlite3.Connection | None]:
    with translated(run_dir, reading=True), readable(run_dir):
        db = connect_to_read(run_dir)
        if db is None:
            yield None
            return
        with closing(db):
            db.execute("BEGIN")  # all that is read is of one moment
            yield db


def _taken(db: sqlite3.Connection) -> Snapshot | None:
    meta = dict(db.execute("SELECT key, value FROM meta"))
    if not meta:
        return None
    identity = decode_identity(meta["identity"])
    names = [target.name for target in identity.targets]
    first = db.execute("SELECT min(started_ms) FROM sittings").fetchone()[0]
    return Snapshot(
        identity=identity,
        begun=has_begun(db),
        counters=dict(zip(names, rows.read_counters(db), strict=True)),
        in_flight=db.execute("SELECT count(*) FROM open WHERE in_flight").fetchone()[0],
        failed=_codes(db, names, _FAILED),
        unsettled=_codes(db, names, _UNSETTLED),
        recent=_recent(db, names),
        first_started_ms=first,
        last=_last_sitting(db, names),
        ledger_bytes=rows.read_heads(db)[1].offset,
    )


def _codes(db: sqlite3.Connection, names: list[str], query: str) -> tuple[CodeCount, ...]:
    return tuple(
        CodeCount(target=names[target], code=code, info=info, pairs=pairs, ordinal=ordinal)
        for target, code, info, pairs, ordinal in db.execute(query, (MOST_CODES,))
    )


def _recent(db: sqlite3.Connection, names: list[str]) -> tuple[Recent, ...]:
    found = db.execute(
        "SELECT target, count(*), min(at_ms), max(at_ms) FROM"
        " (SELECT target, at_ms FROM settlements ORDER BY seq DESC LIMIT ?)"
        " GROUP BY target ORDER BY target",
        (_RECENT,),
    )
    return tuple(
        Recent(target=names[target], replies=replies, first_ms=first_ms, last_ms=last_ms)
        for target, replies, first_ms, last_ms in found
    )


def _last_sitting(db: sqlite3.Connection, names: list[str]) -> Sitting | None:
    row = db.execute(
        "SELECT pid, started_ms, before, ended_ms, end, lanes FROM sittings"
        " ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    pid, started_ms, before, ended_ms, end, lanes = row
    return Sitting(
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
