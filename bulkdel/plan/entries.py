"""How an entry stands in the plan: as a row of plan.parquet, its To_Accounts in one text."""

from __future__ import annotations

from typing import TypeAlias

from bulkdel.words import Batch, Pull, Sides

TURNED = "\x1d"
"""Stands behind a To_Account in the plan where the input names the pair from the other side. It is
a control character, so no id holds it, and ids with it sort as they do without."""

DATA = "\x1d"
"""Stands between a To_Account and its data in the plan of what is put back; the data is JSON on one
line, which holds no control character."""

Row: TypeAlias = tuple[int, str, str | None]
"""Ordinal, From_Account, and its To_Accounts a line each in any order, those that the input names
from the other side with TURNED behind them; None for a Sweep."""


def batch_of(ordinal: int, from_account: str, others: str, *, oriented: bool) -> Batch:
    """The batch whose To_Accounts the plan holds as `others`: a line each, in any order.

    `oriented` says whether the planner chose sides.
    """
    # Code points sort as their bytes in UTF-8 do.
    names = tuple(sorted(others.split("\n")))
    if not oriented:
        return Batch(ordinal, from_account, names)
    if TURNED not in others:
        return Batch(ordinal, from_account, names, Sides(bytes(len(names))))
    turned = bytes(name.endswith(TURNED) for name in names)
    ids = tuple(name.removesuffix(TURNED) for name in names)
    return Batch(ordinal, from_account, ids, Sides(turned))


def pull_of(ordinal: int, account: str, wanted: str | None) -> Pull:
    """The list to be pulled of whose friends the plan holds the `wanted` ones: a line each."""
    return Pull(ordinal, account, None if wanted is None else tuple(sorted(wanted.split("\n"))))


def put_back_of(ordinal: int, account: str, others: str) -> Batch:
    """The batch whose To_Accounts the plan holds as `others`: a line each, with their data."""
    lines = [line.partition(DATA) for line in sorted(others.split("\n"))]
    ids = tuple(account for account, _, _ in lines)
    return Batch(ordinal, account, ids, data=tuple(data for _, _, data in lines))
