"""What is news of single targets while a run goes on: pure; the clocks are the caller's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bulkdel.job.job import Event
from bulkdel.report.figures import span
from bulkdel.report.lane_words import lane_words
from bulkdel.send.state import OVER, Doing, End
from bulkdel.send.view import LaneView

TROUBLE_S: Final = 900.0
"""Without a settled pair for so long, a target that should be sent is in trouble."""
CALLS_MOST: Final = 5
"""So many calls may pass without one, however slowly they are sent."""
_OWN_ENDS: Final = frozenset({End.FINISHED, End.LEFT, End.DOWN, End.REFUSED})
"""Ends of one target; any other one stops all of them, and is told when the command ends."""
_AT_REST: Final = frozenset(
    {Doing.PLANNED, Doing.STARTING, Doing.PAUSED, Doing.WINDOW, Doing.CANARY, Doing.LIMIT}
)
"""In these nobody expects that a pair is settled."""
_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to tell of one target; `text` is a sentence without a full stop."""

    event: Event
    target: str
    text: str
    end: End | None = None


@dataclass(slots=True)
class _Course:
    """What was seen of a target: how much was done, and since when nothing more is."""

    done: tuple[int, int]
    since_s: float
    in_trouble: bool = False
    has_ended: bool = False


class News:
    """Tells what is new since it looked last. A target ends once, and has one trouble at a time."""

    def __init__(self) -> None:
        self._courses: dict[str, _Course] = {}

    def look(self, views: Sequence[LaneView], *, now_s: float, now_ms: int) -> list[Message]:
        """The news that these lanes are; `now_s` never goes back, `now_ms` is Unix time.

        The end of the last target is none: the command ends with it, and says so.
        """
        others = [view.target for view in views if view.state.doing not in OVER]
        messages: list[Message] = []
        for view in views:
            course = self._courses.get(view.target)
            if course is None:
                course = self._courses[view.target] = _Course(_done(view), now_s)
            if view.state.doing in OVER:
                messages += _ended(view, course, others, now_ms)
            else:
                messages += _went_on(view, course, now_s, now_ms)
        return messages


def _ended(
    view: LaneView, course: _Course, others: Sequence[str], now_ms: int
) -> Iterator[Message]:
    end = view.state.end
    if course.has_ended or end not in _OWN_ENDS or not others:
        return
    course.has_ended = True
    ended = replace(view, state=replace(view.state, doing=Doing.ENDED))
    names = ", ".join(others) if len(others) <= _NAMED else f"{len(others)} others"
    go = "goes" if len(others) == 1 else "go"
    yield Message(
        event=Event.CREDENTIALS if end is End.REFUSED else Event.TARGET,
        target=view.target,
        text=f"{view.target}: {lane_words(ended, now_ms).words}; {names} {go} on",
        end=end,
    )


def _went_on(view: LaneView, course: _Course, now_s: float, now_ms: int) -> Iterator[Message]:
    done, quiet_s = _done(view), now_s - course.since_s
    if done != course.done:
        course.done, course.since_s = done, now_s
        if course.in_trouble:
            course.in_trouble = False
            text = f"{view.target}: goes again after {span(quiet_s)}"
            yield Message(event=Event.RECOVERED, target=view.target, text=text)
    elif view.state.doing in _AT_REST:
        course.since_s = now_s
    elif not course.in_trouble and quiet_s >= max(TROUBLE_S, CALLS_MOST / max(view.pace, 1e-9)):
        course.in_trouble = True
        words = lane_words(view, now_ms).words
        text = f"{view.target}: nothing was settled for {span(quiet_s)}; {words}"
        yield Message(event=Event.TROUBLE, target=view.target, text=text)


def _done(view: LaneView) -> tuple[int, int]:
    return view.counters.settled, view.counters.in_reserve
