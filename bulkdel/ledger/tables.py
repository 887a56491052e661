"""The journal's tables, and how its connections are opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from bulkdel.ledger.samples import make_table

JOURNAL = "journal.db"
VERSION = "2"

_BUSY_S = 10.0

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (
    target INTEGER PRIMARY KEY, deleted INTEGER NOT NULL, already_gone INTEGER NOT NULL,
    failed INTEGER NOT NULL, calls INTEGER NOT NULL, retries INTEGER NOT NULL,
    throttled INTEGER NOT NULL, lost_answers INTEGER NOT NULL, in_reserve INTEGER NOT NULL);
CREATE TABLE open (
    ordinal INTEGER PRIMARY KEY, target INTEGER NOT NULL, parts BLOB,
    in_flight INTEGER NOT NULL, pairs INTEGER NOT NULL,
    code INTEGER NOT NULL, info TEXT NOT NULL);
CREATE TABLE failures (
    target INTEGER NOT NULL, code INTEGER NOT NULL, info TEXT NOT NULL, pairs INTEGER NOT NULL,
    PRIMARY KEY (target, code)) WITHOUT ROWID;
CREATE TABLE settlements (
    seq INTEGER PRIMARY KEY, ordinal INTEGER NOT NULL, target INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE settled (segment INTEGER PRIMARY KEY, bits BLOB NOT NULL);
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL, offset INTEGER NOT NULL, chain BLOB NOT NULL,
    prev_seq INTEGER NOT NULL, prev_offset INTEGER NOT NULL, prev_chain BLOB NOT NULL);
CREATE TABLE reserved (
    target INTEGER NOT NULL, account TEXT NOT NULL, other TEXT NOT NULL, turned INTEGER NOT NULL,
    label TEXT NOT NULL, attempts INTEGER NOT NULL, lost INTEGER NOT NULL, code INTEGER NOT NULL,
    PRIMARY KEY (target, account, other)) WITHOUT ROWID;
CREATE TABLE second_phase (
    ordinal INTEGER PRIMARY KEY, target INTEGER NOT NULL, place REAL NOT NULL,
    account TEXT NOT NULL, others BLOB NOT NULL);
CREATE INDEX second_phase_order ON second_phase (target, place, ordinal);
CREATE TABLE sittings (
    id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, started_ms INTEGER NOT NULL,
    before TEXT NOT NULL, ended_ms INTEGER, end TEXT, lanes TEXT);
"""

TABLES = (
    "meta",
    "counters",
    "open",
    "failures",
    "settlements",
    "settled",
    "head",
    "reserved",
    "second_phase",
    "sittings",
    "samples",
)
"""All of them; a journal that is made anew is emptied of each."""


def connect(run_dir: Path) -> sqlite3.Connection:
    """The connection that writes: WAL, every commit synced; the files are 0600.

    Transactions are opened and closed by hand. It may be used from any thread, by one at a time.
    """
    path = run_dir / JOURNAL
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives -wal and -shm the same
    db = _connect(f"{path.absolute().as_uri()}?mode=rw")
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 67108864")
        if not has_tables(db):
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute("COMMIT")
        make_table(db)
    except BaseException:
        db.close()
        raise
    return db


def connect_to_read(run_dir: Path) -> sqlite3.Connection | None:
    """A connection that only reads, also while another process writes; None without a journal."""
    if not (run_dir / JOURNAL).exists():
        return None
    db = connect_again(run_dir)
    try:
        if not has_tables(db):
            db.close()
            return None
    except BaseException:
        db.close()
        raise
    return db


def connect_again(run_dir: Path) -> sqlite3.Connection:
    """A second connection, only to read, to a journal that is there."""
    return _connect(f"{(run_dir / JOURNAL).absolute().as_uri()}?mode=ro")


def has_tables(db: sqlite3.Connection) -> bool:
    """Whether the tables were made; they are made all at once."""
    found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sittings'").fetchone()
    return bool(found[0])


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
