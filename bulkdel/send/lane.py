"""One target's lane: its entries, carried call by call under its pace until all is settled.

    feed ─▶ carrier: limits ─▶ flight ─▶ decode ─▶ judge ─▶ effects on the lane ─▶ recorder
               ▲                                                                      │
               └──────────── again, after a delay where there is a reason ◀───────────┘

A retry goes the whole way again; waiting for it holds neither slot nor token.
"""

from __future__ import annotations

import asyncio
import math
import random
from functools import partial
from typing import Final

from bulkdel.errors import Guarded, StorageFailed
from bulkdel.job.job import Target
from bulkdel.ledger.tick import Deal
from bulkdel.ledger.values import Outcome
from bulkdel.plan.values import Share
from bulkdel.providers.protocol import App, Provider
from bulkdel.send.breaker import Breaker
from bulkdel.send.carriers import Traffic
from bulkdel.send.decide import OURS_S, Effects
from bulkdel.send.delays import Push, until_progress
from bulkdel.send.desk import Desk
from bulkdel.send.feed import Feed, Work
from bulkdel.send.gate import GROUNDED, Airfield, Flight, ahead
from bulkdel.send.health import answer_of
from bulkdel.send.judge import Judgement, cargo, judge, size, split_at
from bulkdel.send.meter import Meter, Now, Standing
from bulkdel.send.pace import Pacer
from bulkdel.send.sampled import Fields, SampledLog
from bulkdel.send.signer import Signer
from bulkdel.send.transport import NoReply, Reply, Transport
from bulkdel.send.view import End, LaneEnd, LaneView
from bulkdel.words import Orient, Verdict, batch_label

CONNECTING_S: Final = 0.5
"""Seconds of calls on their way to leaving: connecting may take so long and cost no pace."""
CROWD: Final = 4
"""Times max_in_flight: all carriers of a lane, those that wait for a retry included."""
CONFLICTS: Final = 2
"""Write conflicts of a batch in a row, after which nothing that shares an account flies with it."""


