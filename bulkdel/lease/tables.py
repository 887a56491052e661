"""The tables of the store: made by the first who comes, and never used in another version."""

from __future__ import annotations

import math
from typing import Final

from bulkdel.errors import WrongInput
from bulkdel.lease import statements as sql
from bulkdel.lease.link import Cursor

WHERE: Final = "cluster.store_env"


class UnknownRun(WrongInput):
    """The store knows no such run: nobody has begun it with this store."""


def make_tables(cursor: Cursor) -> None:
    """Make the tables where there are none; one at a time."""
    schema, made = cursor.execute(sql.IS_MADE).fetchone() or (False, None)
    if made is not None:
        return
    if not schema:
        cursor.execute(sql.MAKE_SCHEMA)
    cursor.execute(sql.MAKE)
    cursor.execute(sql.FIRST, {"version": sql.STORE_VERSION})


def check_version(cursor: Cursor) -> None:
    """Return if the tables are those of this version.

    Raises:
        WrongInput: they are of another one, or there are none.
    """
    _, made = cursor.execute(sql.IS_MADE).fetchone() or (False, None)
    if made is None:
        raise unknown()
    [version] = cursor.execute(sql.VERSION).fetchone() or [None]
    if version != sql.STORE_VERSION:
        raise WrongInput(
            f"the store has tables of version {version}, and this bulkdel uses version "
            f"{sql.STORE_VERSION}",
            where=WHERE,
            mend="use one version of bulkdel on all machines, or another database",
        )


def now(cursor: Cursor) -> float:
    """The store's time, Unix seconds."""
    [now] = cursor.execute(sql.NOW).fetchone() or [math.nan]
    return float(now)


def unknown() -> UnknownRun:
    """The error of a run that the store does not know, with what to do."""
    return UnknownRun(
        "the store does not know this run",
        where=WHERE,
        mend="nobody has begun it with this store; or its tables were lost: then stop every "
        "worker, wait for the lease and timeout_s to pass, and say `bulkdel worker --new-store` "
        "once",
    )
