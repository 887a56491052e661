"""A plan against what it says of itself: every entry in its place, and every pair once.

That of a run beside a run is made of what the run did: each target has as many pairs as it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulkdel.errors import Corrupt
from bulkdel.plan import duck
from bulkdel.plan.entries import DATA, TURNED
from bulkdel.plan.read import PLAN_FILE, PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Errand

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

PART_ENTRIES = 500_000
"""Entries whose accounts are looked at together: what is sorted in memory at a time."""

_PART_PAIRS = 2_000_000
"""Pairs of a run beside a run that are grouped in memory at a time."""

_EACH = 10
"""Findings of one kind that are told."""


def check_plan(run_dir: Path, meta: PlanMeta) -> Iterator[str]:
    """Every way in which the plan in `run_dir` is not what `meta` says, one sentence each.

    Looks at the number and order of entries, their sizes, their digests, and that no target has a
    pair twice. It does not look for a friendship that is sent from both its sides.
    """
    yield from books_wrong(meta)
    try:
        with (
            closing(duck.open_reader(memory_limit_mb=400)) as con,
            duck.opened(run_dir / PLAN_FILE) as file,
        ):
            con.execute("SET parquet_metadata_cache = true")
            yield from _entries(con, duck.parquet_rows(file), meta)
        with PlanReader(run_dir, meta) as reader:
            reader.compare()
    except (duck.DuckError, OSError) as exc:
        yield f"it cannot be read: {str(exc).partition(chr(10))[0][:200]}"
    except Corrupt as exc:
        yield str(exc)


def books_wrong(meta: PlanMeta) -> Iterator[str]:
    """What does not add up in what a plan says of itself, one sentence each."""
    books = meta.books
    told = books.accounted
    if told != books.read:
        yield f"{books.read:,} rows were read, but {told:,} are accounted for"
    planned = [name for name, _ in meta.fingerprint.targets]
    if planned != [share.target for share in meta.shares]:
        yield "its targets are not those of its fingerprint"
    following = 0
    for share in meta.shares:
        if share.first != following:
            yield f"{share.target}: its entries begin at {share.first}, not at {following}"
        if meta.origin is None and share.pairs != books.pairs:
            yield (
                f"{share.target}: {share.pairs:,} pairs are planned, but the input holds "
                f"{books.pairs:,}"
            )
        following = share.first + share.batches
    total = sum(share.pairs for share in meta.shares)
    if meta.origin is not None and total != books.pairs:
        yield f"{total:,} pairs are planned for its targets, but its books hold {books.pairs:,}"


def _entries(con: duck.Connection, file: str, meta: PlanMeta) -> Iterator[str]:
    total = sum(share.batches for share in meta.shares)
    entries = duck.number(con, f"SELECT count(*) FROM {file}")
    if entries != total:
        yield f"it has {entries:,} entries instead of {total:,}"
    lists = meta.fingerprint.operation is Errand.PULL
    items = "coalesce(len(to_accounts) - len(replace(to_accounts, chr(10), '')), 0) + 1"
    if lists:  # one item each, however many of its friends are wanted
        items = "1"
    sizes = dict(meta.fingerprint.targets)
    for share in meta.shares:
        mine = f"{file} WHERE ordinal >= {share.first} AND ordinal < {share.first + share.batches}"
        row = con.execute(
            f"SELECT sum(n), max(n), min(target), max(target) FROM (SELECT {items} AS n, target "
            f"FROM {mine})"
        ).fetchone()
        pairs, largest, name, other = row or (0, 0, share.target, share.target)
        if (pairs or 0) != share.pairs:
            yield f"{share.target}: its entries hold {pairs or 0:,} pairs, not {share.pairs:,}"
        if (largest or 0) > sizes.get(share.target, 0):
            yield f"{share.target}: an entry holds {largest:,} pairs, more than its batch_size"
        if share.batches and (name, other) != (share.target, share.target):
            yield f"{share.target}: some of its entries are for another target"
    if meta.origin is None:
        yield from _twice(con, file, max(1, -(-total // PART_ENTRIES)))
    else:
        pairs = meta.books.pairs
        yield from _twice_beside(con, file, max(1, -(-pairs // _PART_PAIRS)), lists=lists)


def _twice_beside(con: duck.Connection, file: str, parts: int, *, lists: bool) -> Iterator[str]:
    """What a run beside a run has twice: a list, or a pair with or without its data."""
    other = "''"
    if not lists:
        each = "unnest(string_split(coalesce(to_accounts, ''), chr(10)))"
        other = f"split_part({each}, chr({ord(DATA)}), 1)"
    items = f"SELECT ordinal, target, from_account AS f, {other} AS t"
    reported = 0
    for part in range(parts):
        rows = con.execute(
            f"SELECT max(ordinal), f, t FROM ({items} FROM {file}) "
            f"WHERE hash(f, t) % {parts} = {part} "
            f"GROUP BY target, f, t HAVING count(*) > 1 ORDER BY ALL LIMIT {_EACH - reported}"
        ).fetchall()
        for ordinal, account, to in rows:
            whose = f"{str(account)[:80]!r}" + (f" and {str(to)[:80]!r}" if to else "")
            yield f"entry {ordinal}, of {whose}: it stands in the plan before as well"
        reported += len(rows)
        if reported >= _EACH:
            return


def _twice(con: duck.Connection, file: str, parts: int) -> Iterator[str]:
    """Pairs that a target has twice: within an entry, or in two entries of one account.

    An account's batches are cut from its sorted list, so their ranges of ids cannot overlap.
    """
    reported = 0
    others = f"replace(coalesce(to_accounts, ''), chr({ord(TURNED)}), '')"
    for part in range(parts):
        rows = con.execute(
            "SELECT ordinal, f, repeated FROM ("
            "SELECT ordinal, f, n > d AS repeated, "
            "lag(high) OVER (PARTITION BY target, f ORDER BY low, ordinal) AS before, low "
            "FROM (SELECT ordinal, target, from_account AS f, list_min(ids) AS low, "
            "list_max(ids) AS high, len(ids) AS n, list_unique(ids) AS d FROM ("
            "SELECT ordinal, target, from_account, "
            f"string_split({others}, chr(10)) AS ids "
            f"FROM {file} WHERE hash(from_account) % {parts} = {part}))) "
            f"WHERE repeated OR before >= low ORDER BY ordinal LIMIT {_EACH}"
        ).fetchall()
        for ordinal, account, repeated in rows:
            where = "within it" if repeated else "in another entry"
            yield f"entry {ordinal}, of {str(account)[:80]!r}: a pair of it stands {where} as well"
        reported += len(rows)
        if reported >= _EACH:
            return
