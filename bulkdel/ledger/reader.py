"""How a journal is opened by those who only read, whoever they are.

A process may write it meanwhile, it may be another user's, its mount may be read-only. No file is
made, changed or left in a directory that is not this user's.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.ledger.schema import has_tables, refuse_strange
from bulkdel.ledger.tables import ALONE_S, JOURNAL, busy_journal, connect_again, connect_by


def connect_to_read(run_dir: Path) -> sqlite3.Connection | None:
    """A connection that only reads, also while another process writes; None without a journal.

    Raises:
        Busy: a process works on it that lets nobody read it meanwhile; see `connect`.
        WrongInput: this user may not read it, or it is of another version of bulkdel.
        sqlite3.Error: it cannot be opened, or is not as bulkdel makes it.
        OSError: it cannot be looked at.
    """
    path = run_dir / JOURNAL
    if not is_there(run_dir):
        return None
    db = _opened(run_dir)
    try:
        refuse_strange(db, path)
        if not has_tables(db):
            db.close()
            return None
    except sqlite3.OperationalError as error:
        db.close()
        raise busy_journal(path, error) or error from error
    except BaseException:
        db.close()
        raise
    return db


def is_there(run_dir: Path) -> bool:
    """Whether there is a journal, and then that this user may read it.

    It is not opened to see: closing it again would take SQLite's locks from a connection of this
    process.

    Raises:
        WrongInput: this user may not read it, or it is no file.
        OSError: it cannot be looked at.
    """
    path = run_dir / JOURNAL
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        raise files.unreadable(run_dir) from error
    for name in files.JOURNAL_FILES:
        if (run_dir / name).exists() and not (run_dir / name).is_file():
            raise WrongInput(f"{run_dir / name} is no file, so the run there cannot be read")
    if not files.may(path, os.R_OK):
        raise files.unreadable(path)
    return True


def _opened(run_dir: Path) -> sqlite3.Connection:
    path, wal, shm = (run_dir / name for name in files.JOURNAL_FILES[:3])
    if path.stat().st_uid == os.geteuid() and files.may(run_dir, os.W_OK):
        # Who has a journal alone shares no memory, and lets nobody in however long they wait.
        alone = wal.exists() and not shm.exists()
        return connect_again(run_dir, wait_s=ALONE_S) if alone else connect_again(run_dir)
    if wal.exists() and shm.exists():
        db = connect_again(run_dir)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:  # SQLite would have to write beside it
            db.close()
        else:
            return db
    if wal.exists() and wal.stat().st_size:
        return _copied(path, wal)
    # Nobody works with it, since that makes a -wal, and everything is in the one file.
    return connect_by(f"{path.absolute().as_uri()}?mode=ro&immutable=1")


def _copied(path: Path, wal: Path) -> sqlite3.Connection:
    """A connection to a private copy, which is gone from every folder when this returns."""
    before = _signs(path, wal)
    try:
        with tempfile.TemporaryDirectory(prefix="bulkdel-") as folder:
            for one in (path, wal):
                shutil.copyfile(one, Path(folder) / one.name)
            if _signs(path, wal) != before:
                raise WrongInput(
                    f"{path} changes while it is read", mend="run the same command again"
                )
            db = connect_again(Path(folder))
            try:
                db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens them all
            except BaseException:
                db.close()
                raise
            return db
    except PermissionError as error:
        raise files.unreadable(Path(error.filename or wal)) from error
    except OSError as error:
        raise WrongInput(
            f"{path} cannot be copied into {tempfile.gettempdir()} to be read "
            f"({files.reason(error)})",
            mend="set TMPDIR to a folder with more room",
        ) from error


def _signs(*paths: Path) -> list[tuple[int, int]]:
    return [(one.stat().st_mtime_ns, one.stat().st_size) for one in paths]
