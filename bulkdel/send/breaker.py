"""Whether a lane may send at all: a pure state machine; times are the loop's, in seconds.

    opening ──accepted──▶ closed ──a run of failures──▶ probing ──accepted──▶ closed

While opening or probing one call is out at a time, at growing intervals: a wrong key costs one call
and not a lane full of them, and a provider that is down is not hammered. A lane that has had no
accepted call for `outage_limit_s` is down.

What counts as a failure, so that a few batches that always fail (poison) are never mistaken for an
outage, and an outage never for poison:

* the provider cannot be reached, or a gateway answers for it: always;
* it was reached but gave no readable answer, or reported a failure of its own: only on the first
  try of an entry in a sitting. Poison gathers among the retries; an outage fails the fresh as well.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

RUN: Final = 10
"""Failures of different entries, with no accepted call between them, that open the breaker."""


class Sign(Enum):
    """What a call told of the provider's health."""

    ACCEPTED = auto()  #: it took the call and ruled on it
    ALIVE = auto()  #: it answered, but with a code that says nothing of its health
    SICK = auto()  #: no readable answer, or a failure of its own
    ABSENT = auto()  #: not reached, or a gateway answered for it


class Breaker:
    """One lane's breaker. It starts opening: the first call is out alone."""

    def __init__(
        self, *, now: float, base_delay_s: float, max_delay_s: float, outage_limit_s: float
    ) -> None:
        self._base_s = base_delay_s
        self._max_s = max_delay_s
        self._outage_s = outage_limit_s
        self._closed = False
        self._opened_once = False
        self._out = False
        self._next_at = now
        self._probes = 0
        self._accepted_at = now
        self._failing: set[int] = set()

    @property
    def closed(self) -> bool:
        """Whether calls may go out freely."""
        return self._closed

    @property
    def opening(self) -> bool:
        """Whether no call of this sitting has been accepted yet."""
        return not self._opened_once

    def wait_s(self, now: float) -> float | None:
        """Seconds until a call may go: 0 now, None when another probe's end must be awaited."""
        if self._closed:
            return 0.0
        if self._out:
            return None
        return max(0.0, self._next_at - now)

    def leave(self) -> bool:
        """A call goes out; whether it is a probe, whose end must be told or `forgo`ne."""
        if self._closed:
            return False
        self._out = True
        return True

    def forgo(self) -> None:
        """A probe did not leave after all."""
        self._out = False

    def told(self, sign: Sign, *, ordinal: int, fresh: bool, probe: bool, now: float) -> None:
        """What a call told."""
        if probe:
            self._out = False
        match sign:
            case Sign.ACCEPTED:
                self._closed = True
                self._opened_once = True
                self._accepted_at = now
                self._probes = 0
                self._failing.clear()
                return
            case Sign.ALIVE:
                pass
            case Sign.SICK:
                if fresh:
                    self._failing.add(ordinal)
            case Sign.ABSENT:
                self._failing.add(ordinal)
        if self._closed and len(self._failing) >= RUN:
            self._closed = False
            self._failing.clear()
            self._later(now)
        elif probe:
            self._later(now)

    def down(self, now: float) -> bool:
        """Whether no call was accepted for so long that the lane should end."""
        return now - self._accepted_at >= self._outage_s

    def silent_for_s(self, now: float) -> float:
        """Seconds since a call was accepted."""
        return now - self._accepted_at

    def _later(self, now: float) -> None:
        self._next_at = now + min(self._max_s, max(self._base_s, 0.1) * 2**self._probes)
        self._probes = min(self._probes + 1, 30)
