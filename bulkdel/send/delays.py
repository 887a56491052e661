"""How long an entry waits before it goes again; the only door to tenacity."""

from __future__ import annotations

import random

import tenacity

from bulkdel.job.job import Retry
from bulkdel.send.decide import OURS_S, Next


class Delays:
    """The delays of one lane. They grow exponentially up to a bound, with full jitter."""

    def __init__(self, retry: Retry) -> None:
        self._base_s = retry.base_delay_s
        self._wait = tenacity.wait_random_exponential(
            multiplier=retry.base_delay_s, max=retry.max_delay_s
        )
        self._state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})

    def before_s(self, following: Next, stalls: int) -> float:
        """Seconds to wait for what follows after `stalls` calls in a row without progress."""
        match following:
            case Next.LATER:
                return self.growing_s(stalls)
            case Next.SOON:
                return random.uniform(0, self._base_s)
            case Next.WHEN_WE_CAN:
                return random.uniform(OURS_S / 2, OURS_S)
            case _:
                return 0.0

    def growing_s(self, stalls: int) -> float:
        """Seconds to wait after `stalls` calls in a row without progress, 1 or more."""
        self._state.attempt_number = stalls
        return self._wait(self._state)
