"""How the journal's connections are opened by the process that works with it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bulkdel import files
from bulkdel.errors import Busy
from bulkdel.lease.fence import no_fence
from bulkdel.ledger.schema import has_tables, make_later_tables, make_tables, refuse_strange

JOURNAL = files.JOURNAL

_BUSY_S = 10.0
ALONE_S = 1.0
"""For so long a journal is waited for that one process has to itself, or is to have."""


class _Fenced(sqlite3.Connection):
    """A connection that asks before each statement, BEGIN and COMMIT among them, and at its end.

    At its end, because then SQLite moves what was committed into the database itself.
    """

    fence: Callable[[], None] = staticmethod(no_fence)

    def execute(self, *given: Any) -> sqlite3.Cursor:
        """As a connection's, if the fence lets it."""
        self.fence()
        return super().execute(*given)

    def executemany(self, *given: Any) -> sqlite3.Cursor:
        """As a connection's, if the fence lets it."""
        self.fence()
        return super().executemany(*given)

    def close(self) -> None:
        """As a connection's, if the fence lets it."""
        self.fence()
        super().close()


def connect(
    run_dir: Path, *, fence: Callable[[], None] = no_fence, alone: bool = False
) -> sqlite3.Connection:
    """The connection that writes: WAL, every commit synced; the files are 0600.

    Transactions are opened and closed by hand. It may be used from any thread, by one at a time.

    Args:
        run_dir: where the journal is, or is made.
        fence: returns only while this process may write there.
        alone: whether no other connection is let in, not even to read. Then SQLite shares no
            memory, so the file may lie on a folder that several machines share.

    Raises:
        Busy: somebody else has it to himself; or `alone`, and somebody has it open.
        WrongInput: a file is not this user's own, or of another version of bulkdel.
        sqlite3.Error: it cannot be opened, or is not as bulkdel makes it.
        OSError: it cannot be opened.
    """
    path, _, shared, _ = (run_dir / name for name in files.JOURNAL_FILES)
    made = files.open_for_work(path, os.O_RDWR | os.O_CREAT)  # SQLite gives -wal and -shm its mode
    os.close(made)
    _claim(run_dir)
    wait_s = ALONE_S if alone else _BUSY_S
    kind = type("Fenced", (_Fenced,), {"fence": staticmethod(fence)})
    db = connect_by(f"{path.absolute().as_uri()}?mode=rw", wait_s=wait_s, kind=kind)
    try:
        if alone:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")  # before WAL is looked at: see SQLite
        refuse_strange(db, path)
        _claim(run_dir)  # SQLite opens by name: what it opened must still be ours
        db.execute("PRAGMA journal_mode = WAL")
        if alone:  # of a reader: as long as one has it open, nobody comes to here
            shared.unlink(missing_ok=True)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 67108864")
        if has_tables(db):
            make_later_tables(db)
        else:
            make_tables(db)
    except sqlite3.OperationalError as error:
        db.close()
        raise busy_journal(path, error) or error from error
    except BaseException:
        db.close()
        raise
    return db


def connect_again(run_dir: Path, *, wait_s: float = _BUSY_S) -> sqlite3.Connection:
    """A second connection, only to read, to a journal that this process works with."""
    return connect_by(f"{(run_dir / JOURNAL).absolute().as_uri()}?mode=ro", wait_s=wait_s)


def connect_by(
    uri: str, *, wait_s: float = _BUSY_S, kind: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """A connection by SQLite's URI that waits so long while another process writes."""
    return sqlite3.connect(
        uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False, factory=kind
    )


def busy_journal(path: Path, error: sqlite3.Error) -> Busy | None:
    """The error of a journal that others cannot open now, if that is what SQLite says."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
        return None
    return Busy(
        "is in use by a process that lets nobody else read or write it meanwhile",
        where=path,
        mend="wait for it or stop it, then run the same command again",
    )


def _claim(run_dir: Path) -> None:
    for name in files.JOURNAL_FILES:
        files.claim(run_dir / name)
