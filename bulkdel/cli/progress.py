"""What a person sees while calls go out: a display on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from textwrap import wrap

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bulkdel.cli import streams
from bulkdel.report.figures import count, percent, plain, rate, span
from bulkdel.report.status import seconds_left
from bulkdel.report.text.layout import BAD, DIM, GOOD, NARROWEST, TITLE
from bulkdel.runs.seams import Show
from bulkdel.send.view import LaneView

LINE_EVERY_S = 30.0
"""Seconds between two plain lines of a target."""
SHOWN_TARGETS = 12
"""More would not fit on a terminal of 40 lines; the others are counted in one line."""

SLOWED_BELOW = 0.95
"""Of its ceiling. A lane always keeps a little below it; that is nothing to tell."""

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
            live.update(screen(views), refresh=True)
        except OSError:  # the terminal is gone; the run goes on
            live.auto_refresh = False

    with live:
        yield show


def screen(views: Sequence[LaneView]) -> Text:
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
                f"{rate(view.rate)} of {rate(view.qps)}",
                count(view.in_flight),
                time_left(view),
            )
        )
        for words in wrap(", ".join(oddities(view)), NARROWEST - _NAME - 1):
            drawn.append(f"{'':<{_NAME}}{words}\n", DIM)
        state, style = condition(view)
        if state:
            drawn.append(f"{'':<{_NAME}}{state}\n", style)
    if len(views) > SHOWN_TARGETS:
        drawn.append(f"... and {len(views) - SHOWN_TARGETS} more targets\n", DIM)
    drawn.append(f"Ctrl-C stops it safely; the same command continues.{_done_at(views)}", DIM)
    return drawn


def _done_at(views: Sequence[LaneView]) -> str:
    """When the last lane will be done at the present pace, by this machine's clock."""
    times = [left_s(view) for view in views]
    if not times or None in times:
        return ""
    last = max(seconds for seconds in times if seconds is not None)
    at = datetime.now().astimezone() + timedelta(seconds=last)
    return f" Done about {at:%a %H:%M}." if last > 0 else ""


def _cells(*cells: str) -> str:
    name, *numbers = cells
    return f"{name:<{_NAME}}{_row(numbers)}\n"


def _row(numbers: Sequence[str]) -> str:
    return "".join(f"{number:>{room}}" for number, room in zip(numbers, _ROOMS, strict=True))


def condition(view: LaneView) -> tuple[str, str]:
    """Why the lane is not sending at its ceiling, and a style for it; empty if it is."""
    room = NARROWEST - _NAME - 1
    if view.ended:
        whole = view.counters.settled >= view.pairs
        return plain(view.ended, room), GOOD if whole else BAD
    if view.waiting:
        return plain(view.waiting, room), BAD
    if view.pace < view.qps * SLOWED_BELOW:
        return f"slowed to {rate(view.pace)} calls/s after the provider throttled it", BAD
    return "", ""


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


def left_s(view: LaneView) -> float | None:
    """Estimated seconds left, as `seconds_left` has it; None for a lane that is over."""
    done = view.counters.settled
    return seconds_left(
        left=view.pairs - done,
        settled=done,
        calls=view.counters.calls,
        rate=None if view.ended else view.rate,
    )


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
    if not view.ended:
        parts += [f"{rate(view.rate)} of {rate(view.qps)} calls/s", f"{view.in_flight} in flight"]
    parts += oddities(view)
    state, _ = condition(view)
    parts += [state] if state else []
    seconds = left_s(view)
    parts += [f"about {span(seconds)} left"] if seconds else []
    return ", ".join([words, *parts])


class PlainLines:
    """A plain line for each lane every LINE_EVERY_S, at its end, and when it begins to wait."""

    def __init__(self, *, now_s: Callable[[], float], say: Callable[[str], None]) -> None:
        self._now_s = now_s
        self._say = say
        self._due_s = now_s() + LINE_EVERY_S
        self._latest: Sequence[LaneView] = ()
        self._ended: set[str] = set()

    def show(self, views: Sequence[LaneView]) -> None:
        """Says what is due."""
        self._latest = views
        now = self._now_s()
        due = now >= self._due_s
        if due:
            self._due_s = now + LINE_EVERY_S
        for view in views:
            news = bool(view.ended) and view.target not in self._ended
            if news or (due and not view.ended):
                self._write(view)

    def last(self) -> None:
        """Says how every lane stands that was not heard of since it ended."""
        for view in self._latest:
            if view.target not in self._ended:
                self._write(view)

    def _write(self, view: LaneView) -> None:
        if view.ended:
            self._ended.add(view.target)
        self._say(line(view, datetime.now(UTC)))
