"""What the reader of a format gives: names of columns, records one by one, and all rows at once.

A format whose records can be cut out of the file as they stand gives chunks of it. Any other leaves
its valid rows in a file of the simplest kind (see `stage`), and chunks of that are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bulkdel.plan.input.chunk_rows import Shape
from bulkdel.plan.input.chunks import Apart, Chunk, Cutter
from bulkdel.plan.input.records import Dialect, Record
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.sources import SourceFile, WrongFile

SEPARATOR: Final = b"\x1f"
"""Between the ids of a staged row: a control character, so it is in no valid id."""

_STAGED: Final = Dialect(SEPARATOR, quotes=False)
_BUFFER: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """What a reader is given to make rows ready with.

    Attributes:
        path: a free name for the valid rows of a format that is not cut as it stands.
        reject: takes each record that is no row.
        chunk: bytes that are worked on at a time.
    """

    path: Path
    reject: Callable[[Record], None]
    chunk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRows:
    """All rows of a file, ready to be read many at a time.

    Attributes:
        chunks: of whole records; they can be gone through once.
        shape: how these records are made.
        size: bytes of all chunks together.
        line: the physical line that the first chunk begins with.
        rows: how many rows there are, where that is known.
        header: the file's header as it stands there, without its line end; None where the format
            has none.
    """

    chunks: Iterator[Chunk | Apart]
    shape: Shape
    size: int
    line: int = 1
    rows: int | None = None
    header: str | None = None


class Reader(Protocol):
    """An open input file read as its format says. All its errors are WrongInput and name the file.

    It is made of the file and of [input] quoting, which is for formats whose quotes mean something.
    """

    def close(self) -> None:
        """Lets go of what it holds; the file is not its own."""

    @property
    def rows(self) -> int | None:
        """How many rows the file says it has; None where only reading them tells."""

    def columns(self) -> tuple[str, ...]:
        """The names of its columns, or the keys of its first object, in their order."""

    def records(self, rules: RowRules) -> Iterator[Record]:
        """Its records one by one, each a row by `rules`, or the reason why it is none."""

    def ready(self, rules: RowRules, staging: Staging) -> ReadyRows:
        """All its rows by `rules`. What was rejected on the way is not among them."""


def stage(records: Iterable[Record], rules: RowRules, staging: Staging) -> ReadyRows:
    """The rows among `records`, which are read to their end; the others are rejected."""
    rows = 0
    with staging.path.open("wb", buffering=_BUFFER) as out:
        for record in records:
            if isinstance(record.content, str):
                staging.reject(record)
            else:
                out.write(SEPARATOR.join(record.content) + b"\n")
                rows += 1
    return staged_rows(rows, rules, staging)


def staged_rows(rows: int, rules: RowRules, staging: Staging) -> ReadyRows:
    """The rows that were left in the file of `staging`, a line each, SEPARATOR between ids."""
    width = 1 if rules.to_field is None else 2
    size = staging.path.stat().st_size
    shape = Shape(
        delimiter=SEPARATOR[0],
        quotes=False,
        width=width,
        chosen=tuple(range(width)),
        names=(),
        fine=None,
        judge=lambda _: "",
    )
    return ReadyRows(chunks=_staged_chunks(staging, size, width), shape=shape, size=size, rows=rows)


def _staged_chunks(staging: Staging, size: int, width: int) -> Iterator[Chunk | Apart]:
    with staging.path.open("rb") as file:
        yield from Cutter(
            fd=file.fileno(), begin=0, end=size, dialect=_STAGED, width=width, most=staging.chunk
        ).chunks()
    staging.path.unlink()


def ensure_accounts(
    source: SourceFile, rules: RowRules, columns: Iterable[str], *, where: str
) -> None:
    """Raises WrongInput if `columns` name pairs although accounts alone are taken."""
    if rules.refused is not None and rules.refused in columns:
        raise WrongFile(
            source.name,
            f"{where} names {rules.refused}, but delete_all_friends clears whole lists and takes "
            "accounts alone",
            "set input.accounts_only = true if that is meant",
        )
