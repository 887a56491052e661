"""Time as the charts show it: only the stretches in which somebody was at work, side by side.

A run of seven nights, or a first hundred pairs in the morning and the rest in the evening, would
otherwise be a chart of nothing with slivers in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

SEAM: Final = 0.015
"""How wide a gap is drawn, as a share of all work."""
_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600),
)
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From `begin_ms` to `end_ms` (Unix milliseconds) somebody was at work, drawn from `at` on."""

    begin_ms: int
    end_ms: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkClock:
    """The stretches, and how long they are together with their seams, in milliseconds."""

    stretches: tuple[Stretch, ...]
    length: float

    def at(self, ms: int) -> float:
        """Where a moment is drawn; a moment between two stretches is at the end of the first."""
        place = 0.0
        for stretch in self.stretches:
            if ms < stretch.begin_ms:
                break
            place = stretch.at + min(ms, stretch.end_ms) - stretch.begin_ms
        return place

    def stretch_of(self, ms: int) -> int:
        """The index of the stretch that a moment is in."""
        latest = 0
        for index, stretch in enumerate(self.stretches):
            if ms >= stretch.begin_ms:
                latest = index
        return latest

    def labels(self, most: int) -> list[tuple[float, str]]:
        """At most `most` round times where they are drawn, in UTC; days where there are several."""
        if not self.stretches:
            return []
        worked_s = sum(one.end_ms - one.begin_ms for one in self.stretches) / 1000
        step_s = next((step for step in _STEPS_S if worked_s / step <= most), _STEPS_S[-1])
        times = [
            ms
            for one in self.stretches
            for ms in _multiples(one.begin_ms, one.end_ms, step_s * 1000)
        ]
        if len(times) < 2 or len(times) > most:  # noqa: PLR2004  # two make a scale
            times = _thinned([one.begin_ms for one in self.stretches], most)
            last = self.stretches[-1].end_ms
            if len(times) < most:
                times.append(last)
        several_days = self.stretches[0].begin_ms // _DAY_MS != self.stretches[-1].end_ms // _DAY_MS
        seconds = any(ms % _MINUTE_MS for ms in times) and not several_days
        return [(self.at(ms), _label(ms, seconds=seconds, day=several_days)) for ms in times]


def work_clock(spans: Iterable[tuple[int, int]], apart_ms: int) -> WorkClock:
    """The clock of some (begin, end) spans; what is less than `apart_ms` apart is one stretch."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin - joined[-1][1] <= apart_ms:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    worked = sum(end - begin for begin, end in joined)
    stretches: list[Stretch] = []
    at = 0.0
    for begin, end in joined:
        if stretches:
            at += worked * SEAM
        stretches.append(Stretch(begin_ms=begin, end_ms=end, at=at))
        at += end - begin
    return WorkClock(stretches=tuple(stretches), length=at)


def _multiples(begin_ms: int, end_ms: int, step_ms: int) -> range:
    first = -(-begin_ms // step_ms) * step_ms
    return range(first, end_ms + 1, step_ms)


def _thinned(times: Sequence[int], most: int) -> list[int]:
    every = -(-len(times) // most)
    return list(times[::every])


def _label(ms: int, *, seconds: bool, day: bool) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    if day:
        return f"{at.day} {at:%b %H:%M}"
    return f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
