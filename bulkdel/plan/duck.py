"""The one door to DuckDB: connections that keep to a memory limit, what they read and write.

DuckDB detects what it is not told: columns in the names of folders, types, quotes, headers,
compression by a file's ending. So every reader and writer of the program is here, each says all of
it, and where the system has names for open files, no name of a user's folder reaches DuckDB.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import duckdb

from bulkdel import files
from bulkdel.errors import WrongInput

# SQL is put together from our own words, numbers and quoted names alone.

Connection = duckdb.DuckDBPyConnection
DuckError = duckdb.Error
DataError = (duckdb.InvalidInputException, duckdb.ConversionException)
"""What DuckDB raises for data that it cannot read."""
OutOfMemory = duckdb.OutOfMemoryException

OPEN_FILES: Final = Path("/proc/self/fd")
"""Where Linux has the open files of a process; what is opened there is the open file itself."""
_PATHS: Final = "hive_partitioning = false, union_by_name = false, filename = false"
_NOTHING_LOADED: Final = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_file_cache": False,  # it goes by name, and a descriptor's is used again
}


@dataclass(frozen=True, slots=True)
class FileName:
    """What DuckDB calls a file that is to be read, as an SQL string."""

    sql: str


@contextmanager
def opened(path: Path) -> Iterator[FileName]:
    """Opens a file to be read for the length of a with block.

    On Linux DuckDB is given the open file: it reads that one, whatever gets its name meanwhile.

    Raises:
        WrongInput: this user may not read it, or it is no regular file.
        OSError: it cannot be opened.
    """
    with files.open_to_read(path) as file:
        yield file_name(path, file.fileno())


@contextmanager
def opened_folder(path: Path) -> Iterator[Path]:
    """Opens a folder to work in for the length of a with block; gives the path to use for it.

    On Linux that is the open folder: DuckDB takes no path that is not UTF-8, and makes something
    else of some characters.

    Raises:
        OSError: it cannot be opened, or is a link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield OPEN_FILES / str(descriptor) if OPEN_FILES.is_dir() else path
    finally:
        os.close(descriptor)


def file_name(path: Path, descriptor: int) -> FileName:
    """What DuckDB shall call the file at `path`, which is open as `descriptor`."""
    if OPEN_FILES.is_dir():
        return FileName(literal(OPEN_FILES / str(descriptor)))
    # Absolute, so that its beginning means nothing; wildcards in it stand for themselves.
    name = "".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute()))
    return FileName(literal(name))


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
    if "Could not set lock on file" in str(exc):  # whatever the system said of that
        return "what is written meanwhile cannot be locked"
    if "No files found that match" in str(exc):  # the whole of what it says of a failed stat
        return "it is not there, or cannot be looked at"
    return next((words for words in _ANSWERS if words in str(exc)), "")


def open_workshop(folder: Path, *, memory_limit_mb: int) -> Connection:
    """A database to plan in; what does not fit into memory spills into `folder`, nowhere else.

    In memory: a file would be checkpointed now and then and at the end, which took a fifth of the
    time (measured), for tables that nobody reads again. An order that matters is asked for.
    """
    return _connection(2, memory_limit_mb, str(folder / "spill"), preserve_insertion_order=False)


_READERS_MB: Final = 1024
"""Megabytes that all which read plans at once may take; a plan takes a few."""


def open_reader(*, memory_limit_mb: int | None = None) -> Connection:
    """A connection to read a plan with, one thread, beside the sending.

    One thread also keeps rows in the file's order. Those without a limit of their own belong to one
    database, which has no tables, and share its limit: each for itself would cost 4 MB, eight
    threads and 15 ms of CPU (measured), and a process may read the plans of many shards.
    """
    if memory_limit_mb is None:
        _kept_open()
        return _connection_of_readers()
    return _connection(1, memory_limit_mb, "")


@cache
def _kept_open() -> Connection:
    """Held until this process ends: a database that nobody has open is made anew by the next."""
    return _connection_of_readers()


def _connection_of_readers() -> Connection:
    return _connection(1, _READERS_MB, "", name=":memory:readers")


def _connection(
    threads: int, memory_mb: int, spill: str, *, name: str = ":memory:", **more: bool
) -> Connection:
    config: dict[str, str | int] = {
        **_NOTHING_LOADED,
        "threads": threads,
        "memory_limit": f"{memory_mb}MB",
        "temp_directory": spill,
        **more,
    }
    con = duckdb.connect(name, config=dict(config))
    con.execute("SET enable_progress_bar = false")  # it would go to standard output
    return con


def literal(text: str | Path) -> str:
    """`text` as an SQL string. A NUL cannot be in a path, nor in any text that comes here."""
    return "'" + str(text).replace("'", "''") + "'"


