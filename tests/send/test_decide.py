"""What happens next after an answer, case by case; no lane runs here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.job.job import Guards, Retry
from bulkdel.ledger.values import Counters, Part
from bulkdel.send.decide import (
    CONFLICTS,
    KEPT_BACK,
    OURS_S,
    PATIENCE,
    REFUSALS_MOST,
    SETTLED,
    UNTRIED,
    Condition,
    Decision,
    EntryHistory,
    Next,
    decide,
    too_many_failed,
)
from bulkdel.send.health import Health, health_of
from bulkdel.send.judge import Judgement
from bulkdel.send.transport import NoReply
from bulkdel.send.view import End
from bulkdel.words import NO_REPLY, Ruling, Verdict

RETRY = Retry(max_attempts=3, base_delay_s=0.5, max_delay_s=60, timeout_s=10, outage_limit_s=600)
SENDING = Condition(
    over=False,
    free=True,
    odd=0,
    silent_for_s=0.0,
    try_again_s=0.0,
    batch_most=1000,
    last=None,
    carried=10,
    probe=False,
    stale=False,
    skew_s=None,
)
BUSY = Ruling(verdict=Verdict.TRANSIENT, code=30006, info="busy", lost=True)
SILENT = Ruling(verdict=Verdict.TRANSIENT, code=NO_REPLY, info="no reply", lost=True)
SLOW = Ruling(verdict=Verdict.THROTTLED, code=60007)
RESIGN = Ruling(verdict=Verdict.RESIGN, code=70009, info="bad sig")
FATAL = Ruling(verdict=Verdict.FATAL, code=70050)


def judged(*rulings: Ruling, settled: int = 0, left: bool = True) -> Judgement:
    """An answer with these rulings of what it left."""
    parts = (Part(),) if left else ()
    return Judgement(settlement=None, parts=parts, settled=settled, rulings=rulings, lost=False)


def decided(
    heard: Judgement | NoReply, lane: Condition = SENDING, history: EntryHistory = UNTRIED
) -> Decision:
    """What is decided; the health is what the answer tells."""
    health = Health.ABSENT if isinstance(heard, NoReply) else health_of(heard)
    return decide(heard, health, history, lane, retry=RETRY, title="The provider")


def test_all_settled_needs_nothing_else() -> None:
    """The usual answer is one value that is made once."""
    assert decided(judged(settled=10, left=False)) is SETTLED


def test_progress_goes_on_at_once_or_soon() -> None:
    """What a call did not carry goes at once; what was refused for the moment a little later."""
    assert decided(judged(settled=5)).next is Next.AT_ONCE
    assert decided(judged(BUSY, settled=5)).next is Next.SOON


def test_what_would_meet_the_same_again_waits_for_the_next_round() -> None:
    """Whatever tries are left; where nothing is left of it, it is done all the same."""
    moving = Ruling(verdict=Verdict.TRANSIENT, code=0, defer=True)
    assert decided(judged(moving)).next is Next.SECOND_ROUND
    assert decided(judged(replace(moving, defer=False))).next is Next.LATER
    assert decided(judged(moving), replace(SENDING, over=True)).next is Next.DONE


def test_what_needs_another_call_goes_on_at_once() -> None:
    """It is progress: no attempt counts, the provider is well, and no code stands for it."""
    more = Ruling(verdict=Verdict.MORE, code=0)
    history = replace(UNTRIED, stalls=2)
    decision = decided(judged(more), replace(SENDING, last=BUSY), history)
    assert decision.next is Next.AT_ONCE
    assert decision.history.stalls == 0
    assert decision.last == BUSY
    assert health_of(judged(more)) is Health.ACCEPTED
    assert decided(judged(more, BUSY)).next is Next.SOON


def test_max_attempts_counts_calls_in_a_row_without_progress() -> None:
    """The third call without progress is the last of three; progress between begins anew."""
    history, steps = UNTRIED, []
    for heard in [judged(BUSY), judged(BUSY), judged(BUSY, settled=1), *[judged(BUSY)] * 3]:
        decision = decided(heard, history=history)
        history = decision.history
        steps.append(decision.next)
    assert steps == [
        Next.LATER,
        Next.LATER,
        Next.SOON,
        Next.LATER,
        Next.LATER,
        Next.SECOND_ROUND,
    ]


def test_an_outage_uses_up_no_attempt() -> None:
    """While calls go one at a time no reply counts, an answer does."""
    probing = replace(SENDING, free=False, probe=True)
    assert decided(judged(SILENT), probing).next is Next.AT_ONCE
    assert decided(NoReply(reason="refused", left=False), probing).next is Next.AT_ONCE
    assert decided(judged(BUSY), probing).next is Next.LATER
    assert decided(judged(SILENT)).next is Next.LATER
    assert decided(NoReply(reason="refused", left=False)).next is Next.LATER


@pytest.mark.parametrize("silent_for_s", [599.9, 600.0])
@pytest.mark.parametrize("heard", [judged(SILENT), NoReply(reason="refused", left=False)])
def test_a_lane_is_down_after_the_outage_limit(
    silent_for_s: float, heard: Judgement | NoReply
) -> None:
    """No accepted call for outage_limit, and not a moment before; its words name what was last."""
    decision = decided(heard, replace(SENDING, free=False, silent_for_s=silent_for_s))
    if silent_for_s < 600:
        assert decision.end is None
        return
    assert decision.next is Next.DONE
    assert decision.end is not None
    assert decision.end[0] is End.DOWN
    words = "no call was accepted for 600 s; the last call had no answer: "
    assert decision.end[1].startswith(words)


def test_our_own_trouble_is_no_word_against_the_provider() -> None:
    """No attempt is used up; a probe's place is tried again in a second."""
    ours = NoReply(reason="too many open files", left=False, ours=True)
    decision = decide(
        ours, None, EntryHistory(stalls=2), replace(SENDING, probe=True), retry=RETRY, title="P"
    )
    assert (decision.next, decision.history.stalls) == (Next.WHEN_WE_CAN, 0)
    assert (decision.alone_s, decision.trouble) == (OURS_S, "too many open files")
    down = decide(ours, None, UNTRIED, replace(SENDING, silent_for_s=700), retry=RETRY, title="P")
    assert down.end == (End.DOWN, "no call was accepted for 700 s; too many open files")


