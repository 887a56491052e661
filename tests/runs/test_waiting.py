"""The wait before a run goes on: how long, and what ends it. On a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bulkdel.runs.waiting import Waiting
from bulkdel.send.view import End
from tests.support.autojump_clock import AutojumpLoop

Shown = list[float | None]


def on_the_clock(
    until_s: float,
    act: Callable[[Waiting], Awaitable[None]] | None = None,
    bound_s: float | None = None,
) -> tuple[tuple[End, str] | None, float, Shown]:
    """What ended a wait, after how many seconds, and what was shown."""

    async def main() -> tuple[tuple[End, str] | None, float, Shown]:
        loop = asyncio.get_running_loop()
        began, shown = loop.time(), Shown()
        waiting = Waiting(round(until_s * 1000), lambda: loop.time() - began)
        acting = None if act is None else asyncio.ensure_future(act(waiting))
        ended = await waiting.run(shown.append, bound_s)
        if acting is not None:
            await acting
        return ended, loop.time() - began, shown

    with asyncio.Runner(loop_factory=AutojumpLoop) as runner:
        return runner.run(main())


def test_it_ends_when_the_moment_has_come() -> None:
    """Half an hour is half an hour, and what is left is shown each second."""
    ended, took, shown = on_the_clock(1800)
    assert ended is None
    assert took == pytest.approx(1800, abs=0.01)
    assert shown[0] == 1800
    assert shown[-1] == 0
    assert len(shown) >= 1800


def test_a_moment_that_is_past_is_not_waited_for() -> None:
    """As where the run is continued the next day."""
    ended, took, _ = on_the_clock(-5)
    assert (ended, took) == (None, 0)


def test_a_signal_ends_it_at_once() -> None:
    """Whoever stops it is told on; the rest does not follow."""

    async def act(waiting: Waiting) -> None:
        await asyncio.sleep(10)
        waiting.stop(End.STOPPED, "stopped by SIGINT")
        waiting.stop(End.STOPPED, "stopped by somebody else")

    ended, took, _ = on_the_clock(1800, act)
    assert ended == (End.STOPPED, "stopped by SIGINT")
    assert took == pytest.approx(10, abs=0.01)


def test_a_pause_lasts_until_it_is_over() -> None:
    """It does not go on while it is paused, however late it is, and then at once."""

    async def act(waiting: Waiting) -> None:
        await asyncio.sleep(10)
        waiting.pause("somebody")
        await asyncio.sleep(100)
        waiting.resume()

    ended, took, shown = on_the_clock(60, act)
    assert ended is None
    assert took == pytest.approx(110, abs=0.01)
    assert None in shown


def test_a_pause_that_is_over_in_time_changes_nothing() -> None:
    """The moment stays the same."""

    async def act(waiting: Waiting) -> None:
        waiting.pause()
        await asyncio.sleep(10)
        waiting.resume()

    assert on_the_clock(60, act)[1] == pytest.approx(60, abs=0.01)


def test_max_duration_is_the_bound() -> None:
    """Also while it is paused."""

    async def act(waiting: Waiting) -> None:
        waiting.pause()

    for paused in (None, act):
        ended, took, _ = on_the_clock(1800, paused, bound_s=300)
        assert ended is not None
        assert ended[0] is End.DURATION
        assert took == pytest.approx(300, abs=0.01)
