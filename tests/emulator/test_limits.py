"""The rate is limited by whole or sliding seconds, over time; who is under way is known."""

from __future__ import annotations

from bulkdel.emulator.faults import Span
from bulkdel.emulator.limits import InFlight, RateLimit, Spell, Throttle


def passed(moments: list[float], *, ceiling: int, sliding: bool) -> list[bool]:
    """Which of these arrivals are let through."""
    gate = Throttle()
    return [gate.admit(moment, ceiling, sliding=sliding) for moment in moments]


def test_whole_seconds() -> None:
    """A whole second holds no more than the ceiling; the next one starts anew."""
    moments = [10.0, 10.9, 10.95, 11.0, 11.0, 11.5]
    assert passed(moments, ceiling=2, sliding=False) == [True, True, False, True, True, False]


def test_sliding_seconds() -> None:
    """No second at all holds more than the ceiling; those refused do not count."""
    moments = [10.5, 10.75, 11.25, 11.375, 11.5, 11.625, 11.75]
    assert passed(moments, ceiling=2, sliding=True) == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_the_ceiling_falls_and_returns() -> None:
    """The lowest spell that holds now counts, then the app's own ceiling or the documented one."""
    limit = RateLimit(
        spells=(
            Spell(ceiling=50, span=Span(from_s=60, until_s=120)),
            Spell(ceiling=10, span=Span(from_s=100, until_s=110)),
            Spell(ceiling=1, span=Span(from_s=0), providers=frozenset({"zego"})),
        )
    )
    at = [limit.at("tencent", 200, elapsed) for elapsed in (0, 60, 105, 115, 120)]
    assert at == [200, 50, 10, 50, 200]
    assert limit.at("zego", 20, 105) == 1
    assert RateLimit(ceiling=300).at("tencent", 200, 0) == 300


def test_overlaps_count_only_calls_that_are_waited_for() -> None:
    """A call whose client left is no overlap; another account's is none either."""
    flight = InFlight()
    waiting = {"first": True}

    def first() -> bool:
        return waiting["first"]

    def second() -> bool:
        return True

    assert not flight.enter("a", first)
    assert not flight.enter("b", second)
    assert flight.enter("a", second)
    flight.leave("a", second)
    waiting["first"] = False
    assert not flight.enter("a", second)
    flight.leave("a", second)
    flight.leave("a", first)
    assert flight.count == 1


def test_writers_exclude_each_other() -> None:
    """A friend list is written by one call at a time; a refused one takes nothing."""
    flight = InFlight()
    assert flight.write({"a", "x"})
    assert not flight.write({"b", "x"})
    assert flight.write({"b"})
    flight.written({"a", "x"})
    assert flight.write({"c", "x"})
