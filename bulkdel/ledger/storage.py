"""What goes wrong with the files of a run directory, as errors for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkdel.errors import RESTORE, Corrupt, StorageFailed
from bulkdel.ledger.tables import JOURNAL

UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What a damaged row raises where it is read."""

_RESOURCES = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_AUTH,
    }
)
_MOST_CHARACTERS = 200


@contextmanager
def translated(run_dir: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn what SQLite and the system raise inside a with block into our own errors.

    `reading` says that nothing is written there. A slip of ours, such as a key that is there
    already, is raised as it is.

    Raises:
        StorageFailed: the directory cannot be read or written just now.
        Corrupt: journal.db is no sound database.
    """
    try:
        yield
    except (OSError, MemoryError) as error:
        raise _failed(run_dir, error, reading=reading) from error
    except sqlite3.DatabaseError as error:
        if is_short_of_means(error):
            raise _failed(run_dir, error, reading=reading) from error
        # Our statements are right: where one cannot be carried out, the schema is not.
        if type(error) in {sqlite3.OperationalError, sqlite3.DatabaseError}:
            raise corrupt_journal(run_dir, error) from error
        raise


@contextmanager
def readable(run_dir: Path) -> Iterator[None]:
    """Turn what a damaged row raises where it is read into Corrupt: SQLite checks no content.

    Raises:
        Corrupt: what stands in journal.db is not what is written to it.
    """
    try:
        yield
    except (*UNREADABLE, sqlite3.IntegrityError) as error:
        raise corrupt_journal(run_dir, error) from error


@contextmanager
def read_in_mid_run(run_dir: Path) -> Iterator[None]:
    """The door of all reads beside a working journal: two errors come out of it and no others.

    Raises:
        StorageFailed: the machine could not read; that says nothing of the content.
        Corrupt: what stands in journal.db is not what is written to it.
    """
    try:
        with translated(run_dir, reading=True), readable(run_dir):
            yield
    except (sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:  # such as: it is closed
        raise _failed(run_dir, error, reading=True) from error
    except sqlite3.Error as error:
        raise corrupt_journal(run_dir, error) from error


def is_short_of_means(error: Exception) -> bool:
    """Whether SQLite could not work, which says nothing of the file's content."""
    primary = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # 0 where Python raised by itself
    return isinstance(error, sqlite3.Error) and primary in _RESOURCES


def storage_failed(run_dir: Path, reason: str) -> StorageFailed:
    """Returns the error of a run directory in which nothing can be recorded any more."""
    return StorageFailed(
        f"nothing more can be recorded in {run_dir} ({reason})",
        mend="free space there or repair the disk, then run the same command again: what was "
        "recorded is kept",
    )


def _failed(run_dir: Path, error: Exception, *, reading: bool) -> StorageFailed:
    reason = str(error) or "out of memory"
    if not reading:
        return storage_failed(run_dir, reason)
    return StorageFailed(
        f"{run_dir} cannot be read ({reason})",
        mend="put that right, then run the same command again",
    )


def corrupt_journal(run_dir: Path, error: Exception) -> Corrupt:
    """Returns the error of a journal.db that is not what was written to it."""
    reason = "".join(c if c.isprintable() else "?" for c in str(error))[:_MOST_CHARACTERS]
    return Corrupt(
        f"{run_dir / JOURNAL} is damaged ({reason})",
        mend=f"{RESTORE}: this one cannot be continued",
    )
