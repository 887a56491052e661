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
from bulkdel.ledger.sittings import LaneStop, Sitting
from bulkdel.ledger.storage import translated
from bulkdel.ledger.tables import connect_to_read
from bulkdel.ledger.values import Counters

MOST_OPEN = 20
"""How many reasons of open entries a snapshot names, the commonest first."""

_RECENT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCount:
    """How many entries of a target wait with the same last code and text."""

    target: str
    code: int
    info: str
    entries: int


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
        open: why entries with a history are not settled, at most MOST_OPEN.
        recent: how fast the last 1000 replies came, by target.
        first_started_ms: when the first sitting began.
        last: the last sitting.
        ledger_bytes: the ledger's length as last recorded.
    """

    identity: Identity
    begun: bool
    counters: Mapping[str, Counters]
    in_flight: int
    open: tuple[OpenCount, ...]
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
    with translated(run_dir):
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
        open=_open_counts(db, names),
        recent=_recent(db, names),
        first_started_ms=first,
        last=_last_sitting(db),
        ledger_bytes=rows.read_heads(db)[1].offset,
    )


def _open_counts(db: sqlite3.Connection, names: list[str]) -> tuple[OpenCount, ...]:
    found = db.execute(
        "SELECT target, code, info, count(*) AS entries FROM open WHERE NOT in_flight"
        " GROUP BY target, code, info ORDER BY entries DESC, target, code, info LIMIT ?",
        (MOST_OPEN,),
    )
    return tuple(
        OpenCount(target=names[target], code=code, info=info, entries=entries)
        for target, code, info, entries in found
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


def _last_sitting(db: sqlite3.Connection) -> Sitting | None:
    row = db.execute(
        "SELECT pid, started_ms, ended_ms, end, lanes FROM sittings ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    pid, started_ms, ended_ms, end, lanes = row
    return Sitting(
        pid=pid,
        started_ms=started_ms,
        ended_ms=ended_ms,
        end=end,
        lanes=tuple(LaneStop(**lane) for lane in orjson.loads(lanes or "[]")),
    )
