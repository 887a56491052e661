"""The tables of journal.db, and whether a file holds them and nothing else.

SQLite carries out what a file's own schema says: triggers, views, computed columns. So nothing of a
journal is read or written before its schema is word for word the one that is made here.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Final

from bulkdel.errors import NEW_RUN, WrongInput
from bulkdel.ledger import circumstances, samples

VERSION = "2"

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

_LATER: Final = {"samples": samples.TABLE, "circumstances": circumstances.TABLE}
"""A journal that was begun before there was such a table lacks it until it is continued."""
TABLES: Final = (*re.findall(r"CREATE TABLE (\w+)", _SCHEMA), *_LATER)
"""All of them; a journal that is made anew is emptied of each."""

_MOST_ROWS: Final = 100
_ALL: Final = "SELECT type, name, tbl_name, sql FROM sqlite_master"


def make_tables(db: sqlite3.Connection) -> None:
    """Make the tables, all at once, in a database that has none."""
    db.execute("BEGIN IMMEDIATE")
    for statement in (*_SCHEMA.split(";\n"), *_LATER.values()):
        db.execute(statement)
    db.execute("COMMIT")


def make_later_tables(db: sqlite3.Connection) -> None:
    """Make those that came later, each if it is not there, in a journal that has the others."""
    for statement in _LATER.values():
        db.execute(statement)


def has_tables(db: sqlite3.Connection) -> bool:
    """Whether the tables were made; they are made all at once."""
    tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sittings'").fetchone()
    return bool(tables[0])


def refuse_strange(db: sqlite3.Connection, path: Path) -> None:
    """Return if the database is empty, or holds our tables and nothing else.

    Raises:
        WrongInput: it was written by another version of bulkdel.
        sqlite3.DatabaseError: its schema is not ours.
    """
    db.execute("PRAGMA trusted_schema = OFF")
    present = set(db.execute(_ALL + " LIMIT ?", (_MOST_ROWS,)))
    if not present:
        return
    expected = _expected()
    strange = sorted(present - expected, key=str)
    missing = sorted(one for one in expected - present if one[2] not in _LATER)
    if not strange and not missing:
        return
    is_ours = any(one in present for one in expected if one[1] == "meta")
    if is_ours:
        version = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        if version and version[0] != VERSION:
            raise other_version(path, version[0])
    kind, name = (strange or missing)[0][:2]
    what = "holds" if strange else "lacks"
    raise sqlite3.DatabaseError(f"it {what} the {kind} {name}, and is not as bulkdel makes it")


def other_version(path: Path, version: object) -> WrongInput:
    """Returns the error of a journal of another format."""
    return WrongInput(
        f"{path} was written by another version of bulkdel (format {version}, this one writes "
        f"{VERSION})",
        mend=f"continue the run with that version, or {NEW_RUN}",
    )


@lru_cache(1)
def _expected() -> frozenset[tuple[str, str, str, str | None]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        make_tables(db)
        return frozenset(db.execute(_ALL))
