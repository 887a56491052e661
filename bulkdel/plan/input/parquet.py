"""Parquet inputs: columns by their exact names, text only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bulkdel.errors import WrongInput
from bulkdel.plan import duck
from bulkdel.plan.input.facts import open_bytes
from bulkdel.plan.input.header import column_at
from bulkdel.plan.input.sources import SourceFile

# SQL is put together from our own words, numbers and quoted names alone.
# ruff: noqa: S608

_MEMORY_MB: Final = 256
_ROWS_AT_A_TIME: Final = 1000


@dataclass(frozen=True, slots=True)
class _Column:
    """A column at the top of a file's schema.

    `leaf` is its place among the parts of a row group, None where it is made of several.
    """

    name: str
    kind: str
    is_text: bool
    leaf: int | None


class ParquetFile:
    """The rows of an open Parquet file: From, and To where pairs are wanted.

    Whatever DuckDB says of it while it is read, the file is to blame, and WrongInput is raised.
    """

    def __init__(
        self,
        con: duck.Connection,
        file: duck.FileName,
        source: SourceFile,
        columns: tuple[_Column, ...],
    ) -> None:
        self._con, self._file, self._source, self._columns = con, file, source, columns
        self._sql = ""
        self.rows = 0
        """How many rows the file says it has."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in their order."""
        return tuple(column.name for column in self._columns)

    def choose(self, from_field: str, to_field: str | None) -> None:
        """Says which columns the rows are made of.

        Raises:
            WrongInput: a column is missing, twice, or not text, or the file is broken.
        """
        name = self._source.name
        names = self.columns
        twice = [one for one, count in Counter(names).items() if count > 1 and one]
        if twice:
            raise WrongInput(f"input.files {name}: the header names {twice[0]!r} more than once")
        wanted = [("f", from_field, "from_field")]
        if to_field is not None:
            wanted.append(("t", to_field, "to_field"))
        chosen, terms = [], []
        for short, field, key in wanted:
            at = column_at(names, field, name, key)
            column = self._columns[at]
            if not column.is_text:
                raise WrongInput(
                    f"input.files {name}: the column {field!r} is {self._kind(at)}, not text; "
                    "account ids are text"
                )
            chosen.append(f"#{at + 1} AS {short}")  # by place: see duck.parquet_rows
            terms.append(
                f"column_id = {column.leaf} AND (num_values <> row_group_num_rows "
                f"OR path_in_schema <> {duck.literal(field)})"
            )
        self._sql = f"SELECT {', '.join(chosen)} FROM {duck.parquet_rows(self._file)}"
        with self._blamed():
            metadata = duck.parquet_facts(self._file, "file_metadata")
            self.rows = duck.number(self._con, f"SELECT sum(num_rows) FROM {metadata}")
            parts = duck.parquet_facts(self._file, "metadata")
            wrong = duck.number(
                self._con, f"SELECT count(*) FROM {parts} WHERE {' OR '.join(terms)}"
            ) + duck.number(self._con, f"SELECT count(*) FROM ({_SPANS.format(parts=parts)})")
            if wrong or any(kind != "VARCHAR" for kind in self._described(self._sql)):
                raise _broken(self._source)

    def head(self, most: int) -> list[tuple[str | None, ...]]:
        """The first rows, at most so many."""
        with self._blamed():
            return self._con.execute(f"SELECT * FROM ({self._sql}) LIMIT {most}").fetchall()

    def bad_rows(self, predicate: str) -> Iterator[tuple[int, list[str | None]]]:
        """The rows that do not meet `predicate`, in their order: number from 0, values."""
        with self._blamed():
            bad = self._con.execute(
                "SELECT * FROM (SELECT row_number() OVER () - 1 AS n, * "
                f"FROM ({self._sql})) WHERE NOT coalesce({predicate}, false)"
            )
            while rows := bad.fetchmany(_ROWS_AT_A_TIME):
                for number, *values in rows:
                    yield number, values

    def stage(self, predicate: str, staged: Path, separator: bytes) -> int:
        """Writes the rows that meet `predicate` as lines into `staged`; answers how many."""
        with self._blamed():
            select = f"SELECT * FROM ({self._sql}) WHERE {predicate}"
            return duck.write_lines(self._con, select, staged, separator)

    def _kind(self, at: int) -> str:
        """What the column at this place is, in DuckDB's word where that says it."""
        with self._blamed():
            (kind,) = self._described(f"SELECT #{at + 1} FROM {duck.parquet_rows(self._file)}")
        return self._columns[at].kind if kind == "VARCHAR" else kind

    def _described(self, select: str) -> list[str]:
        return [str(row[1]) for row in self._con.execute(f"DESCRIBE {select}").fetchall()]

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except duck.DuckError as exc:
            raise _broken(self._source, duck.answered(exc)) from exc


