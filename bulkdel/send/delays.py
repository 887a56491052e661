"""How long an entry that makes no progress waits, ever longer; the only door to tenacity."""

from __future__ import annotations

import tenacity

from bulkdel.job.job import Retry


class Delays:
    """Delays that grow exponentially up to a bound, with full jitter. One serves a whole lane."""

    def __init__(self, retry: Retry) -> None:
        self._wait = tenacity.wait_random_exponential(
            multiplier=retry.base_delay_s, max=retry.max_delay_s
        )
        self._state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})

    def growing_s(self, stalls: int) -> float:
        """Seconds to wait after `stalls` calls in a row without progress, 1 or more."""
        self._state.attempt_number = stalls
        return self._wait(self._state)
