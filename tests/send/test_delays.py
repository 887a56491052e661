"""Retries: bounded by calls in a row, with full jitter that grows to its bound."""

from __future__ import annotations

import pytest

from bulkdel.job.job import Retry
from bulkdel.send.delays import Push, until_progress

POLICY = Retry(max_attempts=5, base_delay_s=0.5, max_delay_s=1.5, timeout_s=10, outage_limit_s=60)


async def told(*pushes: Push) -> tuple[Push, int, list[float]]:
    """What comes of these outcomes, how many calls were made, and the rests between them."""
    script = iter(pushes)
    calls = 0
    rests: list[float] = []

    async def push() -> Push:
        nonlocal calls
        calls += 1
        return next(script)

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    return await until_progress(POLICY, push, rest), calls, rests


@pytest.mark.parametrize("push", [Push.DONE, Push.AGAIN, Push.PARTLY])
async def test_whatever_is_no_stall_ends_it_at_once(push: Push) -> None:
    """A call that made progress, or does not count, is never repeated here."""
    assert await told(push) == (push, 1, [])


async def test_stalls_are_repeated_until_something_else_comes() -> None:
    """The outcome that ends the stalling is the one that is returned."""
    push, calls, rests = await told(Push.STALLED, Push.STALLED, Push.AGAIN)
    assert (push, calls, len(rests)) == (Push.AGAIN, 3, 2)


async def test_max_attempts_counts_calls() -> None:
    """Five calls in a row, four rests between them, then it is given up."""
    push, calls, rests = await told(*[Push.STALLED] * 9)
    assert (push, calls, len(rests)) == (Push.STALLED, 5, 4)


async def test_rests_are_full_jitter_under_a_growing_bound() -> None:
    """Each rest is anywhere between nothing and 0.5, 1, 1.5, 1.5 … seconds."""
    seen = [(await told(*[Push.STALLED] * 5))[2] for _ in range(200)]
    for place, bound in enumerate([0.5, 1.0, 1.5, 1.5]):
        rests = [rests[place] for rests in seen]
        assert max(rests) <= bound
        assert max(rests) > 0.8 * bound
        assert min(rests) < 0.2 * bound
