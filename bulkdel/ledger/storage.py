"""What goes wrong with the files of a run directory, as sentences for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkdel.errors import Corrupt, StorageFailed
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

    `reading` says that nothing is written there.

    Raises:
        StorageFailed: the directory cannot be read or written just now.
        Corrupt: journal.db is no sound database.
    """
    try:
        yield
    except OSError as error:
        raise StorageFailed(_words(run_dir, error, reading=reading)) from error
    except sqlite3.OperationalError as error:
        if _primary(error) in _RESOURCES:
            raise StorageFailed(_words(run_dir, error, reading=reading)) from error
        raise _corrupt(run_dir, error) from error  # our statements are right: the schema is not
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a slip of ours, not of the disk's
        raise _corrupt(run_dir, error) from error


@contextmanager
def readable(run_dir: Path) -> Iterator[None]:
    """Turn what a damaged row raises where it is read into Corrupt: SQLite checks no content.

    Raises:
        Corrupt: what stands in journal.db is not what is written to it.
    """
    try:
        yield
    except (*UNREADABLE, sqlite3.IntegrityError) as error:
        raise _corrupt(run_dir, error) from error


def _words(run_dir: Path, error: Exception, *, reading: bool) -> str:
    if not reading:
        return storage_words(run_dir, str(error))
    return f"{run_dir} cannot be read ({error}); mend that, then run the same command again"


def is_short_of_means(error: Exception) -> bool:
    """Whether SQLite could not work, which says nothing of the file's content."""
    return isinstance(error, sqlite3.OperationalError) and _primary(error) in _RESOURCES


def _primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where Python raised by itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _corrupt(run_dir: Path, error: Exception) -> Corrupt:
    said = "".join(c if c.isprintable() else "?" for c in str(error))[:_MOST_CHARACTERS]
    return Corrupt(
        f"{run_dir / JOURNAL} is damaged ({said}); restore the run directory from a backup, "
        "or begin a new run with --run-dir: this one cannot be continued"
    )


def storage_words(run_dir: Path, what: str) -> str:
    """The sentence of a StorageFailed."""
    return (
        f"nothing more can be recorded in {run_dir} ({what}); free space there or mend the disk, "
        "then run the same command again: what was recorded is kept"
    )
