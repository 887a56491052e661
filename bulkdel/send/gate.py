"""Whether a lane's next call may leave now: what all its calls pass, one by one.

    claim ▶ slot ▶ breaker and hold ▶ (connecting) ▶ intent durable ▶ pace ▶ it leaves

Whatever happens on the way, nothing stays held behind a call, and an intent whose call did not
leave is withdrawn.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import Final

from bulkdel.job.job import Retry, Target
from bulkdel.ledger.values import Intent
from bulkdel.send.attempt import Attempt
from bulkdel.send.book import Book
from bulkdel.send.breaker import Breaker
from bulkdel.send.carriers import Carriers
from bulkdel.send.claims import Claim, Claims
from bulkdel.send.decide import OURS_S, Condition, Decision
from bulkdel.send.health import Health
from bulkdel.send.pace import Pacer
from bulkdel.send.signer import Signer
from bulkdel.send.state import Doing
from bulkdel.words import Entry, Ruling, size_of

AHEAD_S: Final = 0.2
"""Seconds of calls whose intents are durable before they may leave: a disk that takes so long to
sync costs no pace, and a crash leaves no more lost answers than these and those in flight."""
CALM_S: Final = 0.08
"""While calls for so many seconds stand ready, nothing that is to be recorded is urgent: a tick
more than GATHER_S away comes in time."""


def intents_ahead(qps: float) -> int:
    """How many intents may be durable before their calls leave."""
    return max(2, math.ceil(qps * AHEAD_S))


class KeptBack(Exception):
    """The call may not leave as it stands: others were refused or unanswered while it waited."""


class Gate:
    """What all calls of one lane pass.

    Attributes:
        slots: one for each call that may be in flight.
    """

    def __init__(
        self,
        *,
        target: Target,
        index: int,
        retry: Retry,
        book: Book,
        carriers: Carriers,
        signer: Signer,
        pacer: Pacer,
    ) -> None:
        """The gate of the target at this `index` of the plan."""
        self._index, self._book, self._carriers = index, book, carriers
        self._signer, self._pacer = signer, pacer
        self._loop = asyncio.get_running_loop()
        self._breaker = Breaker(
            now=self._loop.time(), base_delay_s=retry.base_delay_s, max_delay_s=retry.max_delay_s
        )
        self._claims = Claims()
        self.slots = asyncio.Semaphore(target.max_in_flight)
        self._ahead = asyncio.Semaphore(intents_ahead(target.qps))
        self._ready = 0  # calls whose intents are durable, waiting for the pace
        self._calm_from = max(1.0, target.qps * CALM_S)
        self._changed = asyncio.Event()
        self._held_until = -math.inf
        self._trouble, self._trouble_until = "", -math.inf

    # -- the way of a call ----------------------------------------------------------------------

    async def claim(self, load: Entry, *, wide: bool) -> Claim:
        """Wait until no call in flight has an account that this one must have alone."""
        if not wide and (claim := self._claims.take_at_once(load)):
            return claim
        with self._carriers.aside():
            return await self._claims.take(load, wide=wide)

    def drop(self, claim: Claim) -> None:
        """The call is over, or did not leave."""
        self._claims.drop(claim)

    async def admit(self, attempt: Attempt) -> None:
        """Wait until the lane may send; says whether this call is a probe."""
        while True:
            wait = self._breaker.wait_s(self._loop.time())
            held, closed = self._pacer.held_for_s, bool(self._pacer.closed)
            if wait == 0 and not held and not closed:
                if self._signer.renew_if_due():
                    self._breaker.alone(self._loop.time())  # new credentials are tried by one call
                attempt.probe = self._breaker.leave()
                return
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wait is None or closed else max(wait, held)):
                    await self._changed.wait()

    async def depart(self, attempt: Attempt) -> None:
        """With a connection in hand: make the intent durable, then wait for the pace.

        Raises:
            KeptBack: the call may not leave as it stands.
            StorageFailed: its intent cannot be made durable.
        """
        if self.come_back(attempt):  # the connection it left on was dead already
            self._carriers.rest(attempt.task)
            await asyncio.sleep(0)  # a stop that came meanwhile ends it here, not once it has left
        async with self._ahead:
            if not attempt.intended:
                attempt.intended = True
                work = attempt.work
                await self._book.intend(
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
                attempt.left_at = await self._pacer.depart()
            finally:
                self._ready -= 1
        if self._is_stale(attempt) or not (attempt.probe or self._breaker.closed):
            raise KeptBack
        attempt.in_flight = True
        self._carriers.leave(attempt.task)

    def come_back(self, attempt: Attempt) -> bool:
        """The call is not in flight any more; whether it was until now."""
        if not attempt.in_flight:
            return False
        attempt.in_flight = False
        self._carriers.come_back()
        return True

    async def withdraw(self, attempt: Attempt) -> None:
        """The call did not leave: neither does its intent stay.

        Raises:
            StorageFailed: that cannot be made durable.
        """
        if attempt.intended:
            await self._book.withdraw(attempt.work.entry.ordinal)

    async def stay(self, attempt: Attempt) -> None:
        """As `withdraw`, for a call that may be stopped from now on.

        Raises:
            StorageFailed: that cannot be made durable.
        """
        self._carriers.rest(attempt.task)  # it had left, if its connection was dead
        await self.withdraw(attempt)

    def forgo(self, attempt: Attempt) -> None:
        """The call says nothing of the provider: if it was a probe, another one may leave."""
        if attempt.probe:
            self._breaker.forgo()
            self._changed.set()

    @property
    def urgent(self) -> bool:
        """Whether the pace would run dry if what is recorded now took its time."""
        return self._ready < self._calm_from

    # -- what answers change --------------------------------------------------------------------

    def hear(self, attempt: Attempt, health: Health) -> bool:
        """Take in what a call says of the provider; whether the breaker opened or closed."""
        if health is Health.ACCEPTED:
            self._pacer.accepted()
            self._signer.accepted(attempt.generation)
            if self._is_stale(attempt):
                # What older credentials were let in with says nothing of those of the next call.
                health = Health.ALIVE
        was_closed = self._breaker.closed
        self._breaker.hear(
            health,
            ordinal=attempt.work.entry.ordinal,
            fresh=attempt.work.history.calls == 0,
            probe=attempt.probe,
            now=self._loop.time(),
        )
        self._changed.set()
        return self._breaker.closed != was_closed

    def carry_out(self, decision: Decision, attempt: Attempt) -> float | None:
        """Do what a decision says of the calls to come; the seconds of a hold that begins now."""
        now = self._loop.time()
        if decision.renewal is not None:
            self._signer.refused(now)
        if decision.alone_s is not None:
            self._breaker.alone(now + decision.alone_s)
            self._changed.set()
        if decision.trouble:
            self._trouble, self._trouble_until = decision.trouble, now + 2 * OURS_S
        if decision.throttled is None:
            return None
        hold_s = self._pacer.throttled(attempt.left_at, decision.hold_s)
        if hold_s is not None:
            self._held_until = now + hold_s
        return hold_s

    # -- how it stands --------------------------------------------------------------------------

    @property
    def is_free(self) -> bool:
        """Whether calls leave freely, not one at a time."""
        return self._breaker.closed

    def condition(
        self,
        attempt: Attempt,
        *,
        batch_most: int,
        last: Ruling | None,
        skew_s: float | None,
    ) -> Condition:
        """How a call and its lane stand, for `decide`; see there."""
        now = self._loop.time()
        return Condition(
            over=self._carriers.stopped is not None,
            free=self._breaker.closed,
            odd=self._breaker.odd,
            silent_for_s=self._breaker.silent_for_s(now),
            try_again_s=self._signer.try_again_s(now),
            batch_most=batch_most,
            last=last,
            carried=size_of(attempt.load),
            probe=attempt.probe,
            stale=self._is_stale(attempt),
            skew_s=skew_s,
        )

    def doing(self, now: float) -> tuple[Doing, float]:  # noqa: PLR0911  # one for each
        """What the lane is doing, and until when if that ends by itself; the loop's time.

        PAUSED stands for whatever closed it.
        """
        if self._pacer.closed:
            return Doing.PAUSED, math.inf
        if now < self._held_until:
            return Doing.HELD, self._held_until
        if held := self._pacer.held_for_s:
            return Doing.STARTING, now + held
        if now < self._trouble_until:
            return Doing.MACHINE, self._trouble_until
        if self._pacer.stalled:
            return Doing.NETWORK, math.inf
        if self._breaker.closed:
            return Doing.SENDING, math.inf
        wait = self._breaker.wait_s(now)
        until = math.inf if wait is None else now + wait
        if self._signer.in_doubt:
            return Doing.REFUSED, until
        return (Doing.SILENT if self._breaker.met_trouble else Doing.OPENING), until

    @property
    def trouble(self) -> str:
        """This machine's own, in words, as long as that is what it is doing."""
        return self._trouble

    def silent_for_s(self, now: float) -> float:
        """Seconds since a call was accepted."""
        return self._breaker.silent_for_s(now)

    def resume(self) -> None:
        """The pacer lets calls leave again: that they were kept was no outage."""
        self._breaker.resume(self._loop.time())
        self._changed.set()

    def _is_stale(self, attempt: Attempt) -> bool:
        return attempt.generation != self._signer.generation
