"""Whether a journal belongs to the run that would go on with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bulkdel.errors import WrongInput
from bulkdel.ledger.identity import Identity, decode_identity, encode_identity, identity_changes
from bulkdel.ledger.ledger_file import Mark
from bulkdel.ledger.schema import TABLES, VERSION, other_version
from bulkdel.ledger.tables import JOURNAL


def admit(run_dir: Path, db: sqlite3.Connection, identity: Identity) -> None:
    """Make the journal ready for `identity`: filled if it is new, made anew if it may be.

    Raises:
        WrongInput: it belongs to another run, or to another version of bulkdel.
    """
    meta = dict(db.execute("SELECT key, value FROM meta"))
    if not meta:
        _begin(db, identity)
        return
    if meta["version"] != VERSION:
        raise other_version(run_dir / JOURNAL, meta["version"])
    stored = decode_identity(meta["identity"])
    if stored == identity:
        return
    if not has_begun(db):
        _begin(db, identity)
        return
    changes = identity_changes(stored, identity, _settled(db, stored))
    if changes:
        raise WrongInput(
            f"the run in {run_dir} has begun and cannot go on as another: {'; '.join(changes)}; "
            "undo the change, or begin a new run with --run-dir"
        )
    db.execute("UPDATE meta SET value = ? WHERE key = 'identity'", (encode_identity(identity),))


def has_begun(db: sqlite3.Connection) -> bool:
    """Whether an intent was made that was not taken back."""
    return bool(db.execute("SELECT count(*) FROM counters WHERE calls > 0").fetchone()[0])


def _settled(db: sqlite3.Connection, identity: Identity) -> dict[str, int]:
    rows = db.execute("SELECT target, deleted + already_gone + failed FROM counters")
    return {identity.targets[target].name: settled for target, settled in rows}


def _begin(db: sqlite3.Connection, identity: Identity) -> None:
    start = Mark.first(identity.plan_digest)
    db.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        db.execute(f"DELETE FROM {table}")  # noqa: S608  # our own constants
    db.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        [("version", VERSION), ("identity", encode_identity(identity))],
    )
    db.executemany(
        "INSERT INTO counters VALUES (?, 0, 0, 0, 0, 0, 0, 0, 0)",
        [(target,) for target in range(len(identity.targets))],
    )
    db.execute(
        "INSERT INTO head VALUES (1, 0, 0, ?, 0, 0, ?)",
        (start.chain, start.chain),
    )
    db.execute("COMMIT")
