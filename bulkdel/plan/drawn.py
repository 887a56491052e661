"""From_Accounts drawn at random from a plan: the same seed draws the same ones."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.plan import duck
from bulkdel.plan.values import PlanMeta, Share

_MORE: Final = 8
"""How many times as many accounts as are wanted a first look hopes for; and the factor from one
look to the next, wider one, where that was too few."""
_HEX_DIGITS: Final = 12
"""Of the MD5 that accounts are ordered by: what a look is bounded with."""


def drawn_accounts(
    run_dir: Path, meta: PlanMeta, count: int, seed: int
) -> tuple[frozenset[str], ...]:
    """Up to `count` From_Accounts of each target, in the plan's order, without replacement.

    Those whose keyed hashes come first, so targets with the same accounts share the draw. Memory
    grows with `count`, not with the plan.

    Raises:
        WrongInput: the plan cannot be read.
    """
    path = run_dir / files.PLAN
    with (
        duck.storage_errors(run_dir),
        duck.opened(path) as file,
        closing(duck.open_reader()) as con,
    ):
        return tuple(_drawn(con, file, share, count, seed) for share in meta.shares)


def _drawn(
    con: duck.Connection, file: duck.FileName, share: Share, count: int, seed: int
) -> frozenset[str]:
    """Looks at the accounts with small hashes alone, at more of them until they are enough."""
    part = min(1.0, _MORE * count / max(1, share.batches))
    while True:
        most = "g" if part >= 1 else f"{int(part * 16**_HEX_DIGITS):0{_HEX_DIGITS}x}"
        rows = con.execute(
            "SELECT DISTINCT digest, from_account FROM ("  # noqa: S608  # our own words
            "SELECT md5($seed || ':' || from_account) AS digest, from_account"
            f" FROM {duck.parquet_rows(file)} WHERE ordinal >= $first AND ordinal < $behind)"
            " WHERE digest < $most ORDER BY digest, from_account LIMIT $count",
            {
                "seed": str(seed),
                "first": share.first,
                "behind": share.first + share.batches,
                "most": most,
                "count": count,
            },
        ).fetchall()
        if len(rows) == count or part >= 1:
            return frozenset(account for _, account in rows)
        part *= _MORE