@pytest.mark.parametrize("lane", [SENDING, replace(SENDING, free=False, probe=True)])
def test_a_login_that_a_proxy_refuses_is_tried_once(lane: Condition) -> None:
    """The lane ends and asks for a person: each further try could lock that login out."""
    refused = NoReply(reason="the proxy http://p:1 wants a login", left=False, refused=True)
    decision = decided(refused, lane)
    assert decision.next is Next.DONE
    assert decision.end == (End.REFUSED, "the proxy http://p:1 wants a login")


def test_what_the_gate_kept_back_goes_again() -> None:
    """It left nowhere, so it counts for nothing."""
    decision = decide(KEPT_BACK, None, UNTRIED, SENDING, retry=RETRY, title="P")
    assert (decision.next, decision.history, decision.end) == (Next.AT_ONCE, UNTRIED, None)


def test_refused_credentials() -> None:
    """They are signed anew and tried alone; after their patience the lane ends, for both ends."""
    decision = decided(judged(RESIGN), replace(SENDING, try_again_s=4.0))
    assert (decision.next, decision.renewal, decision.alone_s) == (Next.AT_ONCE, RESIGN, 4.0)
    spent = decided(judged(RESIGN), replace(SENDING, try_again_s=None, skew_s=-300.0))
    assert spent.end == (
        End.REFUSED,
        (
            'The provider refused the app or its credentials: code 70009 "bad sig"; '
            "this machine's clock is 300 s behind the server's"
        ),
    )
    stale = decided(judged(RESIGN), replace(SENDING, try_again_s=None, stale=True))
    assert (stale.end, stale.renewal, stale.next) == (None, None, Next.AT_ONCE)
    fatal = decided(judged(FATAL))
    assert fatal.end is not None
    assert fatal.end[0] is End.REFUSED


