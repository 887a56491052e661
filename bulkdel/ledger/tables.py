"""How the journal's connections are opened by the process that works with it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from bulkdel import files
from bulkdel.ledger.schema import has_tables, make_later_tables, make_tables, refuse_strange

JOURNAL = files.JOURNAL

_BUSY_S = 10.0


def connect(run_dir: Path) -> sqlite3.Connection:
    """The connection that writes: WAL, every commit synced; the files are 0600.

    Transactions are opened and closed by hand. It may be used from any thread, by one at a time.

    Raises:
        WrongInput: a file is not this user's own, or of another version of bulkdel.
        sqlite3.Error: it cannot be opened, or is not as bulkdel makes it.
        OSError: it cannot be opened.
    """
    path = run_dir / JOURNAL
    made = files.open_for_work(path, os.O_RDWR | os.O_CREAT)  # SQLite gives -wal and -shm its mode
    os.close(made)
    _claim(run_dir)
    db = connect_by(f"{path.absolute().as_uri()}?mode=rw")
    try:
        refuse_strange(db, path)
        _claim(run_dir)  # SQLite opens by name: what it opened must still be ours
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 67108864")
        if has_tables(db):
            make_later_tables(db)
        else:
            make_tables(db)
    except BaseException:
        db.close()
        raise
    return db


def connect_again(run_dir: Path) -> sqlite3.Connection:
    """A second connection, only to read, to a journal that this process works with."""
    return connect_by(f"{(run_dir / JOURNAL).absolute().as_uri()}?mode=ro")


def connect_by(uri: str) -> sqlite3.Connection:
    """A connection by SQLite's URI that waits while another process writes."""
    return sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )


def _claim(run_dir: Path) -> None:
    for name in files.JOURNAL_FILES:
        files.claim(run_dir / name)
