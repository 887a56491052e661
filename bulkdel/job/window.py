"""When a job may send: windows of local time, right on the nights when clocks change. Pure.

A window is open exactly while a clock on the wall of its time zone shows a time in it. So on the
night when clocks go back, an hour that comes twice is open twice; where they go forward, a window
that lies in the missing hour does not open that night.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

_MINUTE_S = 60
_LOOK_AHEAD_S = 9 * 24 * 3600
"""Nine days: further than any window is away, clock changes included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `begin` to `end`, whole minutes of local time; may cross midnight; never empty."""

    begin: time
    end: time
    zone: ZoneInfo

    def is_open(self, now_s: float) -> bool:
        """Whether it is open at this Unix time."""
        shown = datetime.fromtimestamp(now_s, self.zone).time()
        if self.begin < self.end:
            return self.begin <= shown < self.end
        return shown >= self.begin or shown < self.end

    def next_change(self, now_s: float) -> float:
        """The Unix time after `now_s` at which it opens or closes next; infinity if it never does.

        It steps by minutes, since windows and clock changes are at whole minutes: the rule is
        `is_open` alone.
        """
        is_open = self.is_open(now_s)
        at = (math.floor(now_s / _MINUTE_S) + 1) * _MINUTE_S
        while at < now_s + _LOOK_AHEAD_S:
            if self.is_open(at) != is_open:
                return float(at)
            at += _MINUTE_S
        return math.inf

    def spans(self, now_s: float) -> Iterator[tuple[float, float]]:
        """When it is open from now on: (from, until) in Unix time, without end."""
        at = now_s
        while True:
            if not self.is_open(at):
                at = self.next_change(at)
            until = self.next_change(at)
            yield at, until
            at = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a sitting sends, and for how long.

    Attributes:
        window: None is always.
        waits: outside the window the sitting stays and waits; otherwise it ends.
        max_duration_s: of a sitting; None is no bound.
    """

    window: Window | None = None
    waits: bool = False
    max_duration_s: float | None = None


ALWAYS = Schedule()
"""No window, no bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """When work will be done: at a Unix time, in so many sittings."""

    at_s: float
    sittings: int


def finish(schedule: Schedule, now_s: float, work_s: float) -> Finish | None:
    """When `work_s` seconds of sending are done, if it begins now and is begun again each time.

    Each time the window opens, at most `max_duration_s` of it are used. Without a window a sitting
    follows the one before at once. None where it would take more than a thousand.
    """
    bound = math.inf if schedule.max_duration_s is None else schedule.max_duration_s
    if schedule.window is None:
        sittings = max(1, math.ceil(work_s / bound)) if bound < math.inf else 1
        return Finish(at_s=now_s + work_s, sittings=sittings)
    left = work_s
    for number, (begin, until) in enumerate(schedule.window.spans(now_s), start=1):
        usable = min(until - begin, bound)
        if left <= usable:
            return Finish(at_s=begin + left, sittings=number)
        left -= usable
        if number >= 1000:  # noqa: PLR2004  # nights
            return None
    return None
