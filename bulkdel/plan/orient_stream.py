"""Sides by a rule that needs no graph in memory: for more friendships than orient_graph holds.

A friend is worth 1 / (its number of friends), for the fewer it has, the more it depends on us; the
side whose friends are worth more sends. Two groupings and two joins in DuckDB, which spills what
does not fit. Whole numbers, so that the sums do not depend on their order; a tie goes to the
smaller account.
"""

from __future__ import annotations

from bulkdel.plan import duck

# SQL is put together from our own words and quoted names alone.
# ruff: noqa: S608

_WHOLE = 2**32
"""A friend with no other friends; a hundred million of them still fit in 63 bits."""


def orient_streaming(con: duck.Connection, friendships: str, out: str) -> None:
    """Makes table `out` (f, t): each row of `friendships` (a, b), from its sender to the other.

    `friendships` names each friendship once, whichever way; a and b are of one type that compares,
    numbers or text. How many calls that takes is for the caller to count: it knows the batch sizes.
    """
    rows = duck.identifier(friendships)
    both = f"(SELECT a, b FROM {rows} UNION ALL SELECT b, a FROM {rows})"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE worth AS SELECT a AS account, "
        f"{_WHOLE}::BIGINT // count(*) AS worth FROM {both} GROUP BY a"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE pull AS SELECT ends.a AS account, "
        "sum(worth.worth)::BIGINT AS pull "
        f"FROM {both} AS ends JOIN worth ON worth.account = ends.b GROUP BY ends.a"
    )
    con.execute("DROP TABLE worth")
    con.execute(
        f"CREATE TABLE {duck.identifier(out)} AS "
        "SELECT if(first, a, b) AS f, if(first, b, a) AS t FROM ("
        "SELECT a, b, mine.pull > other.pull OR (mine.pull = other.pull AND a < b) AS first "
        f"FROM {rows} JOIN pull AS mine ON mine.account = a "
        "JOIN pull AS other ON other.account = b)"
    )
    con.execute("DROP TABLE pull")
