"""The only door to psycopg: one connection, each use of which is over within some seconds.

It keeps nothing on the server beyond a transaction, so that a pooler may stand between.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

from bulkdel.errors import BulkdelError, StoreAway, WrongInput
from bulkdel.plain import escaped

try:
    import psycopg
except ModuleNotFoundError as error:
    raise WrongInput(
        "the store needs psycopg, which is not installed here",
        where="cluster.store_env",
        mend="install bulkdel[cluster]",
    ) from error

Cursor: TypeAlias = psycopg.Cursor[Any]

SCHEMES: Final = ("postgresql://", "postgres://")
_SAID_MOST: Final = 200
_GIVE_RIGHTS: Final = (
    "let an administrator of the database run CREATE SCHEMA bulkdel AUTHORIZATION and this user"
)
_BOUNDS: Final = """
SELECT set_config('statement_timeout', %(ms)s, true), set_config('lock_timeout', %(ms)s, true),
       set_config('idle_in_transaction_session_timeout', %(ms)s, true),
       CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
            THEN set_config('synchronous_commit', 'on', true) END
"""


class Link:
    """A connection to the store, made when it is first used and again after it broke."""

    def __init__(
        self, address: str, patience_s: float, away: type[BulkdelError] = StoreAway
    ) -> None:
        """A link; `away` is what it raises where the store does not do what it is asked.

        Raises:
            WrongInput: the address is none of PostgreSQL. It is never shown.
        """
        self._address = checked_address(address)
        self._patience_s, self._away = patience_s, away
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Do statements together. Where this raises, nobody knows whether they were done.

        Raises:
            StoreAway: or the other error of this link.
        """
        try:
            connection = self._connection = self._connection or self._connected()
            with (
                _cut_after(connection, self._patience_s),
                connection.transaction(),
                connection.cursor() as cursor,
            ):
                cursor.execute(_BOUNDS, {"ms": str(int(self._patience_s * 1000))})
                yield cursor
        except (psycopg.Error, OSError) as error:
            self.close()
            why = escaped(str(error).strip().partition("\n")[0])[:_SAID_MOST]
            may_not = isinstance(error, psycopg.errors.InsufficientPrivilege)
            raise self._away(
                f"the store does not do what it is asked: {why or type(error).__name__}",
                where="cluster.store_env",
                mend=_GIVE_RIGHTS if may_not else "see that PostgreSQL is there and may be used",
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        quiet_s = max(1, int(self._patience_s))
        return psycopg.connect(
            self._address,
            autocommit=True,
            prepare_threshold=None,
            application_name="bulkdel",
            connect_timeout=max(2, quiet_s),  # less is taken as this
            keepalives_idle=quiet_s,
            keepalives_interval=quiet_s,
            keepalives_count=2,
            tcp_user_timeout=int(self._patience_s * 1000),
        )


@contextmanager
def once(
    address: str, patience_s: float, away: type[BulkdelError] = WrongInput
) -> Iterator[Cursor]:
    """Do statements together over a connection of their own. Raises: see Link."""
    link = Link(address, patience_s, away)
    try:
        with link.transaction() as cursor:
            yield cursor
    finally:
        link.close()


def checked_address(address: str) -> str:
    """`address` again.

    Raises:
        WrongInput: it is none of PostgreSQL. It is never shown: it may hold a password.
    """
    with suppress(psycopg.Error):
        parts = psycopg.conninfo.conninfo_to_dict(address)
        # A piece of a password that was taken for one of these would be shown in errors.
        shown = f"{parts.get('host', '')}{parts.get('dbname', '')}"
        port = str(parts.get("port", "")).replace(",", "")
        if address.startswith(SCHEMES) and "@" not in shown and (port.isdecimal() or not port):
            return address
    raise WrongInput(
        "its variable holds no address of PostgreSQL",
        where="cluster.store_env",
        mend="it must be postgresql://USER:PASSWORD@HOST/DATABASE, with / @ : in a password as "
        "%2F %40 %3A",
    )


@contextmanager
def _cut_after(connection: psycopg.Connection[Any], patience_s: float) -> Iterator[None]:
    """Take the network from under a connection whose server says nothing any more."""
    wire = socket.socket(fileno=os.dup(connection.fileno()))

    def cut() -> None:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(patience_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        wire.close()
