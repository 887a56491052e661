"""Friendships whose first side was answered "not a friend": collected, then asked again.

    settlement of a planned entry ─▶ reserved, by the account to ask ─deal─▶ second_phase, entries

An entry of the second phase is a Batch like any other, with an ordinal behind those of the plan; it
is never taken away, since its settlements speak of it. A friendship keeps the label of the entry
that it was planned in, and its calls are counted on.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from typing import Final, NamedTuple

import orjson

from bulkdel.ledger.codec import decode_parts
from bulkdel.ledger.counting import placed
from bulkdel.ledger.render import Rendering
from bulkdel.ledger.settled import SettledSet
from bulkdel.ledger.values import Deal, Part, Settlement
from bulkdel.words import Asked, Batch, Entry, Sides

MOST_DEALT: Final = 100_000
"""Friendships that are dealt at a time, and held in memory for it."""

MOST_IDS: Final = 20_000
"""To_Accounts of the second phase that are read at a time."""


_KINDS: Final = (str, int, str, int, int, int)
"""Of a row of `reserved` from `other` on, which is how an entry of the second phase keeps it."""


class Reserved(NamedTuple):
    """A row of `reserved`, in the order of its columns: `account` is to be asked for `other`."""

    target: int
    account: str
    other: str
    turned: int
    label: str
    attempts: int
    lost: int
    code: int


def reserved_of(
    settlement: Settlement, entry: Entry, target: int, rendering: Rendering
) -> Iterator[Reserved]:
    """What a settlement of `entry` puts in reserve; mostly nothing."""
    if not isinstance(entry, Batch) or not any(group.in_reserve for group in settlement.groups):
        return
    if entry.sides is None:
        raise ValueError(f"entry {entry.ordinal} has no other side to ask")
    label = rendering.label(entry, target)
    for group, places in placed(settlement, len(entry.to_accounts)):
        for place in places if group.in_reserve else ():
            yield Reserved(
                target,
                entry.to_accounts[place],
                entry.from_account,
                1 - entry.sides.turned[place],
                label,
                settlement.attempts,
                group.lost,
                group.code,
            )


def put_reserved(db: sqlite3.Connection, rows: Iterable[Reserved]) -> None:
    """Collects them; an IntegrityError if one is there already."""
    db.executemany("INSERT INTO reserved VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def has_reserved(db: sqlite3.Connection, target: int) -> bool:
    """Whether anything of this target waits to be dealt."""
    row = db.execute("SELECT 1 FROM reserved WHERE target = ? LIMIT 1", (target,)).fetchone()
    return row is not None


def reserved(db: sqlite3.Connection, target: int) -> Iterator[Reserved]:
    """What of this target waits to be dealt."""
    return map(Reserved._make, db.execute("SELECT * FROM reserved WHERE target = ?", (target,)))


def everything(db: sqlite3.Connection) -> Iterator[Reserved]:
    """All that was ever put in reserve: what waits to be dealt, and what was."""
    yield from map(Reserved._make, db.execute("SELECT * FROM reserved"))
    for target, account, others in db.execute("SELECT target, account, others FROM second_phase"):
        for row in orjson.loads(others):
            yield Reserved(target, account, *row)


def deal(db: sqlite3.Connection, what: Deal) -> None:
    """Makes entries of up to MOST_DEALT friendships in reserve, whole accounts as far as can be.

    Their place, from 0 to 1, says when they are sent: the calls of one account are far apart.
    """
    rows = [
        Reserved._make(row)
        for row in db.execute(
            "SELECT * FROM reserved WHERE target = ? ORDER BY account, other LIMIT ?",
            (what.target, MOST_DEALT),
        )
    ]
    if not rows:
        return
    if len(rows) == MOST_DEALT and rows[0].account != rows[-1].account:
        while rows[-2].account == rows[-1].account:
            rows.pop()
        rows.pop()
    last = db.execute("SELECT max(ordinal) FROM second_phase").fetchone()[0]
    ordinal = what.first if last is None else last + 1
    for account, group in groupby(rows, key=lambda row: row.account):
        mine = list(group)
        batches = [mine[at : at + what.batch_size] for at in range(0, len(mine), what.batch_size)]
        fraction = zlib.crc32(account.encode()) / 2**32
        for turn, batch in enumerate(batches):
            others = orjson.dumps([row[2:] for row in batch])
            place = (turn + fraction) / len(batches)
            db.execute(
                "INSERT INTO second_phase VALUES (?, ?, ?, ?, ?)",
                (ordinal, what.target, place, account, others),
            )
            ordinal += 1
    db.execute(
        "DELETE FROM reserved WHERE target = ? AND (account, other) <= (?, ?)",
        (what.target, rows[-1].account, rows[-1].other),
    )


def entry_at(db: sqlite3.Connection, ordinal: int) -> tuple[int, Batch] | None:
    """An entry of the second phase and the target that it is for; None if there is none."""
    row = db.execute(
        "SELECT target, account, others FROM second_phase WHERE ordinal = ?", (ordinal,)
    ).fetchone()
    return None if row is None else (row[0], _batch(ordinal, row[1], row[2]))


class Waiting(NamedTuple):
    """An entry of the second phase that is not settled whole.

    Attributes:
        place: in the order of sending.
        parts: what is unsettled of it.
        code, info: what its last call left it with; 0 and nothing before the first.
    """

    place: float
    batch: Batch
    parts: tuple[Part, ...]
    code: int
    info: str


def second_phase(
    db: sqlite3.Connection,
    target: int,
    settled: SettledSet,
    limit: int,
    *,
    after: tuple[float, int] = (-1.0, -1),
    begun: bool = False,
) -> list[Waiting]:
    """Up to `limit` entries that are not settled whole, or some MOST_IDS ids of them.

    They come in the order of sending; none is the end.

    Args:
        db: the journal.
        target: index of the target in the plan.
        settled: what is settled whole.
        limit: how many entries at most.
        after: place and ordinal that they come behind.
        begun: only those that a call has carried.
    """
    join = "JOIN open USING (ordinal) " if begun else ""
    order = db.execute(
        "SELECT place, ordinal FROM second_phase "  # noqa: S608  # our own words
        f"{join}WHERE second_phase.target = ? AND (place, ordinal) > (?, ?) "
        "ORDER BY place, ordinal",
        (target, *after),
    )
    waiting: list[Waiting] = []
    ids = 0
    with closing(order):
        for place, ordinal in order:
            if ordinal in settled:
                continue
            if len(waiting) == limit or ids >= MOST_IDS:
                break
            account, others, parts, code, info = db.execute(
                "SELECT account, others, parts, code, info FROM second_phase "
                "LEFT JOIN open USING (ordinal) WHERE ordinal = ?",
                (ordinal,),
            ).fetchone()
            batch = _batch(ordinal, account, others)
            waiting.append(Waiting(place, batch, decode_parts(parts), code or 0, info or ""))
            ids += len(batch.to_accounts)
    return waiting


def _batch(ordinal: int, account: str, others: bytes) -> Batch:
    rows = orjson.loads(others)
    if type(account) is not str or any(tuple(map(type, row)) != _KINDS for row in rows):
        raise TypeError(f"the friendships of entry {ordinal} of the second phase")
    return Batch(
        ordinal,
        account,
        tuple(row[0] for row in rows),
        Sides(
            bytes(row[1] for row in rows),
            tuple(Asked(label, tries, lost, code) for _, _, label, tries, lost, code in rows),
        ),
    )
