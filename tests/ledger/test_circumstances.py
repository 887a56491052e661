"""How each sitting began, kept in the journal for whoever asks years later."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.errors import Corrupt
from bulkdel.ledger.circumstances import Agreement, Circumstances
from bulkdel.ledger.history import open_history
from bulkdel.ledger.sittings import SittingRecord
from tests.support.build import CIRCUMSTANCES
from tests.support.ledger import IDENTITY, deleted, intent, open_journal, tick

EARLIER = replace(CIRCUMSTANCES, agreement=Agreement.EARLIER, agreed_ms=None, limit=7)
CLOSED = replace(
    CIRCUMSTANCES, agreement=Agreement.OPTION, agreed_ms=5, sends=False, settings=None, user=""
)


def sat(run_dir: Path, *kept: Circumstances) -> None:
    """Sittings that began so, each in a process of its own."""
    for number, one in enumerate(kept):
        with open_journal(run_dir) as journal:
            journal.start_sitting(1000 * number, 4711, one)
            tick(journal, intent(number))
            tick(journal, deleted(number))


def sittings(run_dir: Path, *, agreeing: bool = False) -> tuple[SittingRecord, ...]:
    """As they are read again."""
    with open_history(run_dir) as history:
        assert history is not None
        return history.agreements() if agreeing else history.sittings()


def agreed_in(run_dir: Path) -> list[int | None]:
    """In which sitting each one's plan was agreed to."""
    return [one.agreed_in for one in sittings(run_dir)]


def without_the_table(run_dir: Path) -> None:
    """As a version left it that had no such table."""
    with closing(sqlite3.connect(run_dir / "journal.db")) as db:
        db.execute("DROP TABLE circumstances")


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    """Every field is read again, settings and all; closing needs none."""
    sat(tmp_path, CIRCUMSTANCES, EARLIER, CLOSED)
    assert [one.circumstances for one in sittings(tmp_path)] == [CIRCUMSTANCES, EARLIER, CLOSED]
    assert [one.number for one in sittings(tmp_path)] == [1, 2, 3]


def test_a_sitting_names_the_one_that_agreed(tmp_path: Path) -> None:
    """It is the latest that agreed for itself; who agrees to close agrees to no sending."""
    again = replace(CIRCUMSTANCES, agreement=Agreement.OPTION)
    sat(tmp_path, CIRCUMSTANCES, EARLIER, again, EARLIER, CLOSED, EARLIER)
    assert agreed_in(tmp_path) == [1, 1, 3, 3, 3, 3]
    assert [one.number for one in sittings(tmp_path, agreeing=True)] == [1, 3]


def test_an_older_version_kept_none(tmp_path: Path) -> None:
    """Its sittings have none, and who agreed in one of them is not made up."""
    sat(tmp_path, CIRCUMSTANCES)
    without_the_table(tmp_path)
    assert [one.circumstances for one in sittings(tmp_path)] == [None]
    assert sittings(tmp_path, agreeing=True) == ()
    with open_journal(tmp_path) as journal:
        journal.start_sitting(2000, 4712, EARLIER)
    assert [one.circumstances for one in sittings(tmp_path)] == [None, EARLIER]
    assert agreed_in(tmp_path) == [None, None]
    assert sittings(tmp_path, agreeing=True) == ()


def test_a_journal_that_is_made_anew_has_none(tmp_path: Path) -> None:
    """Before the first call the plan may change; who agreed to the one before has not to this."""
    with open_journal(tmp_path) as journal:
        journal.start_sitting(1000, 4711, CIRCUMSTANCES)
    with open_journal(tmp_path, replace(IDENTITY, plan_digest="d2")):
        pass
    assert sittings(tmp_path) == ()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        assert db.execute("SELECT count(*) FROM circumstances").fetchone() == (0,)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"bulkdel": 1}'])
def test_what_was_not_written_is_damage(tmp_path: Path, body: str) -> None:
    """A row that holds something else is no half an answer but a damaged journal."""
    sat(tmp_path, CIRCUMSTANCES)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
        db.execute("UPDATE circumstances SET body = ?", (body,))
    with pytest.raises(Corrupt, match=r"journal\.db is damaged"):
        sittings(tmp_path)
