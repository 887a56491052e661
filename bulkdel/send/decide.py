"""What an answer means for its lane: breaker, pace, credentials, and what its entry does next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from structlog.typing import FilteringBoundLogger

from bulkdel.job.job import Retry
from bulkdel.providers.protocol import Provider
from bulkdel.send.breaker import UNANSWERED, Breaker, Sign
from bulkdel.send.delays import Push
from bulkdel.send.feed import Work
from bulkdel.send.gate import Flight
from bulkdel.send.health import refusal, sign_of
from bulkdel.send.judge import Judgement, total
from bulkdel.send.pace import HOLD_S, Pacer
from bulkdel.send.sampled import Fields, SampledLog
from bulkdel.send.signer import Signer
from bulkdel.send.transport import NoReply, Reply
from bulkdel.send.view import End
from bulkdel.words import NO_REPLY, Entry, Ruling, Verdict

PATIENCE: Final = 5
"""Times max_attempts: how often in a row an entry may be throttled before it is deferred."""
REFUSALS_MOST: Final = 8
"""How often in a row an entry may be refused for its credentials before it is deferred: more often
than their patience lasts."""
OURS_S: Final = 1.0
"""Seconds until a connection is tried again that this machine could not open."""


class Effects:
    """What one lane's answers do to it.

    Attributes:
        batch_most: ids that a call may carry now.
        held_until: when the last hold ends, the loop's time in seconds.
        trouble: this machine's own, in words, and until when it is told (the loop's time).
    """

    def __init__(
        self,
        *,
        provider: Provider,
        retry: Retry,
        batch_size: int,
        pacer: Pacer,
        breaker: Breaker,
        signer: Signer,
        log: FilteringBoundLogger,
        few: SampledLog,
        label: Callable[[Entry], str],
        now_s: Callable[[], float],
        stop: Callable[[End, str], None],
        is_over: Callable[[], bool],
        cleared: Callable[[], None],
        look: Callable[[], None],
    ) -> None:
        """Act on a lane.

        Args:
            provider: for words.
            retry: the job's.
            batch_size: ids that a call may carry at first.
            pacer: told of throttled and accepted calls.
            breaker: told of every call's end.
            signer: told of refused credentials.
            log: the lane's.
            few: the same, for what may come with every call.
            label: an entry's, as the ledger has it.
            now_s: the wall clock.
            stop: ends the lane.
            is_over: whether it has ended.
            cleared: the breaker was told something.
            look: how the lane stands has changed.
        """
        self._provider, self._retry, self._log = provider, retry, log
        self._pacer, self._breaker, self._signer = pacer, breaker, signer
        self._few, self._label = few, label
        self._now_s, self._stop, self._is_over = now_s, stop, is_over
        self._cleared, self._look = cleared, look
        self._loop = asyncio.get_running_loop()
        self._odd_in_a_row = 0
        self._last: Ruling | None = None
        self.batch_most = batch_size
        self.trouble = ("", float("-inf"))
        self.held_until = float("-inf")

    def last_words(self) -> str:
        """The last ruling that left something unsettled, to end a sentence with."""
        if self._last is None:
            return ""
        info = f' "{self._last.info}"' if self._last.info else ""
        return f"; the last answer was code {self._last.code}{info}"

    def not_sent(self, flight: Flight, reply: NoReply) -> Push:
        """A call that did not leave: no attempt is used up while the breaker is not closed."""
        self._last = Ruling(verdict=Verdict.TRANSIENT, code=NO_REPLY, info=reply.reason)
        self._few.write(
            "call.not_sent",
            partial(dict, ordinal=flight.work.entry.ordinal, reason=reply.reason),
            kind=reply.reason,
        )
        if reply.ours:
            return self._keep_trouble(flight, reply)
        self._tell_breaker(Sign.ABSENT, flight)
        return Push.STALLED if self._breaker.closed else Push.AGAIN

    def _keep_trouble(self, flight: Flight, reply: NoReply) -> Push:
        """This machine's own trouble: no attempt and no word against the provider."""
        now = self._loop.time()
        self.trouble = (reply.reason, now + 2 * OURS_S)
        if flight.probe:
            self._breaker.forgo()
            self._breaker.alone(now + OURS_S)
            self._cleared()
        if self._breaker.down(now):
            silent = self._breaker.silent_for_s(now)
            self._stop(End.DOWN, f"no call was accepted for {silent:.0f} s; {reply.reason}")
        return Push.AGAIN

    def take_in(self, flight: Flight, reply: Reply | NoReply, judgement: Judgement) -> Push:
        """What an answer means for the lane, and what its entry does next."""
        work = flight.work
        work.parts = judgement.parts
        work.calls += 1
        sign = sign_of(judgement)
        if judgement.rulings:
            self._last = judgement.rulings[0]
            self._log_ruling(flight, self._last)
        if sign is Sign.ACCEPTED:
            self._odd_in_a_row = 0
            self._pacer.accepted()
            self._signer.accepted(flight.generation)
        stale = flight.generation != self._signer.generation
        # What older credentials were let in with says nothing of those that the next call has.
        self._tell_breaker(Sign.ALIVE if stale and sign is Sign.ACCEPTED else sign, flight)
        self._note_odd(sign)
        self._note_refusals(flight, reply, judgement)
        self._note_rate(flight, judgement)
        conflict = any(ruling.conflict for ruling in judgement.rulings)
        work.conflicts = work.conflicts + 1 if conflict else 0
        if any(ruling.shrink for ruling in judgement.rulings):
            self.batch_most = min(self.batch_most, max(1, total(flight.load) // 2))
            self._log.warning("lane.batch_size_lowered", batch_size=self.batch_most)
        return self._next(work, sign, judgement)

    def _next(self, work: Work, sign: Sign, judgement: Judgement) -> Push:
        if not work.parts or self._is_over():
            return Push.DONE
        transient = judgement.first(Verdict.TRANSIENT) is not None
        if sign is Sign.ACCEPTED:
            return Push.PARTLY if transient else Push.AGAIN
        if transient:
            # An outage uses up no attempt; an answer does, whatever the lane is doing.
            unanswered = sign in UNANSWERED and not self._breaker.closed
            return Push.AGAIN if unanswered else Push.STALLED
        throttled_out = work.throttles >= PATIENCE * self._retry.max_attempts
        spent = throttled_out or work.refusals > REFUSALS_MOST
        return Push.STALLED if spent else Push.AGAIN

    def _note_odd(self, sign: Sign) -> None:
        """Nothing but unknown codes from the start may be a refusal that no table knows."""
        if sign is not Sign.ODD or not self._breaker.opening:
            return
        self._odd_in_a_row += 1
        if self._odd_in_a_row >= self._retry.max_attempts:
            self._stop(End.LEFT, f"no call was accepted{self.last_words()}, which is not known")

    def _note_refusals(self, flight: Flight, reply: Reply | NoReply, judgement: Judgement) -> None:
        date_s = reply.date_s if isinstance(reply, Reply) else None
        skew_s = None if date_s is None else self._now_s() - date_s
        if fatal := judgement.first(Verdict.FATAL):
            self._stop(End.REFUSED, refusal(self._provider, fatal, skew_s=skew_s))
        resign = judgement.first(Verdict.RESIGN)
        flight.work.refusals = flight.work.refusals + 1 if resign else 0
        if resign is None or flight.generation != self._signer.generation:
            return  # credentials that are not used any more
        now = self._loop.time()
        wait_s = self._signer.refused(now)
        if wait_s is None:
            self._stop(End.REFUSED, refusal(self._provider, resign, skew_s=skew_s))
            return
        self._log.info("credentials.renewed", code=resign.code, next_try_s=wait_s)
        self._breaker.alone(now + wait_s)
        self._cleared()
        self._look()

    def _note_rate(self, flight: Flight, judgement: Judgement) -> None:
        throttled = [one for one in judgement.rulings if one.verdict is Verdict.THROTTLED]
        flight.work.throttles = flight.work.throttles + 1 if throttled else 0
        if throttled:
            asked = max((one.hold_s for one in throttled if one.hold_s is not None), default=None)
            if (
                asked is not None
            ):  # a provider that holds us for longer than an outage may last is one
                asked = min(asked, max(self._breaker.left_s(self._loop.time()), HOLD_S))
            held = self._pacer.throttled(flight.left_at, asked)
            if held is not None:
                self.held_until = self._loop.time() + held
                self._look()
                code = throttled[0].code
                told: Fields = partial(dict, code=code, hold_s=held, pace=self._pacer.rate)
                self._few.write("lane.held", told, kind=str(code))

    def _tell_breaker(self, sign: Sign, flight: Flight) -> None:
        now = self._loop.time()
        was_closed = self._breaker.closed
        self._breaker.told(
            sign,
            ordinal=flight.work.entry.ordinal,
            fresh=flight.work.calls <= 1,
            probe=flight.probe,
            now=now,
        )
        self._cleared()
        if self._breaker.closed != was_closed:
            self._few.write("breaker.closed" if self._breaker.closed else "breaker.opened", dict)
            self._look()
        if sign is not Sign.ACCEPTED and self._breaker.down(now):
            silent = self._breaker.silent_for_s(now)
            self._stop(End.DOWN, f"no call was accepted for {silent:.0f} s{self.last_words()}")

    def _log_ruling(self, flight: Flight, ruling: Ruling) -> None:
        entry = flight.work.entry
        self._few.write(
            "answer.unsettled",
            lambda: {
                "ordinal": entry.ordinal,
                "batch": self._label(entry),
                "verdict": str(ruling.verdict),
                "code": ruling.code,
                "info": ruling.info,
                "known": ruling.known,
            },
            kind=f"{ruling.verdict} {ruling.code}",
            warn=not ruling.known,
        )
