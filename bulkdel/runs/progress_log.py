"""How a sitting goes, in run.log: a line for each target now and then, and one at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from bulkdel.report.estimate import left_s
from bulkdel.send.state import Doing
from bulkdel.send.view import LaneView

EVERY_S: Final = 300.0
PROGRESS: Final = "lane.progress"


class ProgressLog:
    """Writes what the screens show of a target every EVERY_S, and when it has ended.

    A run of any length costs so many lines an hour, however many calls it sends.
    """

    def __init__(self, log: FilteringBoundLogger, now_s: Callable[[], float]) -> None:
        """`now_s` is a clock that never goes back, in seconds."""
        self._log, self._now_s = log, now_s
        self._due_s = now_s() + EVERY_S
        self._ended: set[str] = set()

    def show(self, views: Sequence[LaneView]) -> None:
        """Writes what is due."""
        now_s = self._now_s()
        is_due = now_s >= self._due_s
        if is_due:
            self._due_s = now_s + EVERY_S
        for view in views:
            if view.target in self._ended:
                continue
            has_ended = view.state.doing is Doing.ENDED
            if has_ended:
                self._ended.add(view.target)
            if is_due or has_ended:
                self._log.info(PROGRESS, **_figures(view))


def _figures(view: LaneView) -> dict[str, Any]:
    now, left = view.counters, left_s(view)
    return {
        "target": view.target,
        "doing": str(view.state.doing),
        "pairs": view.pairs,
        "settled": now.settled,
        "deleted": now.deleted,
        "already_gone": now.already_gone,
        "failed": now.failed,
        "calls": now.calls,
        "retries": now.retries,
        "throttled": now.throttled,
        "lost_answers": now.lost_answers,
        "in_flight": view.in_flight,
        "rate": round(view.rate, 2),
        "pace": round(view.pace, 2),
        "qps": view.qps,
        "left_s": None if left is None else round(left),
    }
