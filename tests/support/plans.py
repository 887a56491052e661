"""A plan.parquet made by hand, for tests of what reads one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from bulkdel.plan.read import PLAN_FILE


def write_batches(run_dir: Path, *batches: tuple[str, Sequence[str]]) -> None:
    """The plan of these batches, (From_Account, To_Accounts), with ordinals from 0 on.

    A To_Account has TURNED behind it where the input names the pair from the other side.
    """
    with duckdb.connect() as con:
        con.execute("CREATE TABLE plan(ordinal BIGINT, from_account VARCHAR, to_accounts VARCHAR)")
        rows = [[at, account, "\n".join(others)] for at, (account, others) in enumerate(batches)]
        con.executemany("INSERT INTO plan VALUES (?, ?, ?)", rows)
        con.execute(f"COPY plan TO '{run_dir / PLAN_FILE}' (FORMAT parquet)")
