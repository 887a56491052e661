"""The reader of Parquet: columns by their exact names, text only. DuckDB reads the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson

from bulkdel.job.job import Quoting
from bulkdel.plan import duck
from bulkdel.plan.input.header import choose_columns
from bulkdel.plan.input.header_words import Wanted
from bulkdel.plan.input.open_file import OpenFile
from bulkdel.plan.input.reader import SEPARATOR, ReadyRows, Staging, ensure_accounts, staged_rows
from bulkdel.plan.input.records import Record
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.sources import SourceFile, WrongFile

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


class ParquetReader:
    """See Reader. Whatever DuckDB says of the file while it is read, the file is to blame."""

    def __init__(self, file: OpenFile, _quoting: Quoting | None) -> None:
        """Reads what the file says of its columns.

        Raises:
            WrongInput: it is not a Parquet file, or cannot be read.
        """
        self._source = file.source
        self._file = duck.file_name(file.facts.path, file.stream.fileno())
        with self._blamed(), ExitStack() as stack:
            self._con = stack.enter_context(closing(duck.open_reader(memory_limit_mb=_MEMORY_MB)))
            schema = self._con.execute(
                "SELECT name, type, repetition_type, num_children, converted_type, logical_type "
                f"FROM {duck.parquet_facts(self._file, 'schema')}"
            ).fetchall()
            try:
                self._columns = tuple(_columns(schema))
            except ValueError as exc:
                raise _broken(self._source) from exc
            self.close = stack.pop_all().close

    @property
    def rows(self) -> int:
        """How many rows the file says it has."""
        with self._blamed():
            metadata = duck.parquet_facts(self._file, "file_metadata")
            return duck.number(self._con, f"SELECT sum(num_rows) FROM {metadata}")

    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in their order."""
        return tuple(column.name for column in self._columns)

    def records(self, rules: RowRules) -> Iterator[Record]:
        """All rows; their lines are their numbers."""
        select = self._chosen(rules)
        return self._records(f"SELECT row_number() OVER () AS n, * FROM ({select})", rules)

    def ready(self, rules: RowRules, staging: Staging) -> ReadyRows:
        """All rows, staged by DuckDB; those that break a rule are looked at by themselves."""
        select, predicate = self._chosen(rules), rules.sql()
        with self._blamed():
            valid = duck.write_lines(
                self._con, f"SELECT * FROM ({select}) WHERE {predicate}", staging.path, SEPARATOR
            )
        rows = self.rows
        rejected = 0
        if valid != rows:
            others = (
                f"SELECT * FROM (SELECT row_number() OVER () AS n, * FROM ({select})) "
                f"WHERE NOT coalesce({predicate}, false)"
            )
            for record in self._records(others, rules):
                fault = record.content if isinstance(record.content, str) else "invalid"
                staging.reject(record._replace(content=fault))
                rejected += 1
        if valid + rejected != rows:
            raise WrongFile(
                self._source.name,
                f"says that it has {rows:,} rows, but {valid + rejected:,} were read",
                "it is broken",
            )
        return staged_rows(valid, rules, staging)

    def _records(self, select: str, rules: RowRules) -> Iterator[Record]:
        """What `select` answers: the number of a row from 1 on, and its values."""
        fields = (rules.from_field, rules.to_field or "")
        with self._blamed():
            answer = self._con.execute(select)
            while rows := answer.fetchmany(_ROWS_AT_A_TIME):
                for number, *values in rows:
                    raw = dict(zip(fields, values, strict=False))
                    yield Record(number, number, orjson.dumps(raw), _row_of(raw, rules))

    def _chosen(self, rules: RowRules) -> str:
        """The query for the columns that rows are made of, as f and t.

        Raises:
            WrongInput: a column is missing, twice, or not text, or the file is broken.
        """
        name, names = self._source.name, self.columns()
        ensure_accounts(self._source, rules, names, where="its columns")
        chosen, terms = [], []
        places = choose_columns(
            names, name, Wanted(from_field=rules.from_field, to_field=rules.to_field)
        )
        for short, at in zip("ft", places, strict=False):
            column = self._columns[at]
            if not column.is_text:
                raise WrongFile(
                    name,
                    f"the column {column.name!r} is {self._kind(at)}, not text",
                    "account ids are text",
                )
            chosen.append(f"#{at + 1} AS {short}")  # by place: see duck.parquet_rows
            terms.append(
                f"column_id = {column.leaf} AND (num_values <> row_group_num_rows "
                f"OR path_in_schema <> {duck.literal(column.name)})"
            )
        select = f"SELECT {', '.join(chosen)} FROM {duck.parquet_rows(self._file)}"
        with self._blamed():
            parts = duck.parquet_facts(self._file, "metadata")
            wrong = duck.number(
                self._con, f"SELECT count(*) FROM {parts} WHERE {' OR '.join(terms)}"
            ) + duck.number(self._con, f"SELECT count(*) FROM ({_SPANS.format(parts=parts)})")
            if wrong or any(kind != "VARCHAR" for kind in self._described(select)):
                raise _broken(self._source)
        return select

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


def _row_of(raw: dict[str, str | None], rules: RowRules) -> tuple[bytes, ...] | str:
    """What a row with these values is: its ids, or the reason why it is none."""
    for field, value in raw.items():
        if value is None:
            return f"empty: {field}"
    ids = tuple((value or "").encode() for value in raw.values())
    return rules.row_fault(*ids) or ids


def _columns(schema: list[tuple[Any, ...]]) -> Iterator[_Column]:
    """The columns at the top of a schema, which lists a tree: parents before their children."""
    rows = iter(schema)
    leaf = 0
    for _ in range(_children(next(rows, ()))):
        name, kind, repetition, children, converted, logical = row = next(rows, (None,) * 6)
        is_leaf = kind is not None and not children
        plain = kind == "BYTE_ARRAY" and repetition in ("REQUIRED", "OPTIONAL")
        is_text = plain and (converted == "UTF8" or str(logical).startswith("StringType"))
        words = " ".join(str(one) for one in (repetition, kind, converted or logical) if one)
        if name is None:
            raise ValueError("the schema ends too early")
        yield _Column(str(name), words, is_text and is_leaf, leaf if is_leaf else None)
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


def _broken(source: SourceFile, answer: str = "") -> WrongFile:
    """The file is to blame, unless the machine answered that it cannot be read just now."""
    if answer:
        return WrongFile(source.name, f"cannot be read ({answer})", "run again, or copy it")
    return WrongFile(
        source.name,
        "cannot be read as a Parquet file",
        "it is broken, encrypted or of another format",
    )
