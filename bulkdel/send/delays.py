"""When a batch that makes no progress goes again; the only door to tenacity.

This is the one place that decides about retries. A stalled call is one that left everything it
carried unsettled for a transient reason; only those use up attempts. A fresh controller for each
batch: a shared one keeps its state between users.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum, auto

import tenacity

from bulkdel.job.job import Retry


class Push(Enum):
    """What one call did for its entry."""

    DONE = auto()  #: nothing is left of it, or its lane has ended
    AGAIN = auto()  #: something is left, and this call does not count against it
    PARTLY = auto()  #: progress, and what is left was refused for a transient reason
    STALLED = auto()  #: no progress, for a transient reason


async def until_progress(
    retry: Retry, push: Callable[[], Awaitable[Push]], rest: Callable[[float], Awaitable[None]]
) -> Push:
    """Repeat `push` while it stalls, with exponentially growing full jitter between.

    Returns the first other outcome, or STALLED after `max_attempts` calls in a row. `rest` does
    the sleeping (seconds).
    """
    pushed = await push()
    if pushed is not Push.STALLED:
        return pushed  # nearly every call: it needs no controller

    async def again() -> Push:
        nonlocal pushed
        first, pushed = pushed, Push.DONE
        return first if first is Push.STALLED else await push()

    tries = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(retry.max_attempts),
        wait=tenacity.wait_random_exponential(multiplier=retry.base_delay_s, max=retry.max_delay_s),
        retry=tenacity.retry_if_result(_stalled),
        retry_error_callback=_last,
        sleep=rest,
    )
    return await tries(again)


def _stalled(push: Push) -> bool:
    return push is Push.STALLED


def _last(state: tenacity.RetryCallState) -> Push:
    """Giving up is an outcome, not an exception."""
    if state.outcome is None:
        return Push.STALLED
    result: Push = state.outcome.result()
    return result
