"""PostgreSQL and the model beside each other, on one clock that a test moves."""

from __future__ import annotations

import time
import uuid
from typing import NoReturn

import psycopg

from bulkdel.lease.fence import Fence
from bulkdel.lease.orders import end_session, register, tell
from bulkdel.lease.postgres import PostgresStore
from bulkdel.lease.values import Left, Member, Nothing, Order, ShardRow, Taken, Told
from tests.support.lease_model import Model

_READ_IT = """
CREATE OR REPLACE FUNCTION bulkdel.moment() RETURNS timestamptz LANGUAGE sql
    AS 'SELECT to_timestamp(at) FROM public.clock';
CREATE OR REPLACE FUNCTION bulkdel.timeline() RETURNS text LANGUAGE sql
    AS 'SELECT timeline FROM public.clock';
UPDATE bulkdel.store SET timeline = '1';
"""


class Ended(Exception):
    """A process was ended by its fence."""


def raise_ended() -> NoReturn:
    """End the process that asks."""
    raise Ended


class Process:
    """One that uses both stores, and sees that they say the same."""

    def __init__(self, both: TwoStores, member: Member) -> None:
        self._both, self.member = both, member
        self.fence = Fence(both.clock, raise_ended)
        self.store = PostgresStore(
            both.address, member, self.fence, clock=both.clock, wall=both.clock
        )
        self.held: dict[str, Taken] = {}
        self.store._begin_session()
        both.model.join(member)
        both.model.told(member, {}, {})

    def renew(self) -> Told | None:
        """Renew with both; None where the session was over."""
        model, held = self._both.model, self.held
        in_force, before = self.store._in_force(), self._before()
        expected: Told | None = None
        if model.renew(self.member.session):
            mine = model.mine(self.member.session)
            if all(mine.get(name) == taken.epoch for name, taken in held.items()):
                expected = model.told(self.member, in_force, before)
        try:
            self.store._renew_once()
        except Ended:
            assert expected is None
            return None
        said = self.store.renew()
        assert said == expected
        return said

    def _before(self) -> dict[str, float]:
        told, epochs = self.store._told, self.store._epochs
        mine = self._both.model.mine(self.member.session)
        return {
            name: share for name, share in told.shares.items() if mine.get(name) == epochs[name]
        }

    def take(self, room: float) -> Taken | Nothing | None:
        """Take with both; None where the session was over."""
        held = frozenset(self.held)
        expected = self._both.model.take(self.member, held, room)
        try:
            said = self.store.take(held, room)
        except Ended:
            assert expected is None
            return None
        if isinstance(said, Nothing) and isinstance(expected, Nothing):
            assert (said.over, bool(said.why)) == (expected.over, bool(expected.why))
        else:
            assert said == expected
        return said

    def give_back(self, name: str, left: Left) -> None:
        """Give back to both."""
        taken = self.held.pop(name)
        self._both.model.give_back(self.member, taken, left)
        self.store.give_back(taken, left)

    def leave(self) -> None:
        """Leave both."""
        self._both.model.leave(self.member.session)
        self.store.leave()

    def close(self) -> None:
        """Close what is open; the stores are not told."""
        self.store._calls.close()
        self.store._renewals.close()


class TwoStores:
    """Both, with the same runs, and the clock that both go by."""

    def __init__(self, address: str) -> None:
        self.address = address
        now = float(int(time.time()))
        self.model = Model(now=now)
        self._connection = psycopg.connect(address, autocommit=True)
        self._connection.execute("DROP SCHEMA IF EXISTS bulkdel CASCADE")
        self._connection.execute("DROP TABLE IF EXISTS public.clock")
        register(address, "", "", ())
        self._connection.execute("CREATE TABLE public.clock (at float8, timeline text)")
        self._connection.execute("INSERT INTO public.clock VALUES (%s, '1')", (now,))
        self._connection.execute(_READ_IT)

    def clock(self) -> float:
        """The one of everybody."""
        return self.model.now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.model.now += seconds
        self._connection.execute("UPDATE public.clock SET at = %s", (self.model.now,))

    def fail_over(self) -> None:
        """Another server goes on with the same tables."""
        self.model.timeline += 1
        self._connection.execute("UPDATE public.clock SET timeline = timeline || '1'")

    def register(self, run_id: str, rows: tuple[ShardRow, ...]) -> float:
        """Register a run with both."""
        began = self.model.register(run_id, f"/runs/{run_id}", rows)
        assert register(self.address, run_id, f"/runs/{run_id}", rows) == began
        return began

    def process(self, run_id: str, began_s: float, host: str, lease_s: float = 15) -> Process:
        """A process that has joined."""
        member = Member(
            run_id=run_id,
            session=str(uuid.uuid4()),
            host=host,
            pid=1,
            version="1",
            lease_s=lease_s,
            timeout_s=10,
            began_s=began_s,
        )
        return Process(self, member)

    def end_session(self, process: Process) -> None:
        """A supervisor has seen a process dead."""
        self.model.end_session(process.member.session)
        end_session(self.address, process.member.session)

    def tell(self, run_id: str, order: Order) -> None:
        """An operator says something."""
        self.model.tell(run_id, order)
        said = tell(self.address, run_id, order)
        assert (said.paused, said.by) == (
            run_id in self.model.paused,
            self.model.paused.get(run_id, ""),
        )
        assert said.rates == self.model.rates[run_id]
        assert said.owners == len(self.model._live(run_id))

    def close(self) -> None:
        """Close what is open."""
        self._connection.close()
