"""Reads of the journal beside a working lane: two errors come out of them and no others."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from bulkdel.errors import Corrupt, StorageFailed
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Part
from tests.support.ledger import deleted, intent, open_journal, outcome, tick
from tests.support.ledger import entry_of as batch_at

Read = Callable[[Journal], object]

READS: Final[dict[str, Read]] = {
    "open_entries": lambda journal: journal.open_entries(0, 100, 10),
    "second_phase": lambda journal: journal.second_phase(0, 10),
    "second_phase_begun": lambda journal: journal.second_phase(0, 10, begun=True),
    "has_reserved": lambda journal: journal.has_reserved(0),
}


class Refusing(sqlite3.Connection):
    """A connection whose statements fail."""

    error: Exception

    def execute(self, *_: Any) -> sqlite3.Cursor:
        """Fails."""
        raise self.error


def refusing(error: Exception) -> Refusing:
    """A connection whose statements fail with `error`."""
    db = sqlite3.connect(":memory:", factory=Refusing)
    db.error = error
    return db


def with_code(error: sqlite3.Error, code: int) -> sqlite3.Error:
    """The error as SQLite raises it."""
    error.sqlite_errorcode = code
    return error


MACHINE: Final = (
    OSError(errno.EIO, "Input/output error"),
    MemoryError(),
    with_code(sqlite3.OperationalError("disk I/O error"), sqlite3.SQLITE_IOERR | 1 << 8),
    with_code(sqlite3.OperationalError("unable to open"), sqlite3.SQLITE_CANTOPEN),
    with_code(sqlite3.DatabaseError("not authorized"), sqlite3.SQLITE_AUTH),
    with_code(sqlite3.InterfaceError("bad parameter"), sqlite3.SQLITE_MISUSE),
    sqlite3.ProgrammingError("Cannot operate on a closed database."),
)
CONTENT: Final = (
    with_code(sqlite3.DatabaseError("malformed"), sqlite3.SQLITE_CORRUPT),
    with_code(sqlite3.OperationalError("no such column"), sqlite3.SQLITE_ERROR),
    with_code(sqlite3.DataError("string or blob too big"), sqlite3.SQLITE_TOOBIG),
    with_code(sqlite3.IntegrityError("constraint failed"), sqlite3.SQLITE_CONSTRAINT),
    with_code(sqlite3.InternalError("internal"), sqlite3.SQLITE_INTERNAL),
    sqlite3.NotSupportedError("not supported"),
    ValueError("no JSON"),
    TypeError("None"),
    KeyError("key"),
    OverflowError("too large"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    """One with an open entry."""
    with open_journal(tmp_path) as one:
        tick(one, intent(3))
        tick(one, outcome(batch_at(3), None, Part(attempts=1), code=9, info="slow"))
        yield one


def refuse(journal: Journal, error: Exception) -> None:
    """From now on, all that is read beside the writer fails with `error`."""
    journal._reader.close()
    journal._reader = refusing(error)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_the_machine_fails(journal: Journal, read: Read) -> None:
    """What says nothing of the content is a StorageFailed that names the run and the reason."""
    for error in MACHINE:
        refuse(journal, error)
        with pytest.raises(StorageFailed) as failure:
            read(journal)
        assert str(journal.run_dir) in str(failure.value)
        assert (str(error) or "out of memory") in str(failure.value)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_the_content_is_wrong(journal: Journal, read: Read) -> None:
    """What cannot be what was written is Corrupt."""
    for error in CONTENT:
        refuse(journal, error)
        with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
            read(journal)


DAMAGED_ROWS: Final = (
    "parts = x'5b'",
    "parts = '[]'",
    "parts = '[[null, \"1\", 0, []]]'",
    "parts = '[[[\"0\"], 1, 0, []]]'",
    "parts = '[[null, 1, 0, [[0, null]]]]'",
    "parts = '[[null, 1, 0]]'",
    "parts = NULL, code = 'nine'",
    "parts = NULL, code = 9, info = x'ff'",
)


def test_a_damaged_row(journal: Journal) -> None:
    """A row of an open entry that bulkdel does not write is Corrupt where it is read."""
    with closing(sqlite3.connect(journal.run_dir / "journal.db", isolation_level=None)) as db:
        for damage in DAMAGED_ROWS:
            db.execute(f"UPDATE open SET {damage}")  # noqa: S608 - our own words
            with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
                journal.open_entries(0, 100, 10)


DAMAGED_ENTRIES: Final[tuple[tuple[str | bytes, str], ...]] = (
    ("ann", "x"),
    ("ann", "[]x"),
    ("ann", '[["bob", 2]]'),
    ("ann", '[[7, 0, "label", 1, 0, 31704]]'),
    ("ann", '[["bob", 0, "label", "1", 0, 31704]]'),
    ("ann", '[["bob", 300, "label", 1, 0, 31704]]'),
    (b"\xff", '[["bob", 0, "label", 1, 0, 31704]]'),
)


def test_a_damaged_entry_of_the_second_phase(journal: Journal) -> None:
    """An entry of the second phase that bulkdel does not write is Corrupt where it is read."""
    with closing(sqlite3.connect(journal.run_dir / "journal.db", isolation_level=None)) as db:
        for entry in DAMAGED_ENTRIES:
            db.execute("INSERT OR REPLACE INTO second_phase VALUES (200, 0, 0.5, ?, ?)", entry)
            with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
                journal.second_phase(0, 10)


def test_damaged_pages(journal: Journal) -> None:
    """Every read of a file whose pages are no pages is Corrupt; what is in memory still answers."""
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = journal.run_dir / "journal.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    for read in READS.values():
        with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
            read(journal)
    assert journal.settled.next_unsettled(0, 100) == 0
    assert journal.counters(0).calls == 1


@pytest.mark.parametrize("damage", ["UPDATE open SET parts = '[]'", "DROP TABLE open"])
def test_what_a_tick_reads(journal: Journal, damage: str) -> None:
    """An intent is compared with what the journal holds; where that cannot be read, it is said."""
    with closing(sqlite3.connect(journal.run_dir / "journal.db", isolation_level=None)) as db:
        db.execute(damage)
    with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
        journal.commit([intent(3, Part(attempts=1), again=True)])


def test_a_tick_that_the_machine_cannot_read(journal: Journal) -> None:
    """What says nothing of the content is a StorageFailed for a tick, too."""
    db = journal._db
    for error in MACHINE[:5]:
        journal._db = refusing(error)
        with pytest.raises(StorageFailed):
            journal.commit([intent(1)])
    journal._db = db


def test_closing_a_damaged_journal(tmp_path: Path) -> None:
    """Closing writes where the ledger ends; that it cannot is no reason to fail."""
    with open_journal(tmp_path) as journal:
        tick(journal, intent(0))
        tick(journal, deleted(0))
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
            db.execute("DROP TABLE head")


def test_a_closed_journal(tmp_path: Path) -> None:
    """A read that comes too late is no sign of damage."""
    with open_journal(tmp_path) as journal:
        pass
    for read in READS.values():
        with pytest.raises(StorageFailed, match="closed database"):
            read(journal)
