"""Windows of local time: across midnight, in time zones, on the nights when clocks change."""

from __future__ import annotations

import math
from datetime import datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from bulkdel.job.window import Finish, Schedule, Window, finish

BERLIN = ZoneInfo("Europe/Berlin")
SINGAPORE = ZoneInfo("Asia/Singapore")


def window(begin: str, end: str, zone: ZoneInfo = BERLIN) -> Window:
    """A window as a person writes it."""
    return Window(begin=time.fromisoformat(begin), end=time.fromisoformat(end), zone=zone)


def utc(text: str) -> float:
    """Unix seconds of a UTC time."""
    return datetime.fromisoformat(text + "+00:00").timestamp()


@pytest.mark.parametrize(
    ("begin", "end", "at", "open_"),
    [
        ("01:00", "06:00", "2026-11-22T17:00", True),  # 01:00 in Singapore
        ("01:00", "06:00", "2026-11-22T21:59", True),
        ("01:00", "06:00", "2026-11-22T22:00", False),
        ("01:00", "06:00", "2026-11-22T16:59", False),
        ("22:00", "06:00", "2026-11-22T14:00", True),  # 22:00, across midnight
        ("22:00", "06:00", "2026-11-22T21:59", True),
        ("22:00", "06:00", "2026-11-22T22:00", False),
    ],
)
def test_it_is_open_by_the_clock_on_the_wall(begin: str, end: str, at: str, open_: bool) -> None:
    """The first minute belongs to the window, the last does not."""
    assert window(begin, end, SINGAPORE).is_open(utc(at)) is open_


def spans(one: Window, at: str, count: int) -> list[tuple[str, str]]:
    """The next spans as UTC texts."""

    def shown(edge: float) -> str:
        return datetime.fromtimestamp(edge, ZoneInfo("UTC")).strftime("%d %H:%M")

    return [(shown(begin), shown(end)) for begin, end in islice(one.spans(utc(at)), count)]


def test_an_ordinary_night() -> None:
    """It opens and closes once a night; asked in the middle, the rest of the night comes first."""
    assert spans(window("23:00", "05:00"), "2026-11-22T23:30", 2) == [
        ("22 23:30", "23 04:00"),
        ("23 22:00", "24 04:00"),
    ]


def test_the_night_when_clocks_go_forward() -> None:
    """In Berlin 02:00 becomes 03:00 on 29 March 2026: the night is an hour shorter."""
    assert spans(window("01:00", "05:00"), "2026-03-28T12:00", 1) == [("29 00:00", "29 03:00")]


def test_a_window_in_the_missing_hour_does_not_open_that_night() -> None:
    """02:10 to 02:50 does not exist on 29 March 2026; the next night has it."""
    assert spans(window("02:10", "02:50"), "2026-03-28T12:00", 1) == [("30 00:10", "30 00:50")]


def test_a_window_that_begins_in_the_missing_hour_opens_when_it_is_over() -> None:
    """02:30 to 04:00 opens at 03:00 summer time."""
    assert spans(window("02:30", "04:00"), "2026-03-28T12:00", 1) == [("29 01:00", "29 02:00")]


def test_the_night_when_clocks_go_back() -> None:
    """03:00 becomes 02:00 on 25 October 2026: the night is an hour longer."""
    assert spans(window("01:00", "05:00"), "2026-10-24T12:00", 1) == [("24 23:00", "25 04:00")]


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    """02:10 to 02:50 comes twice on 25 October 2026."""
    assert spans(window("02:10", "02:50"), "2026-10-24T12:00", 2) == [
        ("25 00:10", "25 00:50"),
        ("25 01:10", "25 01:50"),
    ]


def test_a_window_that_is_the_whole_day_but_a_minute() -> None:
    """It closes for one minute only."""
    assert spans(window("00:00", "23:59", ZoneInfo("UTC")), "2026-11-22T12:00", 2) == [
        ("22 12:00", "22 23:59"),
        ("23 00:00", "23 23:59"),
    ]


def test_how_many_nights_it_takes() -> None:
    """Eleven hours of work in nights of five: done in the third night, an hour after it opens."""
    schedule = Schedule(window=window("01:00", "06:00", SINGAPORE))
    assert finish(schedule, utc("2026-11-22T12:00"), 11 * 3600) == Finish(
        at_s=utc("2026-11-24T18:00"), sittings=3
    )


def test_max_duration_shortens_each_night() -> None:
    """Of each night only two hours are used."""
    schedule = Schedule(window=window("01:00", "06:00", SINGAPORE), max_duration_s=7200)
    assert finish(schedule, utc("2026-11-22T12:00"), 3 * 3600) == Finish(
        at_s=utc("2026-11-23T18:00"), sittings=2
    )


def test_without_a_window_it_goes_on_at_once() -> None:
    """A bound on the sitting alone costs sittings, not time."""
    assert finish(Schedule(max_duration_s=3600), 1000.0, 9000) == Finish(at_s=10000.0, sittings=3)
    assert finish(Schedule(), 1000.0, 9000) == Finish(at_s=10000.0, sittings=1)


def test_what_never_ends_is_said_so() -> None:
    """A thousand nights are no plan."""
    schedule = Schedule(window=window("01:00", "01:01"), max_duration_s=60)
    assert finish(schedule, 0.0, 1001 * 60) is None
    assert math.isfinite(schedule.window.next_change(0.0)) if schedule.window else False
