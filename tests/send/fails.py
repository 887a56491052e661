"""The command, on a disk that cannot be read: `fails.py READ N ARGUMENT...`.

At the N-th passage of READ, or with "N+" from then on, the system's answer is an error of input and
output. The product knows nothing of this: what is raised is raised where SQLite or DuckDB would
raise it.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from typing import Any, Final

import duckdb

from bulkdel.cli import app
from bulkdel.ledger import reserve, rows
from bulkdel.plan import duck

READS: Final = {
    "plan": (duck, "parquet_rows"),
    "open": (rows, "open_entries"),
    "stored": (rows, "stored_parts"),
    "reserved": (reserve, "has_reserved"),
    "second": (reserve, "second_phase"),
}


def fail(read: str) -> None:
    """As the library that reads there does."""
    if read == "plan":
        raise duckdb.IOException("IO Error: Could not read from file: Input/output error")
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    raise error


def let_fail(read: str, number: int, *, always: bool) -> None:
    """Lets the reading of this number fail, from 1 on, or `always` from it on."""
    owner, name = READS[read]
    inner: Callable[..., Any] = getattr(owner, name)
    passages = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal passages
        passages += 1
        if passages == number or (always and passages > number):
            fail(read)
        return inner(*arguments, **named)

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    let_fail(sys.argv[1], int(sys.argv[2].rstrip("+")), always=sys.argv[2].endswith("+"))
    sys.argv[1:] = sys.argv[3:]
    app.main()
