"""Faults decide alike for alike calls, strike only whom they should, and add up."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.emulator.faults import (
    CUT_AFTER,
    NO_FAULT,
    PLAIN,
    Always,
    Cut,
    Fate,
    Fault,
    Form,
    Latency,
    Listing,
    Only,
    Request,
    Script,
    Seeded,
    SeededItems,
    Span,
    Together,
    decide,
    join,
)
from bulkdel.emulator.wire import Action

REFUSED = Fate(done=False, code=30006)


def request(
    *,
    account: str = "a",
    action: Action = Action.DELETE,
    ids: tuple[str, ...] = ("b", "c"),
    number: int = 1,
    nth: int = 1,
) -> Request:
    """A call to Tencent."""
    return Request(
        provider="tencent", action=action, account=account, ids=ids, number=number, nth=nth
    )


def fate(fault: Fault, asked: Request | None = None, *, elapsed: float = 0.0) -> Fate:
    """The fate under a fixed seed."""
    return decide(fault, asked or request(), elapsed, random.Random(1))


def test_no_fault_is_plain() -> None:
    """Without a fault the call is carried out and answered at once."""
    assert fate(NO_FAULT) == PLAIN
    assert PLAIN.done
    assert PLAIN.readable


def test_script_counts_calls() -> None:
    """A script goes by the call's number, or by the account's own count; then it is over."""
    script = Script(fates=(REFUSED, PLAIN, CUT_AFTER))
    assert [fate(script, request(number=n, nth=1)) for n in (1, 2, 3, 4)] == [
        REFUSED,
        PLAIN,
        CUT_AFTER,
        PLAIN,
    ]
    own = Script(fates=(REFUSED,), per_account=True)
    assert fate(own, request(number=9, nth=1)) == REFUSED
    assert fate(own, request(number=1, nth=2)) == PLAIN


def test_seeded_keeps_its_odds() -> None:
    """Of many calls about the wanted share is struck, none at 0, all at 1."""
    rng = random.Random(7)
    struck = sum(
        decide(Seeded(odds=0.2, fate=REFUSED), request(), 0.0, rng) == REFUSED
        for _ in range(10_000)
    )
    assert 1_850 < struck < 2_150
    assert fate(Seeded(odds=0.0, fate=REFUSED)) == PLAIN
    assert fate(Seeded(odds=1.0, fate=REFUSED)) == REFUSED


def test_seeded_items_strike_ids() -> None:
    """Each id is struck by itself, or only those named."""
    ids = tuple(f"u{n}" for n in range(10_000))
    struck = fate(SeededItems(code=30006, odds=0.02), request(ids=ids)).items
    assert 150 < len(struck) < 250
    assert set(struck.values()) == {30006}
    named = fate(SeededItems(code=30006, ids=frozenset({"c", "x"}), done=True))
    assert (named.items, named.items_done) == ({"c": 30006}, True)


@pytest.mark.parametrize(
    ("only", "struck"),
    [
        (Only(fault=Always(fate=REFUSED)), True),
        (Only(fault=Always(fate=REFUSED), providers=frozenset({"zego"})), False),
        (Only(fault=Always(fate=REFUSED), actions=frozenset({Action.DELETE})), True),
        (Only(fault=Always(fate=REFUSED), actions=frozenset({Action.CHECK})), False),
        (Only(fault=Always(fate=REFUSED), accounts=frozenset({"a"})), True),
        (Only(fault=Always(fate=REFUSED), accounts=frozenset({"b"})), False),
        (Only(fault=Always(fate=REFUSED), ids=frozenset({"c", "z"})), True),
        (Only(fault=Always(fate=REFUSED), ids=frozenset({"a"})), False),
        (Only(fault=Always(fate=REFUSED), calls=(1, 3)), True),
        (Only(fault=Always(fate=REFUSED), calls=(2, 3)), False),
    ],
)
def test_only(only: Only, struck: bool) -> None:
    """A fault strikes those calls that every condition allows."""
    assert fate(only) == (REFUSED if struck else PLAIN)


def test_a_span_holds_its_start_and_not_its_end() -> None:
    """From is included, until is not."""
    only = Only(fault=Always(fate=REFUSED), span=Span(from_s=60, until_s=120))
    struck = [fate(only, elapsed=moment) == REFUSED for moment in (59.9, 60, 119.9, 120)]
    assert struck == [False, True, True, False]


@given(least=st.floats(0, 10), more=st.floats(0, 10), seed=st.integers())
def test_latency_stays_within_its_bounds(least: float, more: float, seed: int) -> None:
    """The whole delay is between the bounds, half of it before the deletion."""
    latency = Latency(least_s=least, most_s=least + more)
    decided = decide(latency, request(), 0.0, random.Random(seed))
    assert least - 1e-9 <= decided.before_s + decided.after_s <= least + more + 1e-9
    assert decided.before_s == decided.after_s


def test_together_joins() -> None:
    """Delays add up, ids are joined, and the first code counts."""
    both = Together(
        faults=(
            Latency(least_s=1.0, most_s=1.0),
            Always(fate=Fate(before_s=5.0, items={"b": 30007}, listing=Listing.EXTRA)),
            Always(fate=Fate(items={"b": 30008, "c": 30008}, code=30006, form=Form.EMPTY)),
            Always(fate=Fate(done=False, code=30007, cut=Cut.SILENT, status=502)),
        )
    )
    assert fate(both) == Fate(
        done=False,
        code=30006,
        items={"b": 30007, "c": 30008},
        listing=Listing.EXTRA,
        form=Form.EMPTY,
        cut=Cut.SILENT,
        status=502,
        before_s=5.5,
        after_s=0.5,
    )


def test_nothing_is_done_unless_both_let_it() -> None:
    """A fault that keeps the deletion from happening wins over one that does not."""
    assert not join(CUT_AFTER, REFUSED).done
    assert not join(REFUSED, CUT_AFTER).done


@pytest.mark.parametrize(
    ("decided", "readable"),
    [
        (Fate(status=502), False),
        (CUT_AFTER, False),
        (Fate(form=Form.TRUNCATED), False),
        (Fate(form=Form.HUGE), True),
        (REFUSED, True),
        (Fate(before_s=60), True),
    ],
)
def test_readable(decided: Fate, readable: bool) -> None:
    """An answer is readable if it is whole, HTTP 200 and JSON."""
    assert decided.readable is readable
