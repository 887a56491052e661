"""Leases from PostgreSQL: the session of a process, and what it asks of the store."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby

from bulkdel.errors import StoreAway, WrongInput
from bulkdel.lease import statements as sql
from bulkdel.lease.fence import Fence, boottime_s
from bulkdel.lease.link import Cursor, Link
from bulkdel.lease.tables import check_version, now, unknown
from bulkdel.lease.terms import (
    APPLIED_S,
    IDLE_MOST_S,
    REBALANCE_S,
    SECOND_S,
    Slice,
    Terms,
    answered,
    shares,
)
from bulkdel.lease.values import (
    Left,
    Member,
    Nothing,
    Taken,
    Told,
)


class PostgresStore:
    """A process's session in the store; from `join` to `leave` a thread of its own renews it.

    `renew` returns what that thread was told last, without waiting for the network.
    """

    def __init__(
        self,
        address: str,
        member: Member,
        fence: Fence,
        clock: Callable[[], float] = boottime_s,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """A store that is not joined yet; `clock` is that of the fence, `wall` the time of day.

        Raises:
            WrongInput: the address is none of PostgreSQL.
        """
        self._member, self._fence, self._clock, self._wall = member, fence, clock, wall
        self._terms = Terms(lease_s=member.lease_s, timeout_s=member.timeout_s)
        self._calls = Link(address, self._terms.patience_s)
        self._renewals = Link(address, self._terms.patience_s)
        self._one_call = threading.Lock()
        self._wake, self._left = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._names = {
            "me": member.session,
            "run": member.run_id,
            "began": member.began_s,
            "host": member.host,
            "second": SECOND_S,
            "idle": IDLE_MOST_S,
            "rebalance": REBALANCE_S,
        }
        self._held: dict[str, int] = {}
        self._told, self._away = Told(), ""
        self._epochs: dict[str, int] = {}
        self._returned: tuple[float, Mapping[str, float]] = (0.0, {})  # since when, and what

    def join(self) -> None:
        """See Store."""
        self._begin_session()
        self._thread = threading.Thread(target=self._keep_renewing, name="lease", daemon=True)
        self._thread.start()

    def _begin_session(self) -> None:
        member, asked_at_s = self._member, self._clock()
        with self._call() as cursor:
            check_version(cursor)
            _check_clock(now(cursor) - self._wall(), member.lease_s)
            other = cursor.execute(
                sql.OTHER_VERSION, {**self._names, "version": member.version}
            ).fetchone()
            if other is not None:
                raise WrongInput(
                    f"this run is being sent by bulkdel {other[0]} on {other[1]}, and this is "
                    f"bulkdel {member.version}",
                    mend="use one version on all machines",
                )
            cursor.execute(
                sql.JOIN,
                {
                    **self._names,
                    "pid": member.pid,
                    "version": member.version,
                    "lease": self._terms.lease_s,
                    "grace": self._terms.grace_s,
                },
            )
            self._told, self._epochs = self._told_by(cursor)
        answered(self._terms, self._fence, asked_at_s, renewed=True)

    def renew(self) -> Told:
        """See Store. Raises StoreAway, once, where a renewal has failed since the last call."""
        if self._away:
            away, self._away = self._away, ""
            raise StoreAway(away)
        epochs, told = self._epochs, self._told  # in this order: the thread sets them in the other
        held = {name: epoch for name, epoch in epochs.items() if self._held.get(name) == epoch}
        told = replace(told, shares={name: told.shares.get(name, 0.0) for name in held})
        if told.shares != self._returned[1]:
            self._returned = (self._clock(), told.shares)
        return told

    def take(self, held: frozenset[str], most_qps: float) -> Taken | Nothing:
        """See Store. What was taken by a call whose answer was lost is returned by the next."""
        names = {**self._names, "room": most_qps, "none_held": not held, "held": sorted(held)}
        with self._call() as cursor:
            cursor.execute(sql.ONE_AT_A_TIME)
            if cursor.execute(sql.LIVES, names).fetchone() is None:
                self._fence.end()
            if rests := self._rests(cursor):
                return Nothing(over=False, why=rests)
            cursor.execute(sql.REMOVE_SESSIONS, names)
            taken = self._unheld(cursor, names) or self._taken(cursor, names)
        if isinstance(taken, Taken):
            self._held[taken.shard] = taken.epoch
        return taken

    def give_back(self, taken: Taken, left: Left) -> None:
        """See Store. May be called again where it raised."""
        self._held.pop(taken.shard, None)
        refused = left is Left.REFUSED
        names = {
            **self._names,
            "name": taken.shard,
            "epoch": taken.epoch,
            "state": (Left.ENDED if refused else left).value,
            # else it would catch up with the journal by being tried again and again
            "uncounted": int(refused),
        }
        with self._call() as cursor:
            cursor.execute(sql.GIVE_BACK, names)

    def leave(self) -> None:
        """See Store. Where it raises, the session ends by itself."""
        self._left.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * self._terms.patience_s)
        self._fence.close()
        try:
            with self._call() as cursor:
                cursor.execute(sql.ONE_AT_A_TIME)
                cursor.execute(sql.LEAVE, self._names)
                cursor.execute(sql.FREE_SHARDS, self._names)
        finally:
            self._calls.close()
            self._renewals.close()

    @contextmanager
    def _call(self) -> Iterator[Cursor]:
        with self._one_call, self._calls.transaction() as cursor:
            yield cursor

    def _unheld(self, cursor: Cursor, names: Mapping[str, object]) -> Taken | None:
        row = cursor.execute(sql.UNHELD, names).fetchone()
        return None if row is None else Taken(shard=row[0], epoch=row[1])

    def _taken(self, cursor: Cursor, names: Mapping[str, object]) -> Taken | Nothing:
        counts = cursor.execute(sql.COUNTS, names).fetchone()
        known, mine, owned, free, sessions = counts or (0, 0, 0, 0, 1)
        if known == 0:
            raise unknown()
        under_fair = mine < math.ceil((owned + free) / max(1, sessions))
        row = cursor.execute(sql.CHOOSE, {**names, "under_fair": under_fair}).fetchone()
        if row is not None:
            name = row[0]
            [(epoch, sliced)] = cursor.execute(sql.TAKE, {**names, "name": name}).fetchall()
            if sliced:
                self._wake.set()  # it sends nothing before it is told its share
            return Taken(shard=name, epoch=epoch, follows=epoch > 1)
        if under_fair:
            cursor.execute(sql.LOOKED, names)
        if owned == 0 and free == 0:
            return Nothing(over=True)
        way = cursor.execute(sql.IN_THE_WAY, names).fetchone()
        return Nothing(over=False, why=f"{way[0]} is sent to by the run in {way[1]}" if way else "")

    def _rests(self, cursor: Cursor) -> str:
        """Why nobody takes: PostgreSQL may have lost who owns what; "" where it has not."""
        rest_s = self._terms.lease_s + self._terms.grace_s
        cursor.execute(sql.REST, {"rest": rest_s})
        for [left_s] in cursor.execute(sql.RESTS):
            return f"PostgreSQL has failed over: nobody takes work for another {left_s:.0f} s"
        return ""

    def _keep_renewing(self) -> None:
        """Renew until `leave`; an error leaves the fence where it is."""
        pause_s = self._terms.renew_s
        while not self._left.is_set():
            self._wake.wait(pause_s)
            self._wake.clear()
            if self._left.is_set():
                break
            try:
                self._renew_once()
                pause_s = self._terms.renew_s
            except StoreAway as error:
                self._away = str(error)
                pause_s = self._terms.retry_s

    def _renew_once(self) -> None:
        held, asked_at_s = dict(self._held), self._clock()
        with self._renewals.transaction() as cursor:
            renewed = cursor.execute(sql.RENEW, self._names).rowcount == 1
            mine = dict(cursor.execute(sql.MINE, self._names).fetchall())
        # A failover may have lost that a shard was taken: then another would take it too.
        lost = any(
            mine.get(name) != epoch and self._held.get(name) == epoch
            for name, epoch in held.items()
        )
        if self._left.is_set():
            return
        answered(self._terms, self._fence, asked_at_s, renewed=renewed and not lost)
        with self._renewals.transaction() as cursor:
            told, epochs = self._told_by(cursor)
        self._told, self._epochs = told, epochs  # one after the other, see `renew`

    def _told_by(self, cursor: Cursor) -> tuple[Told, dict[str, int]]:
        """What is to be done, and the epoch of each slice that it speaks of."""
        by, rates = cursor.execute(sql.ORDERS, self._names).fetchone() or (None, {})
        mine = self._shares(cursor, rates)  # locks what `take` locks, in its order
        back = cursor.execute(sql.TOO_MANY, self._names).fetchone()
        told = Told(
            paused=by is not None,
            by=by or "",
            rates=rates,
            shares={name: share for name, (_, share) in mine.items()},
            give_back=frozenset(back or ()),
        )
        return told, {name: epoch for name, (epoch, _) in mine.items()}

    def _shares(self, cursor: Cursor, rates: Mapping[str, float]) -> dict[str, tuple[int, float]]:
        """What each slice of mine may send; writes down what that leaves for the others."""
        rows = cursor.execute(sql.SLICES, self._names).fetchall()
        if not rows:
            return {}
        cursor.execute(sql.ONE_AT_A_TIME)
        rows = cursor.execute(sql.SLICES, self._names).fetchall()
        rests = bool(
            self._rests(cursor)
        )  # then what others are told may be lost: nothing is raised
        epochs = {row[3]: row[2] for row in rows}
        result = {}
        for (target, qps), group in groupby(rows, key=lambda row: (row[0], row[1])):
            slices = [
                Slice(name=name, owned=owned, mine=mine, share=share, used=used, warm=warm)
                for _, _, _, name, owned, mine, share, used, warm in group
            ]
            ceiling = min(qps, rates.get(target, qps))
            for name, (most, used) in shares(ceiling, slices, self._in_force()).items():
                known = self._epochs.get(name) == epochs[name]
                before = self._told.shares.get(name, 0.0) if known else 0.0
                share = min(most, before) if rests else most
                cursor.execute(
                    sql.SHARE, {**self._names, "name": name, "share": share, "used": used}
                )
                result[name] = (epochs[name], share)
        return result

    def _in_force(self) -> dict[str, float]:
        """The share that each slice of mine has been kept to for over a second, where one was."""
        since_s, returned = self._returned
        if self._clock() - since_s < APPLIED_S:
            return {}
        next_ones = self._told.shares  # may be returned at any moment
        return {name: max(share, next_ones.get(name, 0.0)) for name, share in returned.items()}


def _check_clock(ahead_s: float, most_s: float) -> None:
    if abs(ahead_s) > most_s:
        raise WrongInput(
            f"the clock of PostgreSQL's machine is {abs(ahead_s):.0f} s "
            f"{'ahead of' if ahead_s > 0 else 'behind'} this machine's, more than the lease of "
            f"{most_s:g} s",
            where="cluster.lease",
            mend="set the clocks",
        )
