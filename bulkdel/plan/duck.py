"""The one door to DuckDB: connections that keep to a memory limit, SQL text, clear failures."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from bulkdel.errors import WrongInput

Connection = duckdb.DuckDBPyConnection
DuckError = duckdb.Error
DataError = (duckdb.InvalidInputException, duckdb.ConversionException)
"""What DuckDB raises for data that it cannot read."""


_ANSWERS = tuple(
    os.strerror(code)
    for code in (
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.EINTR),
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        *(errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT, errno.ETIMEDOUT, errno.EREMOTEIO),
    )
)


def answered(exc: DuckError) -> str:
    """What the machine answered, where DuckDB failed over that; empty where it is the data."""
    if "No files found that match" in str(exc):  # the whole of what it says of a failed stat
        return "it is not there, or cannot be looked at"
    return next((words for words in _ANSWERS if words in str(exc)), "")


def open_workshop(folder: Path, *, memory_limit_mb: int) -> Connection:
    """A database to plan in; what does not fit into memory spills into `folder`, nowhere else.

    In memory: a file would be checkpointed now and then and at the end, which took a fifth of the
    time (measured), for tables that nobody reads again.
    """
    con = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": 2,
            "preserve_insertion_order": False,  # an order that matters is asked for
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    con.execute("SET enable_progress_bar = false")  # it would go to standard output
    return con


def open_reader(*, memory_limit_mb: int = 256) -> Connection:
    """A connection to read a plan with, one thread, beside the sending.

    One thread also keeps rows in the file's order.
    """
    con = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": 1,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    con.execute("SET enable_progress_bar = false")
    return con


def literal(text: str | Path) -> str:
    """`text` as an SQL string. A NUL cannot be in a path, nor in any text that comes here."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def file_literal(path: Path) -> str:
    """`path` as DuckDB reads a file name: wildcards in it stand for themselves."""
    name = "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
    return literal(name)


def lines_in(path: Path, columns: dict[str, str], separator: bytes, *, skip: int = 0) -> str:
    """A scan of lines that we wrote ourselves: everything said, nothing sniffed, no quotes."""
    typed = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    texts = [name for name, kind in columns.items() if kind == "VARCHAR"]
    return (
        f"read_csv({file_literal(path)}, columns = {{{typed}}}, force_not_null = {texts}, "
        f"auto_detect = false, header = false, skip = {skip}, delim = '{separator.decode()}', "
        "quote = '', escape = '', comment = '', new_line = '\\n', null_padding = false, "
        "strict_mode = true, ignore_errors = false, encoding = 'utf-8')"
    )


def lines_out(separator: bytes) -> str:
    """The options of a COPY that writes lines without header and quotes."""
    return f"(FORMAT csv, HEADER false, DELIMITER '{separator.decode()}', QUOTE '', ESCAPE '')"


def number(con: Connection, query: str) -> int:
    """The one whole number that `query` answers."""
    row = con.execute(query).fetchone()
    if row is None:
        raise AssertionError("a query for one number answered no row")
    return int(row[0] or 0)


@contextmanager
def storage_errors(run_dir: Path) -> Iterator[None]:
    """Turns a full disk, a full memory and a folder without permission into WrongInput."""
    try:
        yield
    except OSError as exc:
        where = exc.filename or run_dir
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WrongInput(f"{run_dir}: the disk is full; make room or use --run-dir") from exc
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WrongInput(
                f"{where}: cannot be written ({exc.strerror}); mend that or use --run-dir"
            ) from exc
        why = exc.strerror or str(exc)
        raise WrongInput(
            f"{where}: cannot be read or written ({why}); mend that or use --run-dir"
        ) from exc
    except duckdb.OutOfMemoryException as exc:
        raise WrongInput(
            f"{run_dir}: planning needs more memory or disk than there is ({_first_line(exc)})"
        ) from exc
    except duckdb.IOException as exc:
        text = str(exc)
        if "No space left" in text or "disk full" in text.lower():
            raise WrongInput(f"{run_dir}: the disk is full; make room or use --run-dir") from exc
        why = answered(exc) or _first_line(exc)
        raise WrongInput(f"{run_dir}: a file in it cannot be read or written: {why}") from exc


def _first_line(exc: Exception) -> str:
    return str(exc).partition("\n")[0][:200]
