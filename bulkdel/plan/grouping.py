"""Valid rows → distinct pairs → batches in sending order → plan.parquet; all of it in DuckDB.

To_Accounts are one text, joined by line feeds, which are in no id: a fifth of the time that lists
take to group and to write, and quicker to read.

Rows are first dealt into parts by a hash of the From_Account, each small enough to be worked on
in memory. Within a part pairs are made distinct, ranked by To_Account and cut by rank where an
account needs several batches; the order within a batch is left to PlanReader. One sort by (k + h)
/ n, for the k-th of an account's n batches and h in [0, 1) a hash of the account, puts all
batches into sending order: calls for one account are far apart, and no serial tail is left.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkdel.plan import duck
from bulkdel.plan.meta import META_KEY

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

PART_ROWS = 600_000
"""Rows of one part: what is sorted and grouped in memory at a time."""

LARGEST = 10
_GROUP_PAIRS = 400_000  # ids in a row group of plan.parquet: what a reader has in hand
_GROUP_ROWS = (2048, 122_880)

# 53 bits of the account's MD5 as a fraction: the same on every machine and in every version.
_H = "(md5_number_lower(f) >> 11) / 9007199254740992.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """What came of grouping. `batches` counts by batch size."""

    pairs: int
    protected: int
    batches: dict[int, int]
    largest: tuple[tuple[str, int], ...]


class Grouping:
    """Gathers rows file by file, then turns them into batches. Works inside `folder`."""

    def __init__(self, con: duck.Connection, folder: Path, *, pairs: bool, rows: int) -> None:
        self._con = con
        self._folder = folder / "parts"
        self._pairs = pairs
        self._columns = "f, t" if pairs else "f"
        self._parts = max(1, -(-rows // PART_ROWS))
        self._tables: list[str] = []
        self._folder.mkdir()

    def load(self, number: int, sql: str) -> int:
        """Takes in the rows that `sql` gives; answers how many."""
        if self._parts == 1:
            table = f"rows_{number}"
            self._tables.append(table)
            return duck.number(self._con, f"CREATE TABLE {table} AS {sql}")
        target = self._folder / str(number)
        return duck.number(
            self._con,
            f"COPY (SELECT {self._columns}, hash(f) % {self._parts} AS part FROM ({sql})) "
            f"TO {duck.literal(target)} "
            "(FORMAT parquet, PARTITION_BY (part), COMPRESSION uncompressed)",
        )

    def unload(self, number: int) -> None:
        """Forgets what `load` took in under this number; only for the latest load."""
        if self._parts == 1:
            self._con.execute(f"DROP TABLE IF EXISTS {self._tables.pop()}")
        shutil.rmtree(self._folder / str(number), ignore_errors=True)

    def group(self, protected: tuple[str, ...], sizes: tuple[int, ...]) -> Grouped:
        """Makes batches of every one of `sizes` from all that was loaded."""
        con = self._con
        con.execute("CREATE TEMP TABLE protected (a VARCHAR)")
        for start in range(0, len(protected), 10_000):
            con.execute("INSERT INTO protected SELECT unnest(?)", [protected[start:][:10_000]])
        con.execute("CREATE TEMP TABLE largest (f VARCHAR, n BIGINT)")
        for size in ("whole", *sizes):
            con.execute(
                f"CREATE TABLE batches_{size} (f VARCHAR, k BIGINT, key DOUBLE, tos VARCHAR)"
            )
        kept = total = pairs = 0
        clause = ""
        if protected:
            listed = "(SELECT a FROM protected)"
            clause = f"WHERE f NOT IN {listed}"
            if self._pairs:
                clause += f" AND t NOT IN {listed}"
        for part in self._each_part():
            rows = duck.number(con, f"SELECT count(*) FROM {part}")
            total += rows
            kept += duck.number(con, f"SELECT count(*) FROM {part} {clause}") if clause else rows
            source = f"(SELECT DISTINCT {self._columns} FROM {part} {clause})"
            pairs += self._cut(source, sizes) if self._pairs else self._sweep(source)
        top = con.execute(f"SELECT f, n FROM largest ORDER BY n DESC, f LIMIT {LARGEST}").fetchall()
        counts = {
            size: duck.number(con, f"SELECT count(*) FROM {_batches(size)}") for size in sizes
        }
        return Grouped(
            pairs=pairs,
            protected=total - kept,
            batches=counts,
            largest=tuple((str(account), int(n)) for account, n in top),
        )

    def write(
        self, out: Path, targets: tuple[tuple[str, int], ...], *, pairs: int, meta: str
    ) -> None:
        """Writes the batches of all `targets` (name, batch size) in sending order."""
        con = self._con
        con.execute("SET preserve_insertion_order = true")
        parts = [
            f"SELECT {at} AS target_at, key, f, k, tos FROM {_batches(size)}"
            for at, (_, size) in enumerate(targets)
        ]
        names = ", ".join(duck.literal(name) for name, _ in targets)
        count = sum(
            duck.number(con, f"SELECT count(*) FROM {_batches(size)}") for _, size in targets
        )
        each = max(1, pairs * len(targets) // max(1, count))
        least, most = _GROUP_ROWS
        group = min(most, max(least, _GROUP_PAIRS // each // least * least))
        con.execute(
            f"COPY (SELECT ([{names}])[target_at + 1] AS target, "
            "row_number() OVER () - 1 AS ordinal, f AS from_account, tos AS to_accounts "
            f"FROM (SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY target_at, key, f, k)) "
            f"TO {duck.literal(out)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {group}, "
            f"KV_METADATA {{{META_KEY}: {duck.literal(meta)}}})"
        )

    def _each_part(self) -> Iterator[str]:
        if self._parts == 1:
            tables = (f"SELECT * FROM {table}" for table in self._tables)
            yield f"({' UNION ALL '.join(tables)})"
            return
        for part in range(self._parts):
            files = sorted(self._folder.glob(f"*/part={part}/*.parquet"))
            if files:
                listed = ", ".join(duck.file_literal(file) for file in files)
                yield f"read_parquet([{listed}], hive_partitioning = false)"

    def _cut(self, source: str, sizes: tuple[int, ...]) -> int:
        con = self._con
        least = min(sizes)
        con.execute(f"CREATE OR REPLACE TEMP TABLE pairs AS SELECT f, t FROM {source}")
        con.execute(
            "CREATE OR REPLACE TEMP TABLE accounts AS SELECT f, count(*) AS n FROM pairs GROUP BY f"
        )
        con.execute(
            f"INSERT INTO largest SELECT f, n FROM accounts ORDER BY n DESC, f LIMIT {LARGEST}"
        )
        # Ranking is what costs: most accounts fit into one batch and need none.
        con.execute(
            f"INSERT INTO batches_whole SELECT f, 0, {_H}, string_agg(t, chr(10)) FROM pairs "
            f"ANTI JOIN (SELECT f FROM accounts WHERE n > {least}) AS large USING (f) GROUP BY f"
        )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE ranked AS SELECT f, t, n, "
            "row_number() OVER (PARTITION BY f ORDER BY t) - 1 AS r "
            f"FROM pairs JOIN (SELECT f, n FROM accounts WHERE n > {least}) AS large USING (f)"
        )
        slices = -(-duck.number(con, "SELECT count(*) FROM ranked") // (2 * PART_ROWS))
        for size in sizes:
            for at in range(slices):
                # A part that one large account made too large is grouped a slice at a time.
                some = f"WHERE hash(f, r // {size}) % {slices} = {at}" if slices > 1 else ""
                con.execute(
                    f"INSERT INTO batches_{size} SELECT f, k, (k + {_H}) / ceil(n / {size}), tos "
                    f"FROM (SELECT f, r // {size} AS k, any_value(n) AS n, "
                    "string_agg(t, chr(10)) AS tos "
                    f"FROM ranked {some} GROUP BY f, r // {size})"
                )
        return duck.number(con, "SELECT count(*) FROM pairs")

    def _sweep(self, source: str) -> int:
        con = self._con
        con.execute(f"CREATE OR REPLACE TEMP TABLE ranked AS SELECT f FROM {source}")
        con.execute(f"INSERT INTO largest SELECT f, 1 FROM ranked ORDER BY f LIMIT {LARGEST}")
        con.execute(f"INSERT INTO batches_whole SELECT f, 0, {_H}, NULL FROM ranked")
        return duck.number(con, "SELECT count(*) FROM ranked")


def _batches(size: int) -> str:
    """The batches of one size: accounts that fit into one batch of any size are kept once."""
    return f"(SELECT * FROM batches_whole UNION ALL SELECT * FROM batches_{size})"
