"""Which lists a backup pulls, read from a run's plan: every list that the plan shortens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

from bulkdel.plan import duck
from bulkdel.plan.beside import SideShare
from bulkdel.plan.entries import TURNED
from bulkdel.plan.read import PLAN_FILE
from bulkdel.plan.scale import Scale
from bulkdel.plan.values import PlanMeta, Share
from bulkdel.plan.workshop import workshop
from bulkdel.words import Mode, Operation

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

WANTED_MOST: Final = 5_000
"""Friends of one list that an entry names: more than the lists of these providers hold. A list of
whom more are planned is pulled once for each so many of them."""
_ROWS: Final = 20_000

Entries: TypeAlias = Iterator[tuple[str, list[str] | None]]

FRIEND_COLUMNS: Final = {
    "target": "VARCHAR",
    "account": "VARCHAR",
    "friend": "VARCHAR",
    "at": "VARCHAR",
}
PULL_COLUMNS: Final = {
    "target": "VARCHAR",
    "account": "VARCHAR",
    "status": "VARCHAR",
    "friends": "BIGINT",
    "at": "VARCHAR",
}


def lists_of(con: duck.Connection, run_dir: Path, meta: PlanMeta) -> list[SideShare]:
    """The lists that the plan in `run_dir` shortens, for each target, in the order of sending.

    With the friends whom it takes from them; where it clears lists, those lists whole.
    """
    if meta.deletion is Operation.DELETE_ALL_FRIENDS:
        return [
            SideShare(target=share.target, size=1, entries=_cleared(con, run_dir, share))
            for share in meta.shares
        ]
    mode = meta.fingerprint.mode
    return [
        SideShare(
            target=share.target, size=WANTED_MOST, entries=_shortened(con, run_dir, share, mode)
        )
        for share in meta.shares
    ]


def others_of(
    con: duck.Connection, run_dir: Path, meta: PlanMeta, friends: Path, ledger: Path
) -> list[SideShare]:
    """The lists that clearing the planned ones both ways shortens beside: their friends' lists.

    Args:
        con: plans.
        run_dir: where the plan is.
        meta: the plan's.
        friends: what was pulled of the planned lists.
        ledger: what came of that.
    """
    return [
        SideShare(
            target=share.target,
            size=WANTED_MOST,
            entries=_others(con, run_dir, share, friends, ledger),
        )
        for share in meta.shares
    ]


def count_lists(run_dir: Path, meta: PlanMeta, *, memory_limit_mb: int) -> tuple[int, ...]:
    """How many lists a backup of the plan pulls at first, by target; the directory is held.

    Raises:
        WrongInput: there is no room to count them.
    """
    if meta.deletion is Operation.DELETE_ALL_FRIENDS:
        return tuple(share.batches for share in meta.shares)
    scale = Scale.within(memory_limit_mb)
    with (
        duck.storage_errors(run_dir),
        workshop(run_dir) as place,
        closing(duck.open_workshop(place, memory_limit_mb=scale.duck_mb)) as con,
        duck.opened(run_dir / PLAN_FILE) as file,
    ):
        return tuple(
            duck.number(
                con,
                "SELECT count(*) FROM (SELECT DISTINCT a FROM "
                f"({_directions(file, share, meta.fingerprint.mode)}))",
            )
            for share in meta.shares
        )


def _cleared(con: duck.Connection, run_dir: Path, share: Share) -> Entries:
    with duck.opened(run_dir / PLAN_FILE) as file:
        query = f"SELECT from_account FROM {_rows_of(file, share)} ORDER BY ordinal"
        for (account,) in _fetched(con, query):
            yield account, None


def _shortened(con: duck.Connection, run_dir: Path, share: Share, mode: Mode) -> Entries:
    with duck.opened(run_dir / PLAN_FILE) as file:
        yield from _by_account(con, _directions(file, share, mode))


def _others(
    con: duck.Connection, run_dir: Path, share: Share, friends: Path, ledger: Path
) -> Entries:
    with (
        duck.opened(run_dir / PLAN_FILE) as file,
        duck.opened(friends) as data,
        duck.opened(ledger) as lines,
    ):
        yield from _by_account(
            con,
            "SELECT f.friend AS a, f.account AS b FROM "
            f"{duck.objects_in(data, FRIEND_COLUMNS, packed=True)} f "
            f"SEMI JOIN (SELECT * FROM {duck.objects_in(lines, PULL_COLUMNS)} "
            "WHERE status = 'pulled') p "
            'USING (target, account, "at") '
            f"ANTI JOIN (SELECT from_account FROM {_rows_of(file, share)}) c "
            f"ON f.friend = c.from_account WHERE f.target = {duck.literal(share.target)}",
        )


def _directions(file: duck.FileName, share: Share, mode: Mode) -> str:
    """Whose list (a) loses whom (b); the same may come twice where the input names both ways."""
    ids = f"string_split(replace(to_accounts, chr({ord(TURNED)}), ''), chr(10))"
    given = f"SELECT from_account AS a, unnest({ids}) AS b FROM {_rows_of(file, share)}"
    if mode is Mode.ONE_WAY:
        return given
    return f"{given} UNION ALL SELECT b AS a, a AS b FROM ({given})"


def _rows_of(file: duck.FileName, share: Share) -> str:
    end = share.first + share.batches
    return (
        f"(SELECT * FROM {duck.parquet_rows(file)} "
        f"WHERE ordinal >= {share.first} AND ordinal < {end})"
    )


def _by_account(con: duck.Connection, directions: str) -> Entries:
    """Each account with those in `directions`, each once; sorted, so that all of it may spill."""
    account, wanted = "", list[str]()
    for mine, other in _fetched(con, f"SELECT a, b FROM ({directions}) ORDER BY a, b"):
        if mine != account or len(wanted) == WANTED_MOST:
            if mine == account and other == wanted[-1]:
                continue
            if wanted:
                yield account, wanted
            account, wanted = mine, [other]
        elif other != wanted[-1]:
            wanted.append(other)
    if wanted:
        yield account, wanted


def _fetched(con: duck.Connection, query: str) -> Iterator[tuple[str, ...]]:
    with closing(con.cursor()) as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_ROWS):
            yield from rows
