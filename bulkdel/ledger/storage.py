"""What goes wrong with the files of a run directory, as sentences for the user."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkdel.errors import Corrupt, StorageFailed
from bulkdel.ledger.tables import JOURNAL


@contextmanager
def translated(run_dir: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise inside a with block into our own errors.

    Raises:
        StorageFailed: the directory cannot be read or written just now.
        Corrupt: journal.db is no sound database.
    """
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise StorageFailed(storage_words(run_dir, str(error))) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a slip of ours, not of the disk's
        raise Corrupt(
            f"{run_dir / JOURNAL} is damaged ({error}); restore the run directory from a backup, "
            "or begin a new run with --run-dir: this one cannot be continued"
        ) from error


def storage_words(run_dir: Path, what: str) -> str:
    """The sentence of a StorageFailed."""
    return (
        f"nothing more can be recorded in {run_dir} ({what}); free space there or mend the disk, "
        "then run the same command again: what was recorded is kept"
    )
