"""How an entry stands in the plan: as a row of plan.parquet, its To_Accounts in one text."""

from __future__ import annotations

from typing import TypeAlias

from bulkdel.words import Batch, Sides

TURNED = "\x1d"
"""Stands behind a To_Account in the plan where the input names the pair from the other side. It is
a control character, so no id holds it, and ids with it sort as they do without."""

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
