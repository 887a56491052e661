"""Terms of a lease: what an answer of the store means, and how slices share a rate."""

from __future__ import annotations

import math
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.lease.fence import Fence
from bulkdel.lease.terms import Slice, Terms, answered, shares


class Ended(Exception):
    """The process was ended."""


def _end() -> NoReturn:
    raise Ended


def test_figures_of_the_protocol() -> None:
    """15 s of lease: renewed every 3 s, 0.5 s of margin; another waits for the timeout and 1 s."""
    terms = Terms(lease_s=15, timeout_s=10)
    assert (terms.renew_s, terms.until_s(100), terms.grace_s) == (3, 114.5, 11)


@pytest.mark.parametrize("timeout_s", [3.1, 10, 60, 300])
@pytest.mark.parametrize("lease_s", [5, 15, 600])
def test_clocks_two_percent_apart(lease_s: float, timeout_s: float) -> None:
    """Owner 1 % slow, store 1 % fast: the owner's last call is over before another's first.

    That one leaves 1.05 s after the session was removed.
    """
    terms = Terms(lease_s=lease_s, timeout_s=timeout_s)
    last_call_over_s = terms.until_s(0) / 0.99 + timeout_s / 0.99
    assert terms.until_s(0) / 0.99 <= lease_s / 1.01
    assert last_call_over_s < (lease_s + terms.grace_s) / 1.01 + 1.05 / 1.01


def test_fence_by_answer() -> None:
    """A row moves the fence on from before the question; no row ends the process."""
    now = [100.0]
    moments: list[float] = []
    fence = Fence(lambda: now[0], _end, moments.append)
    with pytest.raises(Ended):
        fence()
    terms = Terms(lease_s=15, timeout_s=10)
    answered(terms, fence, 100, renewed=True)
    now[0] = 114.4
    fence()
    answered(terms, fence, 90, renewed=True)  # an older answer never moves it back
    assert moments == [114.5]
    now[0] = 114.5
    with pytest.raises(Ended):
        fence()
    with pytest.raises(Ended):
        answered(terms, fence, 114, renewed=False)
    answered(terms, fence, 114, renewed=True)
    fence.close()
    answered(terms, fence, 115, renewed=True)  # a renewal that comes late opens it no more
    assert moments[-1] == math.inf
    with pytest.raises(Ended):
        fence()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60),
    st.integers(1, 4),
)
def test_shares_never_add_up_to_more(steps: list[tuple[int, bool]], count: int) -> None:
    """Whoever comes, goes, asks and confirms, all uses together stay within the ceiling."""
    ceiling = 120.0
    slices = {
        f"{at}": Slice(name=f"{at}", owned=False, mine=False, share=0, used=0, warm=False)
        for at in range(count)
    }
    for who, comes in steps:
        name = f"{who % count}"
        one = slices[name]
        if not one.owned:
            slices[name] = Slice(name=name, owned=True, mine=False, share=0, used=0, warm=False)
            continue
        if not comes:
            slices[name] = Slice(
                name=name, owned=False, mine=False, share=0, used=one.used, warm=False
            )
            continue
        asked = [
            Slice(
                name=other.name,
                owned=other.owned,
                mine=other.name == name,
                share=other.share,
                used=other.used,
                warm=other.warm,
            )
            for other in slices.values()
        ]
        [(share, used)] = shares(ceiling, asked, {name: one.share}).values()
        slices[name] = Slice(name=name, owned=True, mine=False, share=share, used=used, warm=False)
        assert used >= share
        assert sum(other.used for other in slices.values() if other.owned) <= ceiling * (1 + 1e-12)


def test_shares_even_out() -> None:
    """Two slices have half each, as soon as the first has confirmed that it was lowered."""

    def asks(mine: str, of: dict[str, tuple[float, float]], force: dict[str, float]) -> None:
        every = [
            Slice(name=name, owned=True, mine=name == mine, share=share, used=used, warm=False)
            for name, (share, used) in of.items()
        ]
        of.update(shares(100, every, force))

    state = {"a": (100.0, 100.0), "b": (0.0, 0.0)}
    asks("b", state, {})
    assert state["b"] == (0, 0)
    asks("a", state, {})
    assert state["a"] == (50, 100)
    asks("b", state, {})
    assert state["b"] == (0, 0)
    asks("a", state, {"a": 50})
    asks("b", state, {})
    assert state == {"a": (50, 50), "b": (50, 50)}
