"""The charts' time axis: stretches of work side by side."""

from __future__ import annotations

from bulkdel.report.workclock import work_clock

HOUR = 3_600_000
DAY = 24 * HOUR
NIGHT = 1_795_222_800_000
"""2026-11-21 01:00 UTC."""


def test_gaps_are_left_out() -> None:
    """Two nights of five hours are ten hours wide and one seam; a moment keeps its order."""
    clock = work_clock([(NIGHT, NIGHT + 5 * HOUR), (NIGHT + DAY, NIGHT + DAY + 5 * HOUR)], 1000)
    assert len(clock.stretches) == 2
    assert 10 * HOUR < clock.length < 10.2 * HOUR
    assert clock.at(NIGHT) == 0
    assert clock.at(NIGHT + 2 * HOUR) == 2 * HOUR
    assert clock.at(NIGHT + 12 * HOUR) == 5 * HOUR
    assert clock.at(NIGHT + DAY + 5 * HOUR) == clock.length
    assert [clock.stretch_of(NIGHT), clock.stretch_of(NIGHT + DAY)] == [0, 1]


def test_neighbours_are_one_stretch() -> None:
    """Spans that touch, overlap or come in any order are one stretch."""
    clock = work_clock([(2000, 3000), (0, 1000), (1200, 2000), (500, 900)], 300)
    assert [(one.begin_ms, one.end_ms) for one in clock.stretches] == [(0, 3000)]


def test_labels_are_round_times() -> None:
    """Ten minutes have a label every two; times of one day need no date."""
    clock = work_clock([(NIGHT + 30_000, NIGHT + 630_000)], 1000)
    assert clock.labels(5) == [
        (90_000, "01:02"),
        (210_000, "01:04"),
        (330_000, "01:06"),
        (450_000, "01:08"),
        (570_000, "01:10"),
    ]


def test_labels_of_seconds() -> None:
    """A run of four seconds is labelled by the second."""
    assert [words for _, words in work_clock([(NIGHT, NIGHT + 4000)], 1).labels(8)] == [
        "01:00:00", "01:00:01", "01:00:02", "01:00:03", "01:00:04",
    ]  # fmt: skip


def test_labels_of_many_nights() -> None:
    """Thirty nights have no more labels than there is room for, each with its day."""
    nights = [(NIGHT + n * DAY, NIGHT + n * DAY + 5 * HOUR) for n in range(30)]
    labels = work_clock(nights, 1000).labels(8)
    assert 2 <= len(labels) <= 8
    assert labels[0] == (0, "21 Nov 01:00")


def test_a_moment_is_labelled_too() -> None:
    """Half a second of work still has a beginning and an end on its axis."""
    assert len(work_clock([(NIGHT + 300, NIGHT + 800)], 1).labels(8)) == 2


def test_nothing_was_done() -> None:
    """Without a span there is no axis."""
    assert work_clock([], 1000).labels(8) == []
