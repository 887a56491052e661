"""SQL that somebody planted in journal.db is never carried out: the schema is ours or refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bulkdel.errors import Corrupt, WrongInput
from bulkdel.ledger.history import open_history, snapshot
from tests.support.ledger import deleted, intent, lines, open_journal, tick

PLANTED = {
    "trigger": "CREATE TRIGGER t AFTER INSERT ON settlements BEGIN DELETE FROM settlements; END",
    "temporary name": "CREATE TRIGGER sittings_ BEFORE INSERT ON meta BEGIN SELECT 1; END",
    "view": "CREATE VIEW samples_view AS SELECT * FROM samples",
    "table": "CREATE TABLE more (one)",
    "index": "CREATE UNIQUE INDEX one ON settlements (target)",
    "index of an expression": "CREATE INDEX one ON settlements (abs(target))",
    "statistics": "ANALYZE",
    "view for a table": "DROP TABLE head; CREATE VIEW head AS SELECT 0 AS seq, 0 AS offset",
    "column": "ALTER TABLE open ADD COLUMN more GENERATED ALWAYS AS (abs(-9223372036854775808))",
    "missing": "DROP TABLE reserved",
}


def begun(run_dir: Path) -> None:
    """A run with one settled entry."""
    with open_journal(run_dir) as journal:
        tick(journal, intent(0))
        tick(journal, deleted(0))


@pytest.mark.parametrize("planted", PLANTED)
def test_a_schema_that_is_not_ours_is_refused(tmp_path: Path, planted: str) -> None:
    """Every door names what it found, and nothing was written: neither by us nor by the SQL."""
    begun(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
        db.executescript(PLANTED[planted])
    before = (tmp_path / "journal.db").read_bytes()
    ledger = lines(tmp_path)
    for door in (open_journal, snapshot, lambda at: open_history(at).__enter__()):
        with pytest.raises(Corrupt, match=r"journal\.db is damaged \(it (holds|lacks) the "):
            door(tmp_path)
    assert (tmp_path / "journal.db").read_bytes() == before
    assert lines(tmp_path) == ledger


@pytest.mark.parametrize("later", ["samples", "circumstances"])
def test_a_journal_that_was_begun_before_there_was_a_table_goes_on(
    tmp_path: Path, later: str
) -> None:
    """A table that came later may be missing, and is made."""
    begun(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute(f"DROP TABLE {later}")
    assert snapshot(tmp_path) is not None
    with open_journal(tmp_path) as journal:
        tick(journal, intent(1))
        tick(journal, deleted(1))
    assert len(lines(tmp_path)) == 3


def test_another_version_is_called_so(tmp_path: Path) -> None:
    """A journal with other tables that says its version is not damaged but another version's."""
    begun(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
        db.execute("CREATE TABLE later (one)")
    with pytest.raises(WrongInput, match="another version of bulkdel \\(format 99"):
        open_journal(tmp_path)


def test_an_end_that_no_file_has_is_damage(tmp_path: Path) -> None:
    """A place before a file's beginning, or beyond what a file can have, is never looked for."""
    begun(tmp_path)
    for place in (-1, 1 << 62):
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
            db.execute("UPDATE head SET offset = ?", (place,))
        with pytest.raises(Corrupt, match="a place that no file has"):
            open_journal(tmp_path)
