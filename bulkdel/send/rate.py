"""How fast a lane lets itself go under a limit that others share: pure; times are in seconds.

Nobody says what the limit is. A throttled answer says that it was crossed, and where:

* soon after the last one, before a second had passed: what left since then fills one or two of the
  server's seconds, so the limit is between half of that and all of it;
* within a few seconds: still clearly too fast;
* after a long while: we were climbing, and what left in the last second is just above the limit.

Then the rate stays where it is for a while, longer each time the climb after it found the limit
still there, and climbs: slowly at first, so that finding the limit again costs a call or two, and
ever faster, so that the whole ceiling is reached STAY_MOST_S + CLIMB_S after the limit has gone.
"""

from __future__ import annotations

import math
from typing import Final

SECOND_S: Final = 1.0
SOON_S: Final = 5.0
SHARE_OF_COUNTED: Final = 0.75
STILL_TOO_FAST: Final = 0.85
JUST_ABOVE: Final = 0.94
STAY_LEAST_S: Final = 5.0
STAY_MOST_S: Final = 40.0
CLIMB_S: Final = 14.0
DOUBLING_S: Final = 2.0
LEAST: Final = 0.005
"""The lowest rate, as a share of the ceiling."""


class Rate:
    """Calls/s that a lane allows itself: the ceiling, until it is throttled."""

    def __init__(self, ceiling: float) -> None:
        self.ceiling = ceiling
        self._rate = ceiling
        self._since = -math.inf  # when the hold ended that set the rate
        self._stay_s = STAY_LEAST_S

    def at(self, now: float) -> float:
        """Calls/s at this time."""
        climbing_s = now - self._since - self._stay_s
        if climbing_s <= 0 or self._rate >= self.ceiling:
            return self._rate
        whole = 2 ** (CLIMB_S / DOUBLING_S) - 1
        gained = self.ceiling * (2 ** (min(climbing_s, CLIMB_S) / DOUBLING_S) - 1) / whole
        return min(self.ceiling, self._rate + gained)

    def throttled(self, left_at: float, counted: int, *, resumes_at: float) -> None:
        """A call that left at `left_at` crossed the limit; sending goes on at `resumes_at`.

        Args:
            left_at: when the first throttled call of this storm left.
            counted: calls that left since the last storm, up to a second before it.
            resumes_at: when the hold ends.
        """
        rate = self.at(left_at)
        after_s = left_at - self._since
        if after_s < SECOND_S:
            rate = min(STILL_TOO_FAST * rate, SHARE_OF_COUNTED * counted)
        elif after_s < SOON_S:
            rate *= STILL_TOO_FAST
        else:
            again = after_s < self._stay_s + CLIMB_S
            self._stay_s = min(STAY_MOST_S, self._stay_s * 2) if again else STAY_LEAST_S
            rate = JUST_ABOVE * min(rate, counted)
        self._rate = max(rate, self.ceiling * LEAST)
        self._since = resumes_at
