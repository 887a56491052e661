"""One target's lane: its entries, carried call by call through its gate until all is settled.

    feed ─▶ carrier: gate ─▶ call ─▶ judge ─▶ decide ─▶ recorded in the book
               ▲                                              │
               └───── again, after a delay where decided ◀────┘

A retry goes the whole way again; waiting for it holds neither slot nor pace. A lane that can read
or write a file of the run no more stops every lane: calls in flight finish, and are recorded where
that is possible.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

from bulkdel.errors import BulkdelError, Guarded
from bulkdel.ledger.values import Deal
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import App
from bulkdel.send.answers import AnswerTimes
from bulkdel.send.attempt import Attempt
from bulkdel.send.call import Caller
from bulkdel.send.carriers import Carriers
from bulkdel.send.decide import (
    KEPT_BACK,
    SETTLED,
    Next,
    decide,
    too_many_failed,
    tries_used_up,
)
from bulkdel.send.delays import Delays
from bulkdel.send.feed import Feed, Work
from bulkdel.send.gate import Gate, intents_ahead
from bulkdel.send.health import Health, health_of
from bulkdel.send.judge import Judgement, answer_of, judge, load_of, outcome_of, size, split_at
from bulkdel.send.lane_log import LaneLog
from bulkdel.send.meter import Meter, Moment, activity_of
from bulkdel.send.pace import Pacer
from bulkdel.send.shared import Destination, Shared
from bulkdel.send.signer import Signer
from bulkdel.send.standing import Standing, code_of
from bulkdel.send.state import OVER, Closed, Doing
from bulkdel.send.transport import NoReply, Reply, Transport
from bulkdel.send.view import End, LaneEnd, LaneView
from bulkdel.words import Orient

CONNECTING_S: Final = 0.5
"""Seconds of calls on their way to leaving: connecting may take so long and cost no pace."""
CROWD: Final = 4
"""Times max_in_flight: all carriers of a lane, those that wait for a retry included."""


class Lane:
    """Sends one target's share of the plan. `run` once."""

    def __init__(
        self,
        shared: Shared,
        destination: Destination,
        transport: Transport,
        *,
        index: int,
        first_wait_s: float,
    ) -> None:
        """The lane of the target at this `index` of the plan; it first waits `first_wait_s`."""
        target, retry = destination.target, shared.job.retry
        self._shared, self._book, self._target, self._index = shared, shared.book, target, index
        self._share, self._retry = shared.meta.shares[index], retry
        self._feed = Feed(
            shared.plan, shared.book, self._share, index=index, selection=shared.selection
        )
        self._log = shared.log.bind(target=target.name)
        self._loop = asyncio.get_running_loop()
        self._few = LaneLog(self._log, self._loop.time, shared.meta.fingerprint, target.name)
        self._delays = Delays(retry)
        self._carriers = Carriers(target.name)
        shared.carriers.append(self._carriers)
        self._pacer = Pacer(
            target.qps,
            max_hold_s=retry.max_delay_s,
            first_wait_s=first_wait_s,
            unheard=transport.stalled,
        )
        self._provider = PROVIDERS[target.provider]
        self._deed = shared.deed(target)
        app = App(app_id=target.app_id, admin=target.admin, secret=destination.secret)
        signer = Signer(self._provider, app, shared.now_s)
        self._gate = Gate(
            target=target,
            index=index,
            retry=retry,
            book=shared.book,
            carriers=self._carriers,
            signer=signer,
            pacer=self._pacer,
        )
        self._caller = Caller(
            provider=self._provider,
            app=app,
            deed=self._deed,
            protected=shared.protected,
            signer=signer,
            gate=self._gate,
            transport=transport,
            now_s=shared.now_s,
        )
        connecting = math.ceil(target.qps * CONNECTING_S)
        self._leaving_most = max(2 * intents_ahead(target.qps), connecting)
        self._batch_most = target.batch_size
        self._standing = Standing(
            gate=self._gate,
            carriers=self._carriers,
            pacer=self._pacer,
            allowance=shared.allowance,
            index=index,
            now_ms=self._now_ms,
            changed=self._few.does,
        )
        self._meter: Meter | None = None
        self._answers = AnswerTimes()

    # -- from outside ---------------------------------------------------------------------------

    @property
    def target(self) -> str:
        """The target's name."""
        return self._target.name

    async def run(self) -> LaneEnd:
        """Send until all is settled or something ends the lane."""
        self._log.info("lane.started", pairs=self._share.pairs, qps=self._target.qps)
        self._meter = Meter(self._index, self._target.qps, now=self._moment(), at_ms=self._now_ms())
        self._look_at_guards()
        if self._carriers.stopped is None:
            async with asyncio.TaskGroup() as group:
                self._carriers.idle.add(group.create_task(self._work_off(group), name="feeder"))
        ended = self._standing.ended = self._ending()
        self._shared.allowance.close(self._index)
        self.measure()
        self._meter = None
        self._few.close()
        self._log.info("lane.ended", end=str(ended.end), words=ended.words)
        return ended

    def stop(self, end: End, words: str) -> None:
        """Send nothing more; calls in flight finish and are recorded."""
        self._carriers.stop(end, words)

    def measure(self) -> None:
        """Note what was done since the last time; nothing before the lane runs and after it."""
        if self._meter is None:
            return
        sample = self._meter.close(self._moment(), at_ms=self._now_ms())
        if sample is not None:
            self._book.note(sample)

    def close(self, why: Closed) -> None:
        """Send nothing until `open`; calls in flight finish."""
        self._standing.closed = why
        self._pacer.close()
        self._look()

    def open(self) -> None:
        """Send again."""
        self._standing.closed = None
        self._pacer.open()
        self._gate.resume()
        self._look()

    def slow_to(self, qps: float) -> None:
        """Stay at or under `qps` calls/s, and never over the job's."""
        self._pacer.slow_to(qps)
        self._log.info("lane.rate_set", qps=qps)

    def view(self) -> LaneView:
        """The lane at this moment."""
        return LaneView(
            target=self._target.name,
            pairs=self._share.pairs,
            counters=self._book.counters(self._index),
            qps=self._target.qps,
            pace=self._pacer.rate,
            rate=0.0 if self._standing.ended else self._pacer.measured,
            in_flight=self._carriers.in_flight,
            state=self._standing.state(),
            answers=self._answers.seen(),
            operation=self._shared.meta.fingerprint.operation,
        )

    # -- measuring ------------------------------------------------------------------------------

    def _moment(self) -> Moment:
        now = self._loop.time()
        doing, until = self._standing.doing()
        return Moment(
            at=now,
            departed=self._carriers.departed,
            counters=self._book.counters(self._index),
            pace=self._pacer.rate,
            activity=activity_of(doing),
            until=until,
            reason="" if doing in (Doing.SENDING, *OVER) else str(doing),
        )

    def _look(self) -> None:
        if self._meter is not None:
            self._meter.look(self._moment())

    def _now_ms(self) -> int:
        return int(self._shared.now_s() * 1000)

    def _ending(self) -> LaneEnd:
        """Where all is settled the lane has finished, whatever stopped it then."""
        left = self._share.pairs - self._book.counters(self._index).settled
        if left == 0:
            return LaneEnd(target=self._target.name, end=End.FINISHED, words="")
        if self._carriers.stopped is not None:
            return self._carriers.stopped
        kept, selection = self._feed.kept_pairs, self._shared.selection
        if selection is not None and left <= kept:
            words = selection.words(kept)
            return LaneEnd(target=self._target.name, end=End.KEPT_BACK, words=words)
        last = self._standing.last
        words = tries_used_up(left - kept, self._retry.max_attempts, last)
        return LaneEnd(target=self._target.name, end=End.LEFT, words=words, code=code_of(last))

    # -- feeding --------------------------------------------------------------------------------

    async def _work_off(self, group: asyncio.TaskGroup) -> None:
        try:
            await self._work_off_rounds(group)
        except BulkdelError as error:
            self._stop_all(error)

    async def _work_off_rounds(self, group: asyncio.TaskGroup) -> None:
        async for work in self._feed.first_round():
            await self._start(group, work)
        await self._all_back()
        async for work in self._feed.second_round():
            await self._start(group, work)
        if self._shared.job.orient is Orient.AS_GIVEN:
            return
        await self._all_back()
        first = sum(share.batches for share in self._shared.meta.shares)
        deal = Deal(target=self._index, batch_size=self._target.batch_size, first=first)
        while await self._feed.in_reserve():
            await self._book.deal(deal)
        for begun in (False, True):
            async for work in self._feed.second_phase(begun=begun):
                await self._start(group, work)
            await self._all_back()

    async def _all_back(self) -> None:
        await self._carriers.until(lambda: self._carriers.count == 0)

    async def _start(self, group: asyncio.TaskGroup, work: Work) -> None:
        """Bounded: a slow provider or a slow disk stops the feeder, and memory stays as it is."""
        most, carriers = self._target.max_in_flight, self._carriers
        await carriers.until(
            lambda: (
                carriers.count < CROWD * most
                and carriers.leaving < self._leaving_most
                and carriers.leaving + carriers.in_flight < most
            )
        )
        carriers.enter(group.create_task(self._carry(work), name=f"carry-{work.entry.ordinal}"))

    def _stop_all(self, error: BulkdelError) -> None:
        """What stops a run in one lane stops it in all of them."""
        self._shared.stop(End.GUARD if isinstance(error, Guarded) else End.STORAGE, str(error))

    # -- carrying -------------------------------------------------------------------------------

    async def _carry(self, work: Work) -> None:
        """Calls for one entry until nothing is left of it, or its tries are used up."""
        task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]  # it is one
        try:
            while work.has_more and self._carriers.stopped is None:
                following = await self._call(task, work)
                if following is Next.SECOND_ROUND:
                    self._few.write("batch.deferred", self._few.of_entry(work.entry))
                    break
                if delay_s := self._delays.before_s(following, work.history.stalls):
                    await self._rest(delay_s)
        except BulkdelError as error:
            self._stop_all(error)
        finally:
            self._deed.leave(work.entry.ordinal)
            self._carriers.exit(task)

    async def _rest(self, seconds: float) -> None:
        with self._carriers.aside():
            await asyncio.sleep(seconds)

    async def _call(self, task: asyncio.Task[None], work: Work) -> Next:
        """One call for what is left of an entry, and what happens next."""
        taken = await self._take(work)
        settled = 0
        try:
            attempt = Attempt(work, load_of(work.entry, work.parts[0]), task)
            reply = await self._caller.call(attempt)
            if isinstance(reply, NoReply) and not reply.left:
                return self._decide(attempt, reply, reply)
            judgement = self._judge(attempt, reply)
            settled = judgement.settled
            work.parts = judgement.parts
            following = self._decide(attempt, reply, judgement)
            outcome = outcome_of(work.entry, self._index, judgement)
            await self._deed.keep(outcome)
            await self._book.record(outcome, urgent=self._gate.urgent)
            if self._shared.on_settled is not None:
                await self._shared.on_settled(outcome)
        finally:
            self._shared.allowance.give_back(self._index, taken, settled)
        self._carriers.idle.add(task)
        self._look_at_guards()
        return following

    async def _take(self, work: Work) -> int:
        """How many items go now: all of the first part, or as many as the limits allow."""
        part = work.parts[0]
        count = size(work.entry, part)
        most = min(count, self._batch_most)
        allowance, taken = self._shared.allowance, most
        if not allowance.unlimited:
            waits = allowance.waits(self._index)
            with self._carriers.aside():
                taken = await allowance.take(self._index, most)
            if waits:
                self._gate.resume()
        if taken < count:
            work.parts = (*split_at(work.entry, part, taken), *work.parts[1:])
        return taken

    def _judge(self, attempt: Attempt, reply: Reply | NoReply) -> Judgement:
        entry, parts = attempt.work.entry, attempt.work.parts
        answer = answer_of(self._deed, attempt.load, reply, attempt.hidden)
        if answer.strangers:
            fields = self._few.of_entry(entry, ids=answer.strangers)
            self._few.write("reply.strangers_ignored", fields, warn=True)
        judgement = judge(entry, parts, answer, at_ms=self._now_ms())
        waited = None
        if isinstance(reply, Reply):
            waited = self._loop.time() - attempt.left_at
            self._answers.add(waited)
        if self._meter is not None:
            self._meter.answered(waited, judgement)
        return judgement

    # -- deciding -------------------------------------------------------------------------------

    def _decide(self, attempt: Attempt, reply: Reply | NoReply, heard: Judgement | NoReply) -> Next:
        """Let the gate hear how the call went, decide what follows, and carry that out."""
        work = attempt.work
        health = self._hear(attempt, heard)
        date_s = reply.date_s if isinstance(reply, Reply) else None
        skew_s = None if date_s is None else self._shared.now_s() - date_s
        condition = self._gate.condition(
            attempt, batch_most=self._batch_most, last=self._standing.last, skew_s=skew_s
        )
        decision = decide(
            heard, health, work.history, condition, retry=self._retry, title=self._provider.title
        )
        if decision is SETTLED:
            return decision.next
        work.history, self._standing.last = decision.history, decision.last
        held_s = self._gate.carry_out(decision, attempt)
        if decision.batch_most is not None:
            self._batch_most = decision.batch_most
        if decision.end is not None:
            self._carriers.stop(*decision.end, code_of(decision.last))
        self._few.decided(decision, work.entry, heard, held_s=held_s, pace=self._pacer.rate)
        if decision.renewal is not None or held_s is not None:
            self._look()
        return decision.next

    def _hear(self, attempt: Attempt, heard: Judgement | NoReply) -> Health | None:
        """What the call says of the provider's health; None where it says nothing."""
        if heard is KEPT_BACK:
            return None
        if isinstance(heard, NoReply) and heard.ours:
            self._gate.forgo(attempt)
            return None
        health = Health.ABSENT if isinstance(heard, NoReply) else health_of(heard)
        if self._gate.hear(attempt, health):
            self._few.write("breaker.closed" if self._gate.is_free else "breaker.opened", dict)
            self._look()
        return health

    def _look_at_guards(self) -> None:
        if self._shared.allowance.spent:
            self._shared.stop(End.LIMIT, "the limit is reached")
        counters = self._book.counters(self._index)
        if words := too_many_failed(counters, self._shared.job.guards, self._target.name):
            self._shared.stop(End.GUARD, words)
