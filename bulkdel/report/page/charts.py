"""Charts as SVG elements without scripts, styles or colours of their own: the only door to pygal.

Each chart is drawn twice, for a wide and for a narrow page; the page's style shows the one that
fits, and gives each named series its colour, its stroke and its pattern.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET  # what pygal made; nothing foreign is parsed

import pygal
from pygal.style import Style

from bulkdel.report.page.markup import el

# pygal's import hook is for plugins with maps, and of a kind that Python warns of.
sys.meta_path[:] = [hook for hook in sys.meta_path if type(hook).__module__ != "pygal"]

Point = tuple[float, float | None]

HEADROOM: Final = 1.04
"""Above the highest value, so that no line lies on the edge."""
_WIDE: Final = (880, 300, 8, 13)
_NARROW: Final = (340, 260, 3, 12)
"""Width, height, labels of the time axis, and the size of letters, in the chart's own pixels."""
_UNSEEN: Final = frozenset({"defs", "desc", "title", ET.Comment})
_OVERLAYS: Final = frozenset({"titles", "overlay", "text-overlay", "tooltip-overlay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line of a chart, or a band behind it.

    Attributes:
        name: the class that the page's style knows.
        title: as the legend says it.
        points: by time; a y of None interrupts the line.
        band: filled down to the time axis instead of drawn.
    """

    name: str
    title: str
    points: Sequence[Point]
    band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is to be drawn.

    Attributes:
        title: for those who do not see it.
        length: of the time axis.
        labels: of the time axis, at most as many as asked for.
        told: a value as a person reads it.
    """

    title: str
    series: Sequence[Series]
    length: float
    labels: Callable[[int], list[tuple[float, str]]]
    told: Callable[[float], str]


def drawn(chart: Chart) -> ET.Element:
    """The chart in a figure's frame, wide and narrow, with its legend."""
    return el(
        "div",
        _legend(chart.series),
        el("div", _svg(chart, *_WIDE), class_="wide"),
        el("div", _svg(chart, *_NARROW), class_="narrow", aria_hidden="true"),
        class_="chart",
    )


def patterns() -> ET.Element:
    """What the bands are filled with, once for a page: they differ without colour, too."""
    lines = {"held": "M-2 2 2-2M0 8 8 0M6 10 10 6", "probing": "M4 0V8", "waiting": ""}
    return el(
        "svg",
        *(
            el(
                "pattern",
                el("rect", width="8", height="8", class_=name),
                el("path", d=line),
                id=f"hatch-{name}",
                width="8",
                height="8",
                patternUnits="userSpaceOnUse",
            )
            for name, line in lines.items()
        ),
        class_="patterns",
        width="0",
        height="0",
        aria_hidden="true",
    )


def ticks(top: float, most: int = 5) -> list[float]:
    """Round values from 0 up, the last of which is `top` or above it."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
    return [step * number for number in range(math.ceil(top / step * 0.999) + 1)]


def _svg(chart: Chart, width: int, height: int, labels: int, letters: int) -> ET.Element:
    values = [y for one in chart.series for _, y in one.points if y is not None]
    scale = ticks(HEADROOM * max(values, default=1.0))
    times = chart.labels(labels)
    graph = pygal.XY(
        style=Style(label_font_size=letters, major_label_font_size=letters),
        width=width,
        height=height,
        js=[],
        truncate_label=-1,
        show_legend=False,
        show_dots=False,
        margin=4,
        margin_right=28,
        spacing=8,
        range=(0, scale[-1]),
        xrange=(0, max(chart.length, 1)),
        show_x_guides=False,
        allow_interruptions=True,
    )
    graph.y_labels = [{"value": value, "label": chart.told(value)} for value in scale]
    graph.x_labels = [{"value": at, "label": words} for at, words in times]
    for one in chart.series:
        graph.add(one.title, list(one.points), fill=one.band)
    return _stripped(graph.render_tree(), chart)


def _stripped(svg: ET.Element, chart: Chart) -> ET.Element:
    """What is drawn and no more: pygal's styles and scripts go, its series get our names."""
    svg.attrib.pop("id", None)
    svg.set("role", "img")
    svg.set("aria-label", chart.title)
    for parent in list(svg.iter()):
        for child in list(parent):
            kinds = child.get("class", "").split()
            if child.tag in _UNSEEN or not _OVERLAYS.isdisjoint(kinds):
                parent.remove(child)
    for group in svg.iter("g"):
        kinds = group.get("class", "").split()
        if "series" in kinds:
            number = next(int(kind[6:]) for kind in kinds if kind.startswith("serie-"))
            group.set("class", f"series {chart.series[number].name}")
    return svg


def _legend(series: Sequence[Series]) -> ET.Element:
    seen: dict[str, str] = {}
    for one in series:
        seen.setdefault(one.name, one.title)
    return el(
        "ul",
        *(el("li", el("span", class_=f"key {name}"), title) for name, title in seen.items()),
        class_="legend",
    )
