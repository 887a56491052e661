"""What the store is asked beside any session: for a run's rows, an operator's orders, a look."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from bulkdel.errors import StoreAway, WrongInput
from bulkdel.lease import statements as sql
from bulkdel.lease.link import once
from bulkdel.lease.tables import check_version, make_tables, now, unknown
from bulkdel.lease.terms import Terms
from bulkdel.lease.values import Order, Pause, Resume, ShardRow, SlowTo, Standing

OPERATOR_S: Final = 5.0
"""How long the store may take for what is asked beside a session."""


def register(address: str, run_id: str, folder: str, shards: Sequence[ShardRow]) -> float:
    """Makes the tables where they are missing and a row for each shard; the store's time, s.

    Raises:
        WrongInput: there is no store, or it is of another version, or may not be used.
    """
    with once(address, OPERATOR_S) as cursor:
        cursor.execute(sql.ONE_AT_A_TIME)
        make_tables(cursor)
        check_version(cursor)
        rows = orjson.dumps([asdict(shard) for shard in shards]).decode()
        names = {"run": run_id, "folder": folder}
        if other := cursor.execute(sql.ELSEWHERE, names).fetchone():
            raise WrongInput(
                f"workers on {other[0]} send another run, which lies in {folder} there: this "
                "machine does not see it",
                where=folder,
                mend="let every machine see the same run directory, such as a mounted folder",
            )
        cursor.execute(sql.REGISTER_RUN, names)
        cursor.execute(sql.REGISTER_SHARDS, {"run": run_id, "shards": rows})
        return now(cursor)


def end_session(address: str, session: str) -> None:
    """Ends the session of a process that is known to be dead.

    Its shards are free at once for the processes of its host, and for others after the grace: what
    lies in a dead process's sockets is still delivered by its kernel.

    Raises:
        StoreAway: it may not have been ended; it ends by itself.
    """
    with once(address, OPERATOR_S, StoreAway) as cursor:
        cursor.execute(sql.DEAD, {"me": session})


def tell(address: str, run_id: str, order: Order | None = None) -> Standing:
    """Keeps an order, which every owner knows within a renewal; what holds from then on.

    Raises:
        WrongInput: there is no store, or it does not know the run.
    """
    names: dict[str, Any] = {"run": run_id}
    with once(address, OPERATOR_S) as cursor:
        check_version(cursor)
        match order:
            case None:
                pass
            case Pause(by=by):
                cursor.execute(sql.PAUSE, {**names, "by": by})
            case Resume():
                cursor.execute(sql.PAUSE, {**names, "by": None})
            case SlowTo(target=target, qps=None):
                cursor.execute(sql.FULL_RATE, {**names, "target": target})
            case SlowTo(target=target, qps=qps):
                cursor.execute(sql.SLOW_TO, {**names, "target": target, "qps": qps})
        orders = cursor.execute(sql.ORDERS, names).fetchone()
        if orders is None:
            raise unknown()
        owners, lease_s = cursor.execute(sql.OWNERS, names).fetchone() or (0, 0.0)
    by, rates = orders
    within_s = Terms(lease_s=lease_s, timeout_s=0).renew_s
    return Standing(
        paused=by is not None, by=by or "", rates=rates, owners=owners, within_s=within_s
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSeen:
    """A store as `check` sees it.

    Attributes:
        server: the version of PostgreSQL.
        made: whether it has its tables.
        ahead_s: of this machine's clock.
    """

    server: str
    made: bool
    ahead_s: float


def look_at_store(address: str) -> StoreSeen:
    """Looks at a store without changing anything.

    Raises:
        WrongInput: there is none, or it is of another version, or may not be used.
    """
    with once(address, OPERATOR_S) as cursor:
        [server] = cursor.execute("SHOW server_version").fetchone() or [""]
        _, made = cursor.execute(sql.IS_MADE).fetchone() or (False, None)
        if made is None:
            return StoreSeen(server=server, made=False, ahead_s=0.0)
        check_version(cursor)
        return StoreSeen(server=server, made=True, ahead_s=now(cursor) - time.time())
