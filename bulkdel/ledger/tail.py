"""The lines at the ledger's end that a process may have left unwritten when it died."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from bulkdel.ledger import reserve, rows
from bulkdel.ledger.ledger_file import LedgerFile, Mark
from bulkdel.ledger.render import Rendering
from bulkdel.words import Entry


def checked_tail(  # noqa: PLR0917 - the journal's own parts, for those who only look as well
    db: sqlite3.Connection,
    ledger: LedgerFile,
    before: Mark,
    now: Mark,
    rendering: Rendering,
    entry_of: Callable[[int], Entry],
) -> list[bytes]:
    """The lines that belong behind `now`, once the segment from `before` to `now` was checked.

    They are of one tick at most: the lines of the one before were synced before it was committed.

    Raises:
        Corrupt: the ledger is not what was written to it.
    """

    def rendered(after: int, to: int | None = None) -> Iterator[bytes]:
        for ordinal, target, settlement in rows.settlements(db, after, to):
            yield rendering.lines(settlement, entry_at(db, entry_of, ordinal), target)

    ledger.check(before, now, rendered(before.seq, now.seq))
    return list(rendered(now.seq))


def entry_at(db: sqlite3.Connection, entry_of: Callable[[int], Entry], ordinal: int) -> Entry:
    """An entry of the second phase or of the plan."""
    second = reserve.entry_at(db, ordinal)
    return entry_of(ordinal) if second is None else second[1]
