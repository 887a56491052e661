"""What a person sees while calls go out: a display on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from textwrap import wrap

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bulkdel.cli import streams
from bulkdel.report.estimate import left_s
from bulkdel.report.figures import clock, count, counted, percent, plain, rate, span
from bulkdel.report.lane_words import lane_words
from bulkdel.report.text.layout import BAD, DIM, GOOD, NARROWEST, TITLE
from bulkdel.report.tone import Tone
from bulkdel.runs.seams import Show
from bulkdel.send.state import OVER, Doing
from bulkdel.send.view import LaneView

LINE_EVERY_S = 30.0
"""Seconds between two plain lines of a target."""
SHOWN_TARGETS = 12
"""More would not fit on a terminal of 40 lines; the others are counted in one line."""

_STYLES = {Tone.GOOD: GOOD, Tone.MIXED: DIM, Tone.BAD: BAD}

_NAME = 11
_ROOMS = (12, 13, 7, 14, 10, 12)


@contextmanager
def progress(*, quiet: bool, now_s: Callable[[], float]) -> Iterator[Show]:
    """Within it, what it yields shows the lanes; call it about twice a second, from one thread.

    Args:
        quiet: show nothing at all.
        now_s: a clock that never goes back, in seconds.
    """
    if quiet:
        yield _nothing
    elif streams.terminal(sys.stderr) and streams.width(sys.stderr) >= NARROWEST:
        yield from _display()
    else:
        lines = PlainLines(now_s=now_s, say=streams.say)
        try:
            yield lines.show
        finally:
            lines.last()


def _nothing(_: Sequence[LaneView]) -> None:
    return


def _display() -> Iterator[Show]:
    console = Console(stderr=True, no_color=not streams.colour(sys.stderr), highlight=False)
    live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)

    def show(views: Sequence[LaneView]) -> None:
        try:
            live.update(screen(views, _now_ms()), refresh=True)
        except OSError:  # the terminal is gone; the run goes on
            live.auto_refresh = False

    with live:
        yield show


def screen(views: Sequence[LaneView], now_ms: int) -> Text:
    """The lanes as lines of at most 80 columns: a row for each, and what is out of the ordinary."""
    drawn = Text(no_wrap=True, overflow="ellipsis")
    drawn.append(_cells("target", "settled", "of", "done", "calls/s", "in flight", "left"), TITLE)
    for view in views[:SHOWN_TARGETS]:
        drawn.append(
            _cells(
                plain(view.target, _NAME - 1),
                count(view.counters.settled),
                count(view.pairs),
                percent(view.counters.settled, view.pairs),
                pace(view),
                count(view.in_flight),
                time_left(view),
            )
        )
        for words in wrap(", ".join(oddities(view)), NARROWEST - _NAME - 1):
            drawn.append(f"{'':<{_NAME}}{words}\n", DIM)
        said = lane_words(view, now_ms)
        if said.tone is not Tone.GOOD:
            room = NARROWEST - _NAME - 1
            drawn.append(f"{'':<{_NAME}}{plain(said.words, room)}\n", _STYLES[said.tone])
    if len(views) > SHOWN_TARGETS:
        drawn.append(f"... and {len(views) - SHOWN_TARGETS} more targets\n", DIM)
    drawn.append(footer(views, now_ms), DIM)
    return drawn


def is_stopping(views: Sequence[LaneView]) -> bool:
    """Whether nothing more is sent, and calls that were sent are waited for."""
    doings = {view.state.doing for view in views}
    return Doing.STOPPING in doings and doings <= set(OVER)


def footer(views: Sequence[LaneView], now_ms: int) -> str:
    """What Ctrl-C does now, and when the last target will be done at the present pace."""
    if is_stopping(views):
        calls = sum(view.in_flight for view in views)
        rest = f"waiting for {counted(calls, 'call')}" if calls else "writing down the last answers"
        return f"Stopping: {rest}. Ctrl-C again leaves at once."
    times = [left_s(view) for view in views]
    last = max((seconds for seconds in times if seconds is not None), default=0.0)
    done = ""
    if last > 0 and None not in times:
        done = f" Done about {clock(now_ms + round(last * 1000), now_ms)}."
    return f"Ctrl-C stops it safely; the same command continues.{done}"


def _cells(*cells: str) -> str:
    name, *numbers = cells
    return f"{name:<{_NAME}}{_row(numbers)}\n"


def _row(numbers: Sequence[str]) -> str:
    return "".join(f"{number:>{room}}" for number, room in zip(numbers, _ROOMS, strict=True))


def pace(view: LaneView) -> str:
    """Calls/s beside the ceiling; a dash where none are sent."""
    now = rate(view.rate) if view.state.doing is Doing.SENDING else "-"
    return f"{now} of {rate(view.qps)}"


def oddities(view: LaneView) -> list[str]:
    """What happened beside plain deletions, as far as anything did."""
    counters = view.counters
    counts = (
        ("already gone", counters.already_gone),
        ("failed", counters.failed),
        ("retries", counters.retries),
        ("throttled", counters.throttled),
        ("lost answers", counters.lost_answers),
    )
    return [f"{name} {count(number)}" for name, number in counts if number]


def time_left(view: LaneView) -> str:
    """`left_s` for a narrow column."""
    seconds = left_s(view)
    if seconds == 0:
        return "done"
    return "-" if seconds is None else span(seconds)


def line(view: LaneView, at: datetime) -> str:
    """One lane on one line, for logs and pipes."""
    words = (
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {plain(view.target)}: "
        f"{count(view.counters.settled)} of {count(view.pairs)} settled "
        f"({percent(view.counters.settled, view.pairs)})"
    )
    parts = []
    if view.state.doing is not Doing.ENDED:
        parts += [f"{pace(view)} calls/s", f"{view.in_flight} in flight"]
    parts += oddities(view)
    said = lane_words(view, round(at.timestamp() * 1000))
    parts += [] if view.state.doing is Doing.SENDING and said.tone is Tone.GOOD else [said.words]
    seconds = left_s(view)
    parts += [f"about {span(seconds)} left"] if seconds else []
    return ", ".join([words, *parts])


class PlainLines:
    """A plain line for each lane every LINE_EVERY_S and at its end; one when all is to stop."""

    def __init__(self, *, now_s: Callable[[], float], say: Callable[[str], None]) -> None:
        self._now_s = now_s
        self._say = say
        self._due_s = now_s() + LINE_EVERY_S
        self._latest: Sequence[LaneView] = ()
        self._ended: set[str] = set()
        self._stopping = False

    def show(self, views: Sequence[LaneView]) -> None:
        """Says what is due."""
        self._latest = views
        now = self._now_s()
        due = now >= self._due_s
        if due:
            self._due_s = now + LINE_EVERY_S
        for view in views:
            ended = view.state.doing is Doing.ENDED
            news = ended and view.target not in self._ended
            if news or (due and not ended):
                self._write(view)
        if not self._stopping and is_stopping(views):
            self._stopping = True
            self._say(footer(views, _now_ms()))

    def last(self) -> None:
        """Says how every lane stands that was not heard of since it ended."""
        for view in self._latest:
            if view.target not in self._ended:
                self._write(view)

    def _write(self, view: LaneView) -> None:
        if view.state.doing is Doing.ENDED:
            self._ended.add(view.target)
        self._say(line(view, datetime.now(UTC)))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
