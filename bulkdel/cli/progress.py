"""What a person sees while calls go out: a display on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bulkdel.cli import streams
from bulkdel.report.figures import span
from bulkdel.report.text.lanes import footer, is_stopping, line, screen, sum_line
from bulkdel.report.text.layout import NARROWEST
from bulkdel.runs.seams import Show
from bulkdel.send.state import Doing
from bulkdel.send.view import LaneView

FIRST_S: Final = 2.0
"""Seconds until the first plain line: by then a person wonders."""
LINE_EVERY_S: Final = 30.0
"""Seconds between two plain lines of a target."""
LINES_EACH: Final = 12
"""More targets share a line."""
NEWS_MOST: Final = 4
"""Lines in a row about a target whose state changes; one more every LINE_EVERY_S."""


@contextmanager
def progress(*, quiet: bool, now_s: Callable[[], float]) -> Iterator[Show]:
    """Within it, what it yields shows the lanes; call it about twice a second, from one thread.

    Args:
        quiet: show nothing at all.
        now_s: a clock that never goes back, in seconds.
    """
    if quiet:
        yield _nothing
    elif can_redraw():
        with display() as draw:
            yield lambda views: draw(partial(screen, views, _now_ms()))
    else:
        lines = PlainLines(now_s=now_s, say=streams.say, by_hand=streams.terminal(sys.stderr))
        try:
            yield lines.show
        finally:
            lines.last()


def _nothing(_: Sequence[LaneView]) -> None:
    return


def can_redraw() -> bool:
    """Whether standard error is a terminal that a display goes on."""
    return streams.redraws(sys.stderr) and streams.width(sys.stderr) >= NARROWEST


@contextmanager
def display() -> Iterator[Callable[[Callable[..., Text]], None]]:
    """Within it, what it yields shows what a function draws for a `width` and a `height`."""
    console = Console(stderr=True, no_color=not streams.colour(sys.stderr), highlight=False)
    live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)

    def show(draw: Callable[..., Text]) -> None:
        width, height = console.size
        try:
            live.update(draw(width=width, height=height - 1), refresh=True)
        except OSError:  # the terminal is gone; the run goes on
            live.auto_refresh = False

    with live:
        yield show


class PlainLines:
    """A line for each target after FIRST_S, every LINE_EVERY_S, and when what it does has changed.

    Where there are more than LINES_EACH, the regular ones are one for all. How often changes are
    told is bounded; the end of a target always is.
    """

    def __init__(
        self, *, now_s: Callable[[], float], say: Callable[[str], None], by_hand: bool = False
    ) -> None:
        """`by_hand`: a person looks, who can press Ctrl-C."""
        self._now_s = now_s
        self._say = say
        self._by_hand = by_hand
        self._began_s = now_s()
        self._due_s = self._began_s + FIRST_S
        self._latest: Sequence[LaneView] = ()
        self._told: dict[str, object] = {}
        self._news: dict[str, int] = {}
        self._ended: set[str] = set()
        self._stopping = False

    def show(self, views: Sequence[LaneView]) -> None:
        """Says what is due."""
        self._latest = views
        now = self._now_s()
        due = now >= self._due_s
        if due:
            self._due_s = now + LINE_EVERY_S
        together = len(views) > LINES_EACH
        if due and together:
            self._say(sum_line(views, datetime.now(UTC)))
            self._told |= {view.target: _does(view) for view in views}
        for view in views:
            ended = view.state.doing is Doing.ENDED
            news = view.target not in self._ended and (ended or self._is_news(view, now))
            if news or (due and not ended and not together):
                self._write(view)
        if self._by_hand and not self._stopping:
            self._stopping = is_stopping(views)
            if self._stopping:
                self._say(footer(views, _now_ms()))

    def last(self) -> None:
        """Says how every lane stands that was not heard of since it ended."""
        for view in self._latest:
            if view.target not in self._ended:
                self._write(view)

    def _is_news(self, view: LaneView, now: float) -> bool:
        """Whether it does something else than was told of it, and may be told of."""
        told, does = self._told.get(view.target), _does(view)
        if told is None or told == does:
            return False
        allowed = NEWS_MOST + int((now - self._began_s) / LINE_EVERY_S)
        used = self._news.get(view.target, 0)
        used = max(used, allowed - NEWS_MOST)  # what was not used is not saved up
        if used >= allowed:
            return False
        self._news[view.target] = used + 1
        return True

    def _write(self, view: LaneView) -> None:
        if view.state.doing is Doing.ENDED:
            self._ended.add(view.target)
        self._told[view.target] = _does(view)
        self._say(line(view, datetime.now(UTC)))


class Countdown:
    """Shows the seconds that are left: on a terminal as they pass, elsewhere when they halve."""

    def __init__(self, *, quiet: bool) -> None:
        self._live: Live | None = None
        self._quiet = quiet
        self._told_s: float | None = None
        if not quiet and streams.redraws(sys.stderr):
            console = Console(stderr=True, no_color=True, highlight=False)
            self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Callable[[float | None], None]:
        if self._live is not None:
            self._live.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _show(self, left_s: float | None) -> None:
        words = "Paused: `resume` goes on." if left_s is None else f"{span(left_s)} to go."
        if self._live is not None:
            self._live.update(Text(words), refresh=True)
        elif not self._quiet and self._is_due(left_s):
            self._told_s = left_s
            streams.say(words)

    def _is_due(self, left_s: float | None) -> bool:
        if left_s is None or self._told_s is None:
            return left_s != self._told_s
        return left_s <= self._told_s / 2 and left_s > 0


def _does(view: LaneView) -> object:
    return view.state.doing, view.state.slower


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