class Lane:
    """Sends one target's share of the plan. `run` once."""

    def __init__(
        self,
        *,
        target: Target,
        index: int,
        share: Share,
        provider: Provider,
        app: App,
        transport: Transport,
        feed: Feed,
        desk: Desk,
        entries: int,
        first_wait_s: float,
    ) -> None:
        self._target, self._index, self._share = target, index, share
        self._provider, self._feed, self._desk = provider, feed, desk
        self._deal = Deal(target=index, batch_size=target.batch_size, first=entries)
        self._retry = desk.job.retry
        self._log = desk.log.bind(target=target.name)
        self._loop = asyncio.get_running_loop()
        self._few = SampledLog(self._log, self._loop.time)
        self._pacer = Pacer(
            target.qps,
            max_hold_s=self._retry.max_delay_s,
            first_wait_s=first_wait_s,
            unheard=transport.stalled,
        )
        self._breaker = Breaker(
            now=self._loop.time(),
            base_delay_s=self._retry.base_delay_s,
            max_delay_s=self._retry.max_delay_s,
            outage_limit_s=self._retry.outage_limit_s,
        )
        self._signer = Signer(provider, app, desk.now_s)
        self._traffic = Traffic()
        self._field = Airfield(
            target=target,
            index=index,
            mode=desk.job.mode,
            protected=desk.protected,
            provider=provider,
            app=app,
            transport=transport,
            recorder=desk.recorder,
            pacer=self._pacer,
            breaker=self._breaker,
            signer=self._signer,
            traffic=self._traffic,
            now_s=desk.now_s,
        )
        self._leaving_most = max(2 * ahead(target.qps), math.ceil(target.qps * CONNECTING_S))
        self._effects = Effects(
            provider=provider,
            retry=self._retry,
            batch_size=target.batch_size,
            pacer=self._pacer,
            breaker=self._breaker,
            signer=self._signer,
            log=self._log,
            few=self._few,
            label=partial(batch_label, target.name, desk.job.operation, desk.job.mode),
            now_s=desk.now_s,
            stop=self.stop,
            is_over=self._is_over,
            cleared=self._field.cleared,
            look=self._look,
        )
        self._ended: LaneEnd | None = None
        self._meter: Meter | None = None

    # -- from outside ---------------------------------------------------------------------------

    @property
    def target(self) -> str:
        """The target's name."""
        return self._target.name

    async def run(self) -> LaneEnd:
        """Send until all is settled or something ends the lane."""
        self._log.info("lane.started", pairs=self._share.pairs, qps=self._target.qps)
        self._meter = Meter(
            self._index, self._target.qps, now=self._standing(), at_ms=self._now_ms()
        )
        self._look_at_guards()
        if self._ended is None:
            async with asyncio.TaskGroup() as group:
                self._traffic.idle.add(group.create_task(self._work_off(group), name="feeder"))
        self._ended = self._ending()
        self.measure()
        self._meter = None
        self._few.close()
        self._log.info("lane.ended", end=str(self._ended.end), words=self._ended.words)
        return self._ended

    def stop(self, end: End, words: str) -> None:
        """Send nothing more; calls in flight finish and are recorded."""
        if self._ended is None:
            self._ended = LaneEnd(target=self._target.name, end=end, words=words)
            self._traffic.stop()

    def measure(self) -> None:
        """Note what was done since the last time; nothing before the lane runs and after it."""
        if self._meter is None:
            return
        sample = self._meter.close(self._standing(), at_ms=self._now_ms())
        if sample is not None:
            self._desk.recorder.note(sample)

    def close(self, why: str) -> None:
        """Send nothing until `open`, for this reason in words; calls in flight finish."""
        self._pacer.close(why)
        self._look()
        self._log.info("lane.closed", why=why)

    def open(self) -> None:
        """Send again."""
        self._pacer.open()
        self._breaker.resume(self._loop.time())
        self._field.cleared()
        self._look()
        self._log.info("lane.opened")

    def slow_to(self, qps: float) -> None:
        """Stay at or under `qps` calls/s, and never over the job's."""
        self._pacer.slow_to(qps)
        self._log.info("lane.rate_set", qps=qps)

    def view(self) -> LaneView:
        """The lane at this moment."""
        return LaneView(
            target=self._target.name,
            pairs=self._share.pairs,
            counters=self._desk.recorder.counters(self._index),
            qps=self._target.qps,
            pace=self._pacer.rate,
            rate=self._pacer.measured,
            in_flight=self._traffic.in_flight,
            waiting=self._waiting_for(),
            ended=(self._ended.words or str(self._ended.end)) if self._ended else "",
        )

    def _standing(self) -> Now:
        now = self._loop.time()
        reason, until = self._waiting_for(), float("inf")
        if self._pacer.closed:
            standing = Standing.WAITING
        elif now < self._effects.held_until:
            standing, until = Standing.HELD, self._effects.held_until
        elif not self._breaker.closed:
            standing = Standing.PROBING
        elif reason:
            standing, until = Standing.WAITING, now + self._pacer.held_for_s
        else:
            standing = Standing.SENDING
        return Now(
            at=now,
            departed=self._traffic.departed,
            counters=self._desk.recorder.counters(self._index),
            pace=self._pacer.rate,
            standing=standing,
            until=until,
            reason=reason,
        )

    def _look(self) -> None:
        if self._meter is not None:
            self._meter.look(self._standing())

    def _now_ms(self) -> int:
        return int(self._desk.now_s() * 1000)

    def _waiting_for(self) -> str:
        if self._pacer.closed:
            return self._pacer.closed
        if held := self._pacer.held_for_s:
            return f"held by the provider, {math.ceil(held)} s to go"
        now = self._loop.time()
        trouble, until = self._effects.trouble
        if now < until:
            return trouble
        if self._pacer.stalled:
            return "the network does not take what was sent; nothing more leaves meanwhile"
        wait = self._breaker.wait_s(now)
        if wait == 0:
            return ""
        what = "no answer yet" if self._breaker.opening else "the provider does not answer"
        what = "the credentials were refused" if self._signer.in_doubt else what
        return f"{what}, next call in {math.ceil(wait)} s" if wait else f"{what}, one call is out"

    def _ending(self) -> LaneEnd:
        counters = self._desk.recorder.counters(self._index)
        left = self._share.pairs - counters.deleted - counters.already_gone - counters.failed
        if left == 0:
            return LaneEnd(target=self._target.name, end=End.FINISHED, words="")
        if self._ended is not None:
            return self._ended
        tries, last = self._retry.max_attempts, self._effects.last_words()
        words = f"{left:,} pairs made no progress in two rounds of {tries} calls{last}"
        return LaneEnd(target=self._target.name, end=End.LEFT, words=words)

    def _is_over(self) -> bool:
        return self._ended is not None

    # -- feeding --------------------------------------------------------------------------------

    async def _work_off(self, group: asyncio.TaskGroup) -> None:
        async for work in self._feed.first_round():
            await self._start(group, work)
        await self._all_landed()
        async for work in self._feed.second_round():
            await self._start(group, work)
        if self._desk.job.orient is Orient.AS_GIVEN:
            return
        await self._all_landed()
        while await self._feed.in_reserve():
            await self._desk.recorder.deal(self._deal)
        for begun in (False, True):
            async for work in self._feed.second_phase(begun=begun):
                await self._start(group, work)
            await self._all_landed()

    async def _all_landed(self) -> None:
        await self._traffic.until(lambda: self._traffic.carriers == 0)

    async def _start(self, group: asyncio.TaskGroup, work: Work) -> None:
        """Bounded: a slow provider or a slow disk stops the feeder, and memory stays as it is."""
        most, traffic = self._target.max_in_flight, self._traffic
        await traffic.until(
            lambda: (
                traffic.carriers < CROWD * most
                and traffic.leaving < self._leaving_most
                and traffic.leaving + traffic.in_flight < most
            )
        )
        traffic.enter(group.create_task(self._carry(work), name=f"carry-{work.entry.ordinal}"))

    # -- carrying -------------------------------------------------------------------------------

    async def _carry(self, work: Work) -> None:
        """Calls for one entry until nothing is left of it, or it is deferred."""
        task: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]  # it is one
        try:
            while work.parts and not self._is_over():
                push = await until_progress(
                    self._retry, partial(self._push, task, work), self._rest
                )
                if push is Push.STALLED:
                    self._few.write("batch.deferred", partial(dict, ordinal=work.entry.ordinal))
                    break
                if push is Push.PARTLY:
                    await self._rest(random.uniform(0, self._retry.base_delay_s))
        except Guarded as guarded:
            self._desk.stop_all(End.GUARD, str(guarded))
        except StorageFailed as failed:
            self._desk.stop_all(End.STORAGE, str(failed))
        finally:
            self._traffic.exit(task)

    async def _rest(self, seconds: float) -> None:
        with self._traffic.aside():
            await asyncio.sleep(seconds)

    async def _push(self, task: asyncio.Task[None], work: Work) -> Push:
        """One call for what is left of an entry; DONE also where the lane has ended."""
        if self._is_over():
            return Push.DONE
        taken = await self._take(work)
        settled = 0
        try:
            flight = Flight(work, cargo(work.entry, work.parts[0]), task)
            reply = await self._field.fly(flight, wide=work.conflicts >= CONFLICTS)
            if reply is GROUNDED:
                return Push.AGAIN
            if isinstance(reply, NoReply) and not reply.left:
                push = self._effects.not_sent(flight, reply)
                if reply.ours and push is Push.AGAIN:
                    await self._rest(random.uniform(OURS_S / 2, OURS_S))
                return push
            answer = answer_of(self._provider, flight.load, reply, flight.hidden)
            if answer.strangers:
                told: Fields = partial(dict, ordinal=work.entry.ordinal, ids=answer.strangers)
                self._few.write("reply.strangers_ignored", told, warn=True)
            at_ms = int(self._desk.now_s() * 1000)
            judgement = judge(work.entry, work.parts, answer, at_ms=at_ms)
            settled = judgement.settled
            push = self._effects.take_in(flight, reply, judgement)
            if self._meter is not None:
                waited = self._loop.time() - flight.left_at if isinstance(reply, Reply) else None
                self._meter.answered(waited, judgement)
            outcome = self._outcome(work, judgement)
            await self._desk.recorder.record(outcome, urgent=self._field.urgent)
            if self._desk.told is not None:
                await self._desk.told(outcome)
        finally:
            self._desk.allowance.give_back(taken, settled)
        self._traffic.idle.add(task)
        self._look_at_guards()
        return Push.DONE if self._is_over() else push

    async def _take(self, work: Work) -> int:
        """How many items go now: all of the first part, or as many as the limits allow."""
        part = work.parts[0]
        count = size(work.entry, part)
        most = min(count, self._effects.batch_most)
        if self._desk.allowance.unlimited:
            taken = most
        else:
            with self._traffic.aside():
                taken = await self._desk.allowance.take(most)
        if taken < count:
            work.parts = (*split_at(work.entry, part, taken), *work.parts[1:])
        return taken

    def _look_at_guards(self) -> None:
        if self._desk.allowance.spent:
            self._desk.stop_all(End.LIMIT, "the limit of this sitting is reached")
        guards = self._desk.job.guards
        if guards.max_failure_ratio is None:
            return
        counters = self._desk.recorder.counters(self._index)
        settled = counters.deleted + counters.already_gone + counters.failed
        if settled >= guards.min_sample and counters.failed > guards.max_failure_ratio * settled:
            self._desk.stop_all(
                End.GUARD,
                f"{counters.failed:,} of {settled:,} settled pairs of {self._target.name} failed, "
                f"more than guards.max_failure_ratio = {guards.max_failure_ratio:g} allows",
            )

    def _outcome(self, work: Work, judgement: Judgement) -> Outcome:
        last = judgement.rulings[0] if judgement.rulings else None
        return Outcome(
            entry=work.entry,
            target=self._index,
            settlement=judgement.settlement,
            parts=judgement.parts,
            code=last.code if last else 0,
            info=last.info if last else "",
            throttled=judgement.first(Verdict.THROTTLED) is not None,
            lost=judgement.lost,
        )
