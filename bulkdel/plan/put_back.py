"""What an undo puts back: entries of the backup that the run's ledger says were deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

from bulkdel.plan import duck
from bulkdel.plan.beside import SideShare
from bulkdel.plan.entries import DATA
from bulkdel.words import Mode, Operation

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

_LINES: Final = {
    "target": "VARCHAR",
    "from_account": "VARCHAR",
    "to_account": "VARCHAR",
    "status": "VARCHAR",
    "lost_answers": "BIGINT",
}
_PULLED: Final = dict.fromkeys(("target", "account", "status"), "VARCHAR")
_FRIENDS: Final = {
    "target": "VARCHAR",
    "account": "VARCHAR",
    "friend": "VARCHAR",
    "data": "JSON",
}
_DELETED: Final = "status = 'deleted' OR (status = 'already_gone' AND lost_answers > 0)"
"""The lines of pairs that the run deleted, or may have."""
_ROWS: Final = 2_000
"""Rows that are fetched together; each has the data of a friend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to put back of one target, and what cannot be.

    Attributes:
        deleted: lines of the ledger that say that a pair, or a list, was deleted.
        unheld: of those, of how many the backup holds nothing; of lists, how many it lacks.
    """

    deleted: int
    unheld: int


def read_deleted(con: duck.Connection, ledgers: Sequence[Path]) -> None:
    """Reads the lines of a run's ledger, which may stand in several files, that say deleted.

    Raises:
        OSError, WrongInput: a file cannot be opened.
    """
    con.execute("CREATE TABLE deleted (target VARCHAR, a VARCHAR, b VARCHAR, sure BOOLEAN)")
    for path in ledgers:
        with duck.opened(path) as file:
            con.execute(
                "INSERT INTO deleted SELECT target, from_account, to_account, status = 'deleted' "
                f"FROM {duck.objects_in(file, _LINES)} WHERE {_DELETED}"
            )


def count_deleted(con: duck.Connection) -> dict[str, int]:
    """How many lines say `deleted`, by target."""
    rows = con.execute("SELECT target, count(*) FROM deleted WHERE sure GROUP BY ALL").fetchall()
    return {str(target): int(lines) for target, lines in rows}


def read_backup(con: duck.Connection, friends: Path, ledger: Path) -> None:
    """Reads a whole backup: its file of friends, each of them once, and which lists were pulled.

    Raises:
        OSError, WrongInput: a file cannot be opened.
    """
    con.execute("CREATE TABLE held (target VARCHAR, account VARCHAR, friend VARCHAR, data VARCHAR)")
    if friends.stat().st_size:  # frames of nothing are none
        with duck.opened(friends) as entries:
            con.execute(
                "INSERT INTO held SELECT target, account, friend, data::VARCHAR "
                f"FROM {duck.objects_in(entries, _FRIENDS, packed=True)}"
            )
    with duck.opened(ledger) as lines:
        con.execute(
            "CREATE TABLE pulled AS SELECT target, account "
            f"FROM {duck.objects_in(lines, _PULLED)} WHERE status = 'pulled'"
        )


def found(con: duck.Connection, target: str, operation: Operation, mode: Mode) -> Found:
    """How much of a target was deleted, and of how much of that the backup holds nothing."""
    its = f"(SELECT * FROM deleted WHERE target = {duck.literal(target)})"
    held = f"(SELECT * FROM held WHERE target = {duck.literal(target)})"
    unheld = f"{its} d ANTI JOIN {held} f ON f.account = d.a AND f.friend = d.b"
    if operation is Operation.DELETE_ALL_FRIENDS:
        pulled = f"(SELECT * FROM pulled WHERE target = {duck.literal(target)})"
        unheld = f"{its} d ANTI JOIN {pulled} p ON p.account = d.a"
    elif mode is Mode.TWO_WAY:
        unheld += f" ANTI JOIN {held} g ON g.account = d.b AND g.friend = d.a"
    return Found(
        deleted=duck.number(con, f"SELECT count(*) FROM {its}"),
        unheld=duck.number(con, f"SELECT count(*) FROM {unheld}"),
    )


def put_back_share(  # what was deleted of it, and how it is put back
    con: duck.Connection,
    target: str,
    size: int,
    operation: Operation,
    mode: Mode,
    *,
    first: Sequence[str] = (),
) -> SideShare:
    """What is put back of a target, in calls of `size` entries at most.

    `first`: of two entries of one friendship, the one whose data has more of these keys filled
    comes in an earlier round, since adding it may write the other one without them.
    """
    meant = _meant(duck.literal(target), operation, mode)
    later = "false"
    if first:
        filled = [
            f"(coalesce(data ->> {duck.literal(f'$.{key}')}, '') <> '')::INT" for key in first
        ]
        weighed = f"SELECT *, {' + '.join(filled)} AS filled FROM ({meant})"
        meant = (
            f"WITH weighed AS MATERIALIZED ({weighed}) SELECT w.account, w.friend, w.data, "
            "coalesce(r.filled > w.filled, false) AS later FROM weighed w LEFT JOIN weighed r "
            "ON r.account = w.friend AND r.friend = w.account"
        )
        later = "later"
    return SideShare(target=target, size=size, entries=in_calls(con, meant, size, later=later))


def _meant(target: str, operation: Operation, mode: Mode) -> str:
    """The entries of the backup that the run deleted, each once: account, friend, data."""
    held = f"SELECT account, friend, data FROM held f {{}} WHERE f.target = {target}"
    its = f"(SELECT a, b FROM deleted WHERE target = {target})"
    by_account = f"JOIN {its} d ON f.account = d.a"
    if operation is Operation.DELETE_ALL_FRIENDS:
        if mode is Mode.ONE_WAY:
            return held.format(f"SEMI {by_account}")
        by_friend = f"SEMI JOIN {its} e ON f.friend = e.a"
        others = held.format(f"ANTI {by_account} {by_friend}")
        return f"{held.format(f'SEMI {by_account}')} UNION ALL {others}"
    either = f"SELECT a, b FROM {its}"
    if mode is Mode.TWO_WAY:
        either += f" UNION ALL SELECT b, a FROM {its}"
    return held.format(f"SEMI JOIN ({either}) d(a, b) ON f.account = d.a AND f.friend = d.b")


def in_calls(
    con: duck.Connection, meant: str, size: int, *, later: str = "false"
) -> Iterator[tuple[str, list[str] | None]]:
    """Each account with the entries of one call: all accounts' first calls, then the second ones.

    Two calls of one account are never out together, so neighbours would wait for each other.
    `meant` selects account, friend, and data or NULL; those of whom `later` is true have calls of
    their own behind all others.
    """
    turns = (
        f"SELECT *, {later} AS late, (row_number() OVER (PARTITION BY account, {later} "
        f"ORDER BY friend) - 1) // {size} AS turn FROM ({meant})"
    )
    with con.cursor() as cursor:
        cursor.execute(
            f"SELECT late, turn, account, friend, data FROM ({turns}) "
            "ORDER BY late, turn, account, friend"
        )
        for (_, _, account), rows in groupby(_rows(cursor), itemgetter(0, 1, 2)):
            yield (
                account,
                [friend if data is None else friend + DATA + data for *_, friend, data in rows],
            )


def _rows(cursor: duck.Connection) -> Iterator[tuple[bool, int, str, str, str | None]]:
    while rows := cursor.fetchmany(_ROWS):
        yield from rows


def read_one_sided(con: duck.Connection, undo: Path, before: Path, targets: Sequence[str]) -> None:
    """Reads which entries an undo put back on one list alone, of friends who had not each other.

    Args:
        con: keeps them.
        undo: the ledger of what was put back.
        before: the ledger of what was there before, `gone` where neither had the other.
        targets: whose.
    """
    columns = dict.fromkeys(("target", "from_account", "to_account", "status"), "VARCHAR")
    with duck.opened(undo) as done, duck.opened(before) as asked:
        con.execute(
            "CREATE TABLE lines AS SELECT target AS t, from_account AS a, to_account AS b, status "
            f"FROM {duck.objects_in(done, columns)} WHERE list_contains(?, target)",
            [list(targets)],
        )
        con.execute(
            "CREATE TABLE absent AS SELECT target AS t, from_account AS a, to_account AS b "
            f"FROM {duck.objects_in(asked, columns)} WHERE status = 'gone'"
        )
    con.execute(
        "CREATE TABLE one_sided AS SELECT t, a, b FROM lines d "
        "SEMI JOIN absent g ON d.t = g.t AND d.a = g.a AND d.b = g.b "
        "ANTI JOIN lines r ON d.t = r.t AND d.a = r.b AND d.b = r.a WHERE d.status = 'restored'"
    )


def one_sided_share(con: duck.Connection, target: str, size: int) -> SideShare:
    """The share of a target that asks for what `read_one_sided` has read."""
    meant = "SELECT a AS account, b AS friend, NULL AS data FROM one_sided WHERE t = {}"
    entries = in_calls(con, meant.format(duck.literal(target)), size)
    return SideShare(target=target, size=size, entries=entries)


def strangers(con: duck.Connection, plan: Path, accounts: Sequence[str]) -> list[str]:
    """The accounts of whom a plan of what is put back has no entry, on either side."""
    with duck.opened(plan) as file:
        there = (
            f"EXISTS (SELECT 1 FROM {duck.parquet_rows(file)} WHERE from_account = one OR "
            f"contains(chr(10) || to_accounts, chr(10) || one || chr({ord(DATA)})))"
        )
        return [
            one
            for one in accounts
            if not con.execute(f"SELECT {there} FROM (SELECT ? AS one)", [one]).fetchall()[0][0]
        ]
