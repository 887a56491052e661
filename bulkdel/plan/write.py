"""Lines of batches → plan.parquet, through DuckDB; what was written is looked at again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bulkdel.plan import duck
from bulkdel.plan.compose import FIELD_END, ID_END
from bulkdel.plan.meta import META_KEY
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
    meta: str,
) -> None:
    """Writes the batches in `lines` (see compose) as Parquet, with `meta` in its metadata.

    Where batches are `sweeps`, they have no To_Accounts.

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
    scan = duck.lines_in(lines, columns, bytes([FIELD_END]), skip=1)
    con.execute("SET preserve_insertion_order = true")
    con.execute(
        f"COPY (SELECT CASE {target} END AS target, ordinal, f AS from_account, "
        f"{others} AS to_accounts FROM {scan}) "
        f"TO {duck.literal(out)} (FORMAT parquet, COMPRESSION uncompressed, "
        f"ROW_GROUP_SIZE {group}, KV_METADATA {{{META_KEY}: {duck.literal(meta)}}})"
    )
    placed = duck.number(
        con,
        f"SELECT count(*) FILTER (ordinal = file_row_number) "
        f"FROM read_parquet({duck.file_literal(out)}, file_row_number = true)",
    )
    if placed != batches:
        raise AssertionError(f"{placed} of {batches} batches are in their place")