def parquet_rows(file: FileName, *, numbered: bool = False) -> str:
    """A scan of a Parquet file: the columns that it has, and `file_row_number` if `numbered`.

    Columns of a file that is not ours are named by place (`#1`): DuckDB takes names that differ in
    case alone for one, and calls a second one otherwise.
    """
    return (
        f"read_parquet({file.sql}, {_PATHS}, hive_types_autocast = false, "
        f"file_row_number = {'true' if numbered else 'false'}, binary_as_string = false)"
    )


def parquet_facts(file: FileName, what: str) -> str:
    """A Parquet file's "schema", "metadata" (of its parts), "file_metadata" or "kv_metadata"."""
    return f"parquet_{what}({file.sql})"


LINE_MOST: Final = 2_000_000
"""Bytes that a line may have where nothing else is said; DuckDB's own default."""


def lines_in(
    file: FileName,
    columns: Mapping[str, str],
    separator: bytes,
    *,
    skip: int = 0,
    line_most: int = LINE_MOST,
) -> str:
    """A scan of lines that we wrote ourselves: everything said, nothing sniffed, no quotes.

    A line has at most `line_most` bytes.
    """
    typed = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    texts = [name for name, kind in columns.items() if kind == "VARCHAR"]
    return (
        f"read_csv({file.sql}, columns = {{{typed}}}, force_not_null = {texts}, {_PATHS}, "
        f"auto_detect = false, delim = {literal(separator.decode())}, skip = {skip}, "
        f"max_line_size = {max(line_most, LINE_MOST)}, "
        "header = false, quote = '', escape = '', comment = '', nullstr = '', new_line = '\\n', "
        "null_padding = false, strict_mode = true, ignore_errors = false, "
        "normalize_names = false, compression = 'uncompressed', encoding = 'utf-8')"
    )


def objects_in(file: FileName, columns: Mapping[str, str], *, packed: bool = False) -> str:
    """A scan of JSON objects, one a line, that we wrote ourselves; a line cut short has none.

    `packed`: in frames of zstd, none of which is cut short; nor is any line.
    """
    typed = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    return (
        f"read_json({file.sql}, columns = {{{typed}}}, {_PATHS}, auto_detect = false, "
        f"format = 'newline_delimited', records = true, "
        f"ignore_errors = {'false' if packed else 'true'}, "
        f"compression = '{'zstd' if packed else 'uncompressed'}')"
    )


def write_lines(con: Connection, select: str, out: Path, separator: bytes) -> int:
    """Writes what `select` answers into `out`, without header and quotes; answers how many."""
    return number(
        con,
        f"COPY ({select}) TO {literal(out.absolute())} (FORMAT csv, HEADER false, "
        f"DELIMITER {literal(separator.decode())}, QUOTE '', ESCAPE '', NULLSTR '', "
        "COMPRESSION none, USE_TMP_FILE false, PER_THREAD_OUTPUT false)",
    )


def write_parquet(
    con: Connection, select: str, out: Path, *, group_rows: int, metadata: Mapping[str, bytes]
) -> int:
    """Writes what `select` answers into `out`, in its order; answers how many rows."""
    con.execute("SET preserve_insertion_order = true")
    kept = ", ".join(f"{key}: from_hex('{value.hex()}')" for key, value in metadata.items())
    return number(
        con,
        f"COPY ({select}) TO {literal(out.absolute())} (FORMAT parquet, COMPRESSION uncompressed, "
        f"ROW_GROUP_SIZE {group_rows}, KV_METADATA {{{kept}}}, "
        "USE_TMP_FILE false, PER_THREAD_OUTPUT false)",
    )


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
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(run_dir) from exc
        what = f"cannot be read or written ({exc.strerror or exc})"
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            what = f"cannot be written ({exc.strerror})"
        where = exc.filename or run_dir
        raise WrongInput(what, where=where, mend="put that right or use --run-dir") from exc
    except OutOfMemory as exc:
        what = f"planning needs more memory or disk than there is ({_first_line(exc)})"
        raise WrongInput(what, where=run_dir) from exc
    except duckdb.IOException as exc:
        text = str(exc)
        if "No space left" in text or "disk full" in text.lower():
            raise _full(run_dir) from exc
        what = f"a file in it cannot be read or written: {answered(exc) or _first_line(exc)}"
        raise WrongInput(what, where=run_dir) from exc


def _full(run_dir: Path) -> WrongInput:
    return WrongInput("the disk is full", where=run_dir, mend="make room or use --run-dir")


def _first_line(exc: Exception) -> str:
    return str(exc).partition("\n")[0][:200]
