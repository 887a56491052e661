"""Charts as pictures: every point in its plot, gaps are gaps, each name once in the legend."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.report.page.charts import Chart, Picture, Point, Series, ticks

VALUES = st.just(0.0) | st.floats(min_value=0.001, max_value=1e9)
LENGTH = 60_000.0


def chart(*points: Point, name: str = "rate") -> Chart:
    """One line over a minute, with a label at its beginning and its end."""
    return Chart(
        title="a line",
        series=[Series(name=name, title="calls/s", points=points)],
        length=LENGTH,
        labels=lambda most: [(0.0, "00:00"), (LENGTH, "00:01")][:most],
        words=lambda value: f"{value:g}",
    )


def corners(picture: Picture) -> list[tuple[float, float]]:
    """The points of the picture's lines."""
    numbers = re.compile(r"[ML](-?[\d.]+) (-?[\d.]+)")
    return [(float(x), float(y)) for _, path in picture.lines for x, y in numbers.findall(path)]


@given(st.lists(st.tuples(st.floats(min_value=0, max_value=LENGTH), VALUES), max_size=20))
def test_every_point_lies_in_the_plot(points: list[tuple[float, float]]) -> None:
    """Whatever the values: no point is left out, and none lies outside the axes."""
    drawn = chart(*points)
    for picture in (drawn.wide, drawn.narrow):
        assert len(corners(picture)) == len(points)
        for x, y in corners(picture):
            assert picture.left <= x <= picture.right
            assert picture.top <= y <= picture.bottom
        assert [label for _, label in picture.times] == ["00:00", "00:01"]


def test_what_is_not_known_interrupts_the_line() -> None:
    """A y of None ends a stroke; the next value begins another one."""
    ((name, path),) = chart((0, 1), (10, 1), (20, None), (30, 1), (40, 1)).wide.lines
    assert name == "rate"
    assert re.sub(r"[^ML]", "", path) == "MLML"


def test_higher_is_further_up() -> None:
    """Time goes to the right and values go up."""
    (x_1, y_1), (x_2, y_2) = corners(chart((0, 1), (60_000, 2)).wide)
    assert x_1 < x_2
    assert y_1 > y_2


def test_ticks_are_round() -> None:
    """From 0 to the highest value or above it, at round distances."""
    assert ticks(20.8) == [0, 5, 10, 15, 20, 25]
    assert ticks(0) == [0, 1]
    assert ticks(1040) == [0, 250, 500, 750, 1000, 1250]


def test_a_name_stands_in_the_legend_once() -> None:
    """Targets beyond the strokes that the page has share a name; the first is its title."""
    once, twice = (Series(name="line-0", title=one, points=()) for one in ("first", "seventh"))
    many = Chart(title="", series=[once, twice], length=1, labels=lambda _: [], words=str)
    assert many.legend == {"line-0": "first"}
