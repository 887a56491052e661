"""What a verification asks for: pairs of a run's ledger, all or drawn at random, cut into calls."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bulkdel import files
from bulkdel.plan import duck
from bulkdel.plan.beside import SideShare

_COLUMNS: Final = {
    "target": "VARCHAR",
    "from_account": "VARCHAR",
    "to_account": "VARCHAR",
    "status": "VARCHAR",
}
_ROWS: Final = 10_000
"""Rows that are fetched together."""
_END: Final = "\x1f"
"""Stands between the parts of what is digested: no id and no target's name holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What of each target is asked for.

    Attributes:
        only: the accounts whose pairs alone are meant, by target; None means all pairs.
        either: whether `only` may stand on either side of a pair, as where sides were chosen.
        sample: how many pairs of each target are drawn without replacement; None means all.
        seed: decides which are drawn.
    """

    only: Mapping[str, Collection[str]] | None = None
    either: bool = False
    sample: int | None = None
    seed: int | None = None


Counts = Mapping[tuple[str, str], int]
"""Lines, by target and status."""


def read_gone(con: duck.Connection, ledger: Path, others: Sequence[Path] = ()) -> Counts:
    """Reads the lines of a ledger that say `deleted` or `already_gone`; a cut one is no line.

    What does not fit in memory goes to the disk. One that is empty, or not there, has no lines.
    `others` are the ledgers of the other slices of a target: a sample is drawn from all together.

    Raises:
        OSError, WrongInput: one cannot be opened.
    """
    con.execute(
        "CREATE TABLE gone (target VARCHAR, status VARCHAR, from_account VARCHAR,"
        " to_account VARCHAR, own BOOLEAN)"
    )
    for at, path in enumerate((ledger, *others)):
        if not files.is_there(path) or not path.stat().st_size:
            continue
        with duck.opened(path) as file:
            con.execute(
                "INSERT INTO gone SELECT target, status, from_account, to_account, $own"  # noqa: S608  # our own words
                f" FROM {duck.objects_in(file, _COLUMNS)}"
                " WHERE status IN ('deleted', 'already_gone')",
                {"own": at == 0},
            )
    rows = con.execute(
        "SELECT target, status, count(*) FROM gone WHERE own GROUP BY ALL"
    ).fetchall()
    return {(str(target), str(status)): int(number) for target, status, number in rows}


def asked_shares(
    con: duck.Connection, sizes: Sequence[tuple[str, int]], questions: Questions
) -> tuple[list[SideShare], tuple[int, ...]]:
    """What is asked of each target, and how many pairs of the ledger each had to choose from.

    Args:
        con: has read the ledger: see `read_gone`.
        sizes: each target's name with the pairs of a call, in the plan's order.
        questions: which pairs are meant.
    """
    shares, population = [], []
    for at, (target, size) in enumerate(sizes):
        con.execute(
            f"CREATE TABLE meant_{at} (from_account VARCHAR, to_account VARCHAR, own BOOLEAN)"
        )
        parameters: dict[str, object] = {"target": target}
        where = "target = $target"
        if questions.only is not None:
            sides = (
                "(from_account IN ({0}) OR to_account IN ({0}))"
                if questions.either
                else ("from_account IN ({0})")
            )
            where += f" AND {sides.format('SELECT unnest($only)')}"
            parameters["only"] = sorted(questions.only.get(target, ()))
        con.execute(
            f"INSERT INTO meant_{at} SELECT from_account, to_account, own FROM gone WHERE {where}",  # noqa: S608  # our own words
            parameters,
        )
        of_all = duck.number(con, f"SELECT count(*) FROM meant_{at}")  # noqa: S608  # a number
        population.append(duck.number(con, f"SELECT count(*) FROM meant_{at} WHERE own"))  # noqa: S608  # a number
        if questions.sample is not None and questions.sample < of_all:
            _draw(con, at, target, questions.sample, questions.seed)
        con.execute(f"DELETE FROM meant_{at} WHERE NOT own")  # noqa: S608  # a number
        shares.append(SideShare(target=target, size=size, entries=_calls(con, at, size)))
    con.execute("DROP TABLE gone")
    return shares, tuple(population)


def _draw(con: duck.Connection, at: int, target: str, sample: int, seed: int | None) -> None:
    """Leaves so many of a target's pairs: those whose digests under the seed come first.

    So a seed draws the same pairs whatever their order in the ledger.
    """
    parts = ["$key", "from_account", duck.literal(_END), "coalesce(to_account, '')"]
    con.execute(
        f"CREATE TABLE drawn_{at} AS SELECT * FROM meant_{at}"  # noqa: S608  # our own words
        f" ORDER BY sha256({' || '.join(parts)}), from_account, to_account LIMIT $sample",
        {"key": f"{seed}{_END}{target}{_END}", "sample": sample},
    )
    con.execute(f"DROP TABLE meant_{at}")
    con.execute(f"ALTER TABLE drawn_{at} RENAME TO meant_{at}")


def _calls(con: duck.Connection, at: int, size: int) -> Iterator[tuple[str, list[str] | None]]:
    """Each account with what one call asks for: first all accounts' first calls, and so on.

    Two calls of one account are never sent together, so neighbours would wait for each other.
    """
    account, others = "", list[Any]()
    with con.cursor() as cursor:
        # The account stands in the first row of a call alone: a million texts less to make.
        cursor.execute(
            f"SELECT CASE WHEN place % {size} = 0 THEN from_account END, to_account FROM"  # noqa: S608  # our own words
            " (SELECT *, row_number() OVER (PARTITION BY from_account ORDER BY to_account) - 1"
            f" AS place FROM meant_{at}) ORDER BY place // {size}, from_account, to_account"
        )
        while rows := cursor.fetchmany(_ROWS):
            for first, other in rows:
                if first is None:
                    others.append(other)
                    continue
                if account:
                    yield account, others if others[0] is not None else None
                account, others = first, [other]
    if account:
        yield account, others if others[0] is not None else None
    con.execute(f"DROP TABLE meant_{at}")  # what is written next needs the room
