"""One call's way: claim ▶ slot ▶ breaker and hold ▶ connection ▶ intent durable ▶ pace ▶ reply.

Whatever happens on the way, nothing stays held behind it, and an intent whose call did not leave is
withdrawn.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bulkdel.errors import Guarded
from bulkdel.job.job import Target
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.values import Intent
from bulkdel.providers.protocol import App, Provider
from bulkdel.send.breaker import Breaker
from bulkdel.send.carriers import Traffic
from bulkdel.send.claims import Claims
from bulkdel.send.feed import Work
from bulkdel.send.pace import Pacer
from bulkdel.send.signer import Signer
from bulkdel.send.transport import NoReply, Reply, Transport
from bulkdel.words import Batch, Entry, Mode

AHEAD_S: Final = 0.2
"""Seconds of calls whose intents are durable before they may leave: a disk that takes so long to
sync costs no pace, and a crash leaves no more lost answers than these and those in flight."""
CALM_S: Final = 0.08
"""While calls for so many seconds stand ready, nothing that is to be recorded is urgent: a tick
more than GATHER_S away comes in time."""


def ahead(qps: float) -> int:
    """How many intents may be durable before their calls leave."""
    return max(2, math.ceil(qps * AHEAD_S))


GROUNDED: Final = NoReply(reason="kept back: the lane sends one call at a time now", left=False)


class _Grounded(Exception):
    """The call may not leave as it stands."""


def ensure_unprotected(load: Entry, protected: frozenset[str]) -> None:
    """Raises Guarded if the call would name a protected account.

    The plan leaves them out; this is for whatever came between the plan and the call.
    """
    if load.from_account in protected or (
        isinstance(load, Batch) and not protected.isdisjoint(load.to_accounts)
    ):
        raise Guarded(
            f"entry {load.ordinal} names an account that guards.protect names, so it was not sent: "
            "plan or journal are not what was planned. Begin a new run with --run-dir"
        )


@dataclass(slots=True, eq=False)
class Flight:
    """One call.

    Attributes:
        load: what it carries: the entry, or what of it goes now.
        probe: whether it is out alone, to see how the provider is.
        generation: of the credentials it was signed with.
        noted: whether its intent is, or may be, durable.
        left_at: the loop's time when it left, seconds.
        hidden: texts of the call that must stand nowhere if its reply repeats them.
    """

    work: Work
    load: Entry
    task: asyncio.Task[None]
    probe: bool = False
    generation: int = 0
    noted: bool = False
    flying: bool = False
    left_at: float = 0.0
    hidden: tuple[str, ...] = field(default=(), repr=False)


class Airfield:
    """What all calls of one lane pass."""

    def __init__(
        self,
        *,
        target: Target,
        index: int,
        mode: Mode,
        protected: frozenset[str],
        provider: Provider,
        app: App,
        transport: Transport,
        recorder: Recorder,
        pacer: Pacer,
        breaker: Breaker,
        signer: Signer,
        traffic: Traffic,
        now_s: Callable[[], float],
    ) -> None:
        self._index, self._mode, self._provider, self._app = index, mode, provider, app
        self._protected = protected
        self._transport, self._recorder = transport, recorder
        self._pacer, self._breaker, self._signer = pacer, breaker, signer
        self._traffic, self._now_s = traffic, now_s
        self._claims = Claims()
        self._slots = asyncio.Semaphore(target.max_in_flight)
        self._ahead = asyncio.Semaphore(ahead(target.qps))
        self._ready = 0  # calls whose intents are durable, waiting for the pace
        self._calm_from = max(1.0, target.qps * CALM_S)
        self._cleared = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def cleared(self) -> None:
        """Breaker or pacer were told something: those who wait for them look again."""
        self._cleared.set()

    @property
    def urgent(self) -> bool:
        """Whether the pace would run dry if what is recorded now took its time."""
        return self._ready < self._calm_from

    async def fly(self, flight: Flight, *, wide: bool) -> Reply | NoReply:
        """Send the call when it may go; never raises for anything the network does.

        Returns GROUNDED for a call that was to go again, since others were refused or unanswered
        while it waited to leave.
        """
        claim = None if wide else self._claims.take_at_once(flight.load)
        if claim is None:
            with self._traffic.aside():
                claim = await self._claims.take(flight.load, wide=wide)
        try:
            async with self._slots:
                flight.probe = await self._admitted()
                return await self._exchange(flight)
        except _Grounded:
            return GROUNDED
        finally:
            self._claims.drop(claim)

    async def _admitted(self) -> bool:
        """Wait until the lane may send; whether this call is a probe."""
        while True:
            wait = self._breaker.wait_s(self._loop.time())
            held, closed = self._pacer.held_for_s, bool(self._pacer.closed)
            if wait == 0 and not held and not closed:
                if self._signer.renew_if_due():
                    self._breaker.alone(self._loop.time())  # new credentials are tried by one call
                return self._breaker.leave()
            self._cleared.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wait is None or closed else max(wait, held)):
                    await self._cleared.wait()

    async def _exchange(self, flight: Flight) -> Reply | NoReply:
        try:
            ensure_unprotected(flight.load, self._protected)
            flight.generation = self._signer.generation
            call = self._provider.encode(
                flight.load,
                self._mode,
                app=self._app,
                credentials=self._signer.credentials,
                now_s=self._now_s(),
                entropy=secrets.token_bytes(8),
            )
            flight.hidden = (*call.hidden, self._app.secret.reveal())
            reply = await self._transport.send(call, partial(self._depart, flight))
        except BaseException:
            if not flight.flying:
                if flight.probe:
                    self._breaker.forgo()
                    self.cleared()
                await self._withdraw(flight)
            raise
        finally:
            if flight.flying:
                self._traffic.landed()
        if isinstance(reply, NoReply) and not reply.left:
            self._traffic.rests(flight.task)  # it had taken off, if its connection was dead
            await self._withdraw(flight)
        return reply

    async def _depart(self, flight: Flight) -> None:
        """With a connection in hand: make the intent durable, then wait for the pace."""
        if flight.flying:  # the connection it left on was dead already
            flight.flying = False
            self._traffic.turned_back(flight.task)
            await asyncio.sleep(0)  # a stop that came meanwhile ends it here, not once it has left
        async with self._ahead:
            if not flight.noted:
                flight.noted = True
                work = flight.work
                await self._recorder.intend(
                    Intent(
                        ordinal=work.entry.ordinal,
                        target=self._index,
                        parts=work.parts,
                        again=work.parts[0].attempts > 0,
                    ),
                    urgent=self.urgent,
                )
            self._ready += 1
            try:
                flight.left_at = await self._pacer.depart()
            finally:
                self._ready -= 1
        if flight.generation != self._signer.generation or not (
            flight.probe or self._breaker.closed
        ):
            raise _Grounded
        if not flight.flying:
            flight.flying = True
            self._traffic.took_off(flight.task)

    async def _withdraw(self, flight: Flight) -> None:
        if flight.noted:
            await self._recorder.withdraw(flight.work.entry.ordinal)
