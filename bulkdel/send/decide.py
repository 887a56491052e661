"""What happens next after an answer, or after none: pure, and the only place that decides it.

    judgement, the entry's history, the lane's condition  ──decide──▶  Decision

The providers' code tables say what a code means (a Verdict, and whether to shrink or to wait);
here it is said what follows: for the entry, when it goes again, and for its lane, whether it is
held, signs anew, sends one call at a time, sends less in a call, or ends. What of an entry is left,
and in which parts, judge.py says. The gate carries out what concerns the next calls, lane.py the
rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from bulkdel.job.job import Guards, Retry
from bulkdel.ledger.values import Counters
from bulkdel.send.health import UNANSWERED, Health
from bulkdel.send.judge import Judgement
from bulkdel.send.pace import HOLD_S
from bulkdel.send.transport import NoReply
from bulkdel.send.view import End
from bulkdel.words import NO_REPLY, UNREADABLE, Ruling, Verdict

PATIENCE: Final = 5
"""Times max_attempts: how often in a row an entry may be throttled before it is deferred."""
REFUSALS_MOST: Final = 8
"""How often in a row an entry may be refused for its credentials before it is deferred: more often
than their patience lasts."""
CONFLICTS: Final = 2
"""Write conflicts of a batch in a row, after which its calls claim both ends: nothing that shares
an account is in flight with them."""
OURS_S: Final = 1.0
"""Seconds until a connection is tried again that this machine could not open."""
SKEW_S: Final = 120.0
"""A difference of clocks that is worth telling, in seconds."""

KEPT_BACK: Final = NoReply(reason="kept back: one call at a time is sent now", left=False)
"""In place of a reply: others were refused or unanswered while the call waited to leave."""


class Next(Enum):
    """What the carrier of an entry does next."""

    DONE = auto()  #: nothing is left of it, or its lane has ended
    AT_ONCE = auto()  #: it goes again, and the call does not count against it
    SOON = auto()  #: progress, and what is left was refused for a transient reason
    LATER = auto()  #: no progress: it goes again after a delay of the growing kind
    WHEN_WE_CAN = auto()  #: this machine could not connect: after OURS_S
    SECOND_ROUND = auto()  #: what is left of it waits for the next round: its tries are used up


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHistory:
    """What the calls of an entry met in this sitting.

    Attributes:
        calls: that left.
        stalls: calls in a row that made no progress and count against the entry.
        conflicts, refusals, throttles: calls in a row that met a write conflict, were refused for
            their credentials, were throttled.
    """

    calls: int = 0
    stalls: int = 0
    conflicts: int = 0
    refusals: int = 0
    throttles: int = 0

    @property
    def wide(self) -> bool:
        """Whether its next call claims both ends of its pairs."""
        return self.conflicts >= CONFLICTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a call and its lane stand once the lane's breaker knows of the call's end.

    Attributes:
        over: whether the lane has ended.
        free: whether calls leave freely: the breaker is closed.
        odd: answers with unknown codes, before any that was understood.
        silent_for_s: since a call was accepted.
        try_again_s: seconds until new credentials may be tried, if those of now were refused; None
            where that has been tried for long enough.
        batch_most: ids that a call may carry.
        last: the last ruling before this answer that left something unsettled.
        carried: items that the call carried.
        probe: whether it was out alone.
        stale: whether it was signed with credentials that are used no more.
        skew_s: this machine's clock less the server's; None where the server did not say.
    """

    over: bool
    free: bool
    odd: int
    silent_for_s: float
    try_again_s: float | None
    batch_most: int
    last: Ruling | None
    carried: int
    probe: bool
    stale: bool
    skew_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens next.

    Attributes:
        next: with the entry.
        history: its new one.
        last: the last ruling that left something unsettled.
        end: why the lane ends, with one sentence for the user.
        throttled: the ruling for which the whole lane is held.
        hold_s: for how long, where the provider asked for it.
        renewal: the refusal that the lane signs anew for.
        alone_s: one call at a time from now on, the next one in so many seconds.
        batch_most: ids that a call may carry from now on, where that changes.
        trouble: this machine's own, in words.
    """

    next: Next
    history: EntryHistory
    last: Ruling | None
    end: tuple[End, str] | None = None
    throttled: Ruling | None = None
    hold_s: float | None = None
    renewal: Ruling | None = None
    alone_s: float | None = None
    batch_most: int | None = None
    trouble: str = ""


UNTRIED: Final = EntryHistory()
SETTLED: Final = Decision(next=Next.DONE, history=UNTRIED, last=None)
"""Nothing is left of the entry, and nothing follows for its lane: nearly every answer."""


def decide(
    heard: Judgement | NoReply,
    health: Health | None,
    history: EntryHistory,
    lane: Condition,
    *,
    retry: Retry,
    title: str,
) -> Decision:
    """What happens next.

    Args:
        heard: what the answer settled, or why the call did not leave.
        health: what the call told the breaker; None where it says nothing of the provider.
        history: the entry's, before this call.
        lane: how the lane stands now.
        retry: the job's.
        title: the provider's, for a person.
    """
    if isinstance(heard, NoReply):
        return _unsent(heard, history, lane, retry)
    if not heard.rulings and not heard.parts and not lane.stale:
        return SETTLED
    last = heard.first(Verdict.FATAL) or heard.last or lane.last
    end = _end(heard, health, lane, retry, title, last)
    throttled = [one for one in heard.rulings if one.verdict is Verdict.THROTTLED]
    resign = heard.first(Verdict.RESIGN)
    past = EntryHistory(
        calls=history.calls + 1,
        stalls=history.stalls,
        conflicts=history.conflicts + 1 if any(one.conflict for one in heard.rulings) else 0,
        refusals=history.refusals + 1 if resign else 0,
        throttles=history.throttles + 1 if throttled else 0,
    )
    following = Next.DONE if end else _next(heard, health, past, lane, retry)
    renewal = None if end or lane.stale else resign
    smaller = any(one.shrink for one in heard.rulings)
    if following is not Next.DONE and any(one.defer for one in heard.rulings):
        following = Next.SECOND_ROUND
    following, past = _counted(following, past, retry)
    return Decision(
        next=following,
        history=past,
        last=last,
        end=end,
        throttled=throttled[0] if throttled else None,
        hold_s=_hold_s(throttled, lane, retry),
        renewal=renewal,
        alone_s=lane.try_again_s if renewal else None,
        batch_most=min(lane.batch_most, max(1, lane.carried // 2)) if smaller else None,
    )


def _unsent(reply: NoReply, history: EntryHistory, lane: Condition, retry: Retry) -> Decision:
    """A call that did not leave: no attempt is used up while the lane sends one call at a time."""
    if reply is KEPT_BACK:
        return Decision(next=Next.AT_ONCE, history=replace(history, stalls=0), last=lane.last)
    last = Ruling(verdict=Verdict.TRANSIENT, code=NO_REPLY, info=reply.reason)
    if reply.refused:  # another call would only lock that login out
        return Decision(next=Next.DONE, history=history, last=last, end=(End.REFUSED, reply.reason))
    words = f"; {reply.reason}" if reply.ours else last_words(last)
    end = _down(lane, words) if lane.silent_for_s >= retry.outage_limit_s else None
    if reply.ours:  # no attempt, and no word against the provider
        return Decision(
            next=Next.WHEN_WE_CAN,
            history=replace(history, stalls=0),
            last=last,
            end=end,
            alone_s=OURS_S if lane.probe else None,
            trouble=reply.reason,
        )
    following = Next.DONE if end or lane.over else Next.LATER if lane.free else Next.AT_ONCE
    following, history = _counted(following, history, retry)
    return Decision(next=following, history=history, last=last, end=end)


def _next(
    heard: Judgement, health: Health | None, past: EntryHistory, lane: Condition, retry: Retry
) -> Next:
    if not heard.parts or lane.over:
        return Next.DONE
    transient = heard.first(Verdict.TRANSIENT) is not None
    if health is Health.ACCEPTED:
        return Next.SOON if transient else Next.AT_ONCE
    if transient:
        # An outage uses up no attempt; an answer does, whatever the lane is doing.
        return Next.AT_ONCE if health in UNANSWERED and not lane.free else Next.LATER
    throttled_out = past.throttles >= PATIENCE * retry.max_attempts
    return Next.LATER if throttled_out or past.refusals > REFUSALS_MOST else Next.AT_ONCE


def _counted(following: Next, past: EntryHistory, retry: Retry) -> tuple[Next, EntryHistory]:
    """With the calls in a row that made no progress; max_attempts of them use up the tries."""
    if following is not Next.LATER:
        return following, replace(past, stalls=0) if past.stalls else past
    past = replace(past, stalls=past.stalls + 1)
    return Next.SECOND_ROUND if past.stalls >= retry.max_attempts else following, past


def _end(  # noqa: PLR0917  # all that a lane ends for
    heard: Judgement,
    health: Health | None,
    lane: Condition,
    retry: Retry,
    title: str,
    last: Ruling | None,
) -> tuple[End, str] | None:
    """Why the lane ends with this answer; None where it goes on."""
    # What older credentials were let in with says nothing of those that the next call has.
    accepted = health is Health.ACCEPTED and not lane.stale
    if not accepted and lane.silent_for_s >= retry.outage_limit_s:
        return _down(lane, last_words(last))
    if lane.odd >= retry.max_attempts:
        # Nothing but unknown codes from the start may be a refusal that no table knows.
        return End.LEFT, f"no call was accepted{last_words(last)}, which is not known"
    if fatal := heard.first(Verdict.FATAL):
        return End.REFUSED, refusal(title, fatal, skew_s=lane.skew_s)
    resign = heard.first(Verdict.RESIGN)
    if resign and not lane.stale and lane.try_again_s is None:
        return End.REFUSED, refusal(title, resign, skew_s=lane.skew_s)
    return None


def _down(lane: Condition, words: str) -> tuple[End, str]:
    return End.DOWN, f"no call was accepted for {lane.silent_for_s:.0f} s{words}"


def _hold_s(throttled: Sequence[Ruling], lane: Condition, retry: Retry) -> float | None:
    """What the provider asks for; one that holds us for longer than an outage may last is one."""
    asked = [ruling.hold_s for ruling in throttled if ruling.hold_s is not None]
    if not asked:
        return None
    return min(max(asked), max(retry.outage_limit_s - lane.silent_for_s, HOLD_S))


def last_words(last: Ruling | None) -> str:
    """The last ruling that left something unsettled, to end a sentence with."""
    if last is None:
        return ""
    if last.code == NO_REPLY:
        return f"; the last call had no answer: {last.info or 'nothing came'}"
    if last.code == UNREADABLE:
        return "; the last answer could not be read"
    info = f' "{last.info}"' if last.info else ""
    return f"; the last answer was code {last.code}{info}"


def tries_used_up(left: int, tries: int, last: Ruling | None) -> str:
    """Why a lane ended with pairs left that it has sent, as a sentence."""
    pairs = "pair" if left == 1 else "pairs"
    words = f"{left:,} {pairs} made no progress in two rounds of {tries} calls"
    return f"{words}{last_words(last)}"


def refusal(title: str, ruling: Ruling, *, skew_s: float | None) -> str:
    """Why a lane stopped for its credentials, as a sentence."""
    info = f' "{ruling.info}"' if ruling.info else ""
    words = f"{title} refused the app or its credentials: code {ruling.code}{info}"
    if skew_s is not None and abs(skew_s) > SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        words += f"; this machine's clock is {abs(skew_s):.0f} s {way} the server's"
    return words


def too_many_failed(counters: Counters, guards: Guards, target: str) -> str:
    """Why guards.max_failure_ratio stops the run, as a sentence; empty where it does not."""
    ratio = guards.max_failure_ratio
    if ratio is None:
        return ""
    settled = counters.settled
    if settled < guards.min_sample or counters.failed <= ratio * settled:
        return ""
    return (
        f"{counters.failed:,} of {settled:,} settled pairs of {target} failed, "
        f"more than guards.max_failure_ratio = {ratio:g} allows"
    )