def test_an_entry_that_is_refused_for_ever_is_deferred() -> None:
    """More often than credentials are borne with, it counts as no progress."""
    assert decided(judged(RESIGN), history=EntryHistory(refusals=REFUSALS_MOST)).next is Next.LATER
    assert (
        decided(judged(RESIGN), history=EntryHistory(refusals=REFUSALS_MOST - 1)).next
        is Next.AT_ONCE
    )


def test_a_throttled_answer_holds_the_lane() -> None:
    """For as long as is asked, but not beyond what an outage may last; the entry goes at once."""
    decision = decided(judged(SLOW))
    assert (decision.next, decision.throttled, decision.hold_s) == (Next.AT_ONCE, SLOW, None)
    asked = replace(SLOW, hold_s=3600.0)
    assert decided(judged(asked), replace(SENDING, silent_for_s=100.0)).hold_s == 500.0
    assert decided(judged(asked), replace(SENDING, silent_for_s=599.9)).hold_s == 1.0
    assert decided(judged(replace(SLOW, hold_s=7.0))).hold_s == 7.0
    often = EntryHistory(throttles=PATIENCE * RETRY.max_attempts - 1)
    assert decided(judged(SLOW), history=often).next is Next.LATER


def test_write_conflicts_in_a_row_claim_both_ends() -> None:
    """The second one does; an answer without one ends it."""
    conflict = replace(BUSY, conflict=True)
    history = UNTRIED
    for _ in range(CONFLICTS):
        assert not history.wide
        history = decided(judged(conflict), history=history).history
    assert history.wide
    assert not decided(judged(BUSY), history=history).history.wide


def test_a_call_that_was_too_large_makes_calls_smaller() -> None:
    """Half of what it carried, and never less than one."""
    large = Ruling(verdict=Verdict.SPLIT, code=660000011, shrink=True)
    assert decided(judged(large), replace(SENDING, carried=9)).batch_most == 4
    assert decided(judged(large), replace(SENDING, carried=1)).batch_most == 1
    assert decided(judged(large), replace(SENDING, carried=900, batch_most=20)).batch_most == 20
    assert decided(judged(BUSY)).batch_most is None


def test_unknown_codes_from_the_start_end_the_lane() -> None:
    """They may be a refusal that no table knows."""
    odd = Ruling(verdict=Verdict.TRANSIENT, code=99, known=False)
    opening = replace(SENDING, free=False, odd=RETRY.max_attempts)
    decision = decided(judged(odd), opening)
    assert decision.end == (
        End.LEFT,
        "no call was accepted; the last answer was code 99, which is not known",
    )
    assert decided(judged(odd), replace(opening, odd=2)).end is None


@given(
    st.lists(st.sampled_from([BUSY, SILENT, SLOW, RESIGN, FATAL]), min_size=1, max_size=3),
    st.booleans(),
    st.integers(0, 3),
)
def test_a_lane_that_is_over_sends_nothing(
    rulings: list[Ruling], settled: bool, stalls: int
) -> None:
    """Whatever the answer, once the lane has ended its entries are done with."""
    over = replace(SENDING, over=True)
    heard = judged(*rulings, settled=int(settled))
    assert decided(heard, over, EntryHistory(stalls=stalls)).next is Next.DONE


def test_the_failure_ratio() -> None:
    """More than the ratio of at least min_sample settled pairs, and without a ratio never."""
    guards = Guards(
        protect=(), protect_files=(), max_pairs=None, max_failure_ratio=0.5, min_sample=10
    )
    assert too_many_failed(Counters(deleted=5, failed=5), guards, "t") == ""
    assert too_many_failed(Counters(failed=9), guards, "t") == ""
    assert too_many_failed(Counters(deleted=4, failed=6), guards, "t") == (
        "6 of 10 settled pairs of t failed, more than guards.max_failure_ratio = 0.5 allows"
    )
    anything = replace(guards, max_failure_ratio=None)
    assert too_many_failed(Counters(failed=1000), anything, "t") == ""
