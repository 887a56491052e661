"""Whether a lane may send at all: a pure state machine; times are the loop's, in seconds.

    opening ──accepted──▶ closed ──a run of failures──▶ probing ──accepted──▶ closed

While opening or probing one call is out at a time, at growing intervals: a wrong key costs one call
and not a lane full of them, and a provider that is down is not hammered. Whether a lane ends for it
is said in decide.py.

A few batches that always fail (poison) are no outage, and an outage is not poison:

* a provider that cannot be reached counts every time;
* a gateway that answers for it counts once for each entry;
* a provider that gave no readable answer, or reported a failure of its own, counts once for each
  entry, and only on its first try in a sitting: poison gathers among the retries, an outage fails
  the fresh as well.
"""

from __future__ import annotations

from typing import Final

from bulkdel.send.health import Health

RUN: Final = 10
"""Failures of different entries, with no accepted call between them, that open the breaker."""


class Breaker:
    """One lane's breaker. It starts opening: the first call is out alone.

    Attributes:
        odd: answers with codes that are in no table, before any that was understood.
        met_trouble: whether a call had no good answer since the breaker was closed last, or ever.
    """

    def __init__(self, *, now: float, base_delay_s: float, max_delay_s: float) -> None:
        self.odd = 0
        self.met_trouble = False
        self._base_s = base_delay_s
        self._max_s = max_delay_s
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
        """A call goes out; whether it is a probe, whose end `hear` or `forgo` must learn."""
        if self._closed:
            return False
        self._out = True
        return True

    def forgo(self) -> None:
        """A probe did not leave after all."""
        self._out = False

    def alone(self, until: float) -> None:
        """From now on one call is out at a time, the next not before `until`."""
        self._closed = False
        self._next_at = until

    def resume(self, now: float) -> None:
        """Calls were kept from leaving until now: that was no outage."""
        self._accepted_at = now

    def hear(self, health: Health, *, ordinal: int, fresh: bool, probe: bool, now: float) -> None:
        """Take in what a call says of the provider."""
        if probe:
            self._out = False
        self.met_trouble = True
        match health:
            case Health.ACCEPTED:
                self._close()
                self._accepted_at = now
            case Health.ALIVE | Health.FAILING if self.opening:
                self._close()  # it answers and has not refused us: that is all an opening asks
            case Health.ODD if self.opening:
                self.odd += 1
            case Health.FAILING | Health.SILENT if fresh:
                self._failing.add(ordinal)
            case Health.GATEWAY:
                self._failing.add(ordinal)
            case Health.ABSENT:
                self._failing.add(-1 - len(self._failing))
            case _:
                pass
        if self._closed and len(self._failing) >= RUN:
            self._closed = False
            self._failing.clear()
            self._later(now)
        elif probe and not self._closed and health is not Health.REFUSED:
            self._later(now)

    def silent_for_s(self, now: float) -> float:
        """Seconds since a call was accepted."""
        return now - self._accepted_at

    def _close(self) -> None:
        self._closed = self._opened_once = True
        self.met_trouble = False
        self._probes = self.odd = 0
        self._failing.clear()

    def _later(self, now: float) -> None:
        self._next_at = now + min(self._max_s, max(self._base_s, 0.1) * 2**self._probes)
        self._probes = min(self._probes + 1, 30)