_SPANS: Final = (
    "SELECT 1 FROM (SELECT begun, begun + total_compressed_size AS ended, "
    "lead(begun) OVER (ORDER BY begun, total_compressed_size) AS following FROM (SELECT "
    "least(data_page_offset, coalesce(nullif(dictionary_page_offset, 0), data_page_offset)) "
    "AS begun, total_compressed_size FROM {parts})) "
    "WHERE begun < 4 OR ended < begun OR ended > following"
)
"""Parts of a file that lie over one another: a place that was damaged points to other rows."""


@contextmanager
def open_parquet(source: SourceFile, path: Path) -> Iterator[ParquetFile]:
    """Opens a Parquet file, which lies at `path`, for the length of a with block.

    Raises:
        WrongInput: it is not a Parquet file, or cannot be read.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(open_bytes(path, source.name))
        file = duck.file_name(path, raw.fileno())
        try:
            con = stack.enter_context(closing(duck.open_reader(memory_limit_mb=_MEMORY_MB)))
            schema = con.execute(
                "SELECT name, type, repetition_type, num_children, converted_type, logical_type "
                f"FROM {duck.parquet_facts(file, 'schema')}"
            ).fetchall()
            columns = tuple(_columns(schema))
        except duck.DuckError as exc:
            raise _broken(source, duck.answered(exc)) from exc
        except ValueError as exc:
            raise _broken(source) from exc
        yield ParquetFile(con, file, source, columns)


def _columns(schema: list[tuple[Any, ...]]) -> Iterator[_Column]:
    """The columns at the top of a schema, which lists a tree: parents before their children."""
    rows = iter(schema)
    leaf = 0
    for _ in range(_children(next(rows, ()))):
        name, kind, repetition, children, converted, logical = row = next(rows, (None,) * 6)
        is_leaf = kind is not None and not children
        plain = kind == "BYTE_ARRAY" and repetition in ("REQUIRED", "OPTIONAL")
        is_text = plain and (converted == "UTF8" or str(logical).startswith("StringType"))
        told = " ".join(str(one) for one in (repetition, kind, converted or logical) if one)
        if name is None:
            raise ValueError("the schema ends too early")
        yield _Column(str(name), told, is_text and is_leaf, leaf if is_leaf else None)
        leaf += is_leaf
        below = _children(row) if not is_leaf else 0
        while below:
            child = next(rows, None)
            if child is None:
                raise ValueError("the schema ends too early")
            below += _children(child) - 1
            leaf += child[1] is not None
    if next(rows, None) is not None:
        raise ValueError("the schema does not end")


def _children(row: tuple[Any, ...]) -> int:
    return int(row[3] or 0) if row else 0


def _broken(source: SourceFile, answer: str = "") -> WrongInput:
    """The file is to blame, unless the machine answered that it cannot be read just now."""
    if answer:
        return WrongInput(f"input.files {source.name}: cannot be read ({answer})")
    return WrongInput(
        f"input.files {source.name}: cannot be read as a Parquet file; it is broken, encrypted or "
        "of another format"
    )
