"""Lines of batches → plan.parquet, through DuckDB; what was written is looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bulkdel.plan import duck
from bulkdel.plan.batches.compose import FIELD_END, ID_END
from bulkdel.plan.values import Share

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

_GROUP_PAIRS: Final = 400_000  # ids in a row group of plan.parquet: what a reader has in hand
_GROUP_ROWS: Final = (2048, 122_880)


def write_plan(
    con: duck.Connection,
    lines: Path,
    out: Path,
    shares: tuple[Share, ...],
    *,
    sweeps: bool,
    metadata: Mapping[str, bytes],
    line_most: int = duck.LINE_MOST,
) -> None:
    """Writes the batches in `lines` (see compose) as Parquet, with `metadata` beside them.

    Where batches are `sweeps`, they have no To_Accounts. A line has at most `line_most` bytes.

    DuckDB keeps the order of one file's lines; that every batch stands in the place of its ordinal
    is checked in what it wrote.
    """
    batches = sum(share.batches for share in shares)
    pairs = sum(share.pairs for share in shares)
    least, most = _GROUP_ROWS
    group = min(most, max(least, _GROUP_PAIRS * batches // max(1, pairs) // least * least))
    target = " ".join(
        f"WHEN ordinal < {share.first + share.batches} THEN {duck.literal(share.target)}"
        for share in shares
    )
    columns = {"ordinal": "BIGINT", "f": "VARCHAR"}
    others = "NULL::VARCHAR"
    if not sweeps:
        columns["t"] = "VARCHAR"
        others = f"replace(t, chr({ID_END}), chr(10))"
    with duck.opened(lines) as file:
        scan = duck.lines_in(file, columns, bytes([FIELD_END]), skip=1, line_most=line_most)
        duck.write_parquet(
            con,
            f"SELECT CASE {target} END AS target, ordinal, f AS from_account, "
            f"{others} AS to_accounts FROM {scan}",
            out,
            group_rows=group,
            metadata=metadata,
        )
    with duck.opened(out) as file:
        placed = duck.number(
            con,
            "SELECT count(*) FILTER (ordinal = file_row_number) "
            f"FROM {duck.parquet_rows(file, numbered=True)}",
        )
    if placed != batches:
        raise AssertionError(f"{placed} of {batches} batches are in their place")
