"""Parquet inputs: columns by their exact names, text only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkdel.errors import WrongInput
from bulkdel.plan import duck
from bulkdel.plan.header import column_at
from bulkdel.plan.sources import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetScan:
    """A Parquet file's rows: `sql` gives n (from 0) and f, and t where pairs are wanted."""

    columns: tuple[str, ...]
    rows: int
    sql: str

    def bad_rows(
        self, con: duck.Connection, predicate: str
    ) -> Iterator[tuple[int, list[str | None]]]:
        """The rows that do not meet `predicate`, in their order: number from 0, values."""
        bad = con.execute(
            f"SELECT * FROM ({self.sql}) WHERE NOT coalesce({predicate}, false) ORDER BY n"  # noqa: S608 - no values but our own
        )
        while rows := bad.fetchmany(1000):
            for number, *values in rows:
                yield number, values

    def stage(self, con: duck.Connection, predicate: str, staged: Path, separator: bytes) -> int:
        """Writes the rows that meet `predicate` as lines into `staged`; answers how many."""
        return duck.number(
            con,
            f"COPY (SELECT * EXCLUDE (n) FROM ({self.sql}) WHERE {predicate}) "  # noqa: S608 - no values but our own
            f"TO {duck.literal(staged)} {duck.lines_out(separator)}",
        )


def parquet_scan(
    con: duck.Connection, source: SourceFile, from_field: str, to_field: str | None
) -> ParquetScan:
    """Looks into a Parquet file.

    Raises:
        WrongInput: not a Parquet file, a column missing, twice, or not text.
    """
    file = duck.file_literal(source.path)
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM read_parquet({file})").fetchall()  # noqa: S608 - a quoted path
        rows = duck.number(con, f"SELECT sum(num_rows) FROM parquet_file_metadata({file})")  # noqa: S608 - a quoted path
    except duck.DuckError as exc:
        raise WrongInput(
            f"input.files {source.name}: cannot be read as a Parquet file; it is broken or "
            "of another format"
        ) from exc
    types = {str(row[0]): str(row[1]) for row in described}
    names = tuple(types)
    wanted = [("f", from_field, "from_field")]
    if to_field is not None:
        wanted.append(("t", to_field, "to_field"))
    chosen = ["file_row_number AS n"]
    for short, field, key in wanted:
        column_at(names, field, source.name, key)
        if types[field] != "VARCHAR":
            raise WrongInput(
                f"input.files {source.name}: the column {field!r} is {types[field]}, not text; "
                "account ids are text"
            )
        chosen.append(f"{duck.identifier(field)} AS {short}")
    sql = f"SELECT {', '.join(chosen)} FROM read_parquet({file}, file_row_number = true)"  # noqa: S608 - quoted names
    return ParquetScan(columns=names, rows=rows, sql=sql)
