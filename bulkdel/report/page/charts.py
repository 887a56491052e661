"""A chart as lines in a picture: what is to be drawn, and where each point of it lies.

Each chart is drawn twice, for a wide and for a narrow page. The page's style shows the one that
fits, and gives each named series its colour, its stroke and its pattern.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float | None]

HEADROOM: Final = 1.04
"""Above the highest value, so that no line lies on the edge."""
_INSET: Final = 0.02
"""Between a line and the edge of the plot, as a share of the plot."""
_MARGIN: Final = 4
_SPACING: Final = 8
_RIGHT: Final = 28
"""Pixels: around the picture, between a label and the plot, and for the last label of the time."""
_LETTER: Final = 0.6
"""Width of a letter, as a share of its height: enough for digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line of a chart, or a band behind it.

    Attributes:
        name: the class that the page's style knows.
        title: as the legend says it.
        points: by time; a y of None interrupts the line. A band begins and ends at 0.
    """

    name: str
    title: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is to be drawn.

    Attributes:
        title: for those who do not see it.
        length: of the time axis.
        labels: of the time axis, at most as many as asked for.
        words: a value as a person reads it.
    """

    title: str
    series: Sequence[Series]
    length: float
    labels: Callable[[int], list[tuple[float, str]]]
    words: Callable[[float], str]

    @property
    def legend(self) -> dict[str, str]:
        """The title of each name, the first where series share a name."""
        titles: dict[str, str] = {}
        for one in self.series:
            titles.setdefault(one.name, one.title)
        return titles

    @property
    def wide(self) -> Picture:
        """For a page of a desk."""
        return _picture(self, width=880, height=300, most=8, letters=13)

    @property
    def narrow(self) -> Picture:
        """For a page of a telephone."""
        return _picture(self, width=340, height=260, most=3, letters=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart in pixels, from the upper left corner on.

    Attributes:
        left, top, right, bottom: the plot's edges.
        times, values: the axes' labels and where they stand.
        lines: the series' names, and their paths as SVG writes them.
        baseline: of a letter, below the middle of its line.
    """

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float
    baseline: float
    times: Sequence[tuple[float, str]]
    values: Sequence[tuple[float, str]]
    lines: Sequence[tuple[str, str]]


def ticks(top: float, most: int = 5) -> list[float]:
    """Round values from 0 up, the last of which is `top` or above it."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
    return [step * number for number in range(math.ceil(top / step * 0.999) + 1)]


def _picture(chart: Chart, *, width: int, height: int, most: int, letters: int) -> Picture:
    highest = max((y for one in chart.series for _, y in one.points if y is not None), default=1.0)
    scale = [(value, chart.words(value)) for value in ticks(HEADROOM * highest)]
    longest = max(len(label) for _, label in scale)
    left = _MARGIN + _SPACING + longest * letters * _LETTER
    right, top, bottom = width - _RIGHT, _MARGIN, height - _MARGIN - _SPACING - letters

    def x(at: float) -> float:
        return _between(left, right, at / max(chart.length, 1))

    def y(value: float) -> float:
        return _between(bottom, top, value / scale[-1][0])

    return Picture(
        width=width,
        height=height,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        baseline=letters * 0.35,
        times=[(x(at), label) for at, label in chart.labels(most)],
        values=[(y(value), label) for value, label in scale],
        lines=[(one.name, _path(one.points, x, y)) for one in chart.series],
    )


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * (_INSET + share * (1 - 2 * _INSET))


def _path(points: Sequence[Point], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    steps: list[str] = []
    pen = "M"
    for at, value in points:
        if value is None:
            pen = "M"
            continue
        steps.append(f"{pen}{x(at):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(steps)
