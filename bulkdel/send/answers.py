"""How long answers take, over a whole sitting, in buckets that never grow."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
"""The upper ends of the buckets; what takes longer is in one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How long the answers so far took: how many in each bucket, and seconds in all."""

    counts: tuple[int, ...]
    sum_s: float


NO_ANSWERS: Final = Answers(counts=(0,) * (len(BOUNDS_S) + 1), sum_s=0.0)


class AnswerTimes:
    """Counts answers by how long they took; an addition is one bisection."""

    def __init__(self) -> None:
        self._counts = list(NO_ANSWERS.counts)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        """An answer came after so long."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._sum_s += seconds

    def seen(self) -> Answers:
        """As they are now."""
        return Answers(counts=tuple(self._counts), sum_s=self._sum_s)
