"""How a sitting ended: the exit code, the sentences that say so, and the end in a few words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bulkdel.errors import Exit
from bulkdel.plan.values import Books
from bulkdel.report.figures import counted
from bulkdel.report.phrases import unit
from bulkdel.report.status import Status
from bulkdel.report.verdict import NAMED_MOST, RunVerdict, left_by_target, run_verdict
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import End, Ending, LaneView

_AGAIN = "Run the same command again to continue."
_HARD = {
    End.GUARD: "A guard of the job file stopped the run. {left}",
    End.CANARY: "The canary is not as it should be, and nothing else was sent. {left}",
    End.REFUSED: (
        "Refused: the credentials, the permission or the app are not accepted. {left} "
        "Put that right and run the same command again."
    ),
    End.STORAGE: (
        "Stopped: nothing more could be written to the run directory, or read from it. {left} Put "
        "that right (is the disk full?) and run the same command again."
    ),
}
"""What is said even where nothing is left; worst first, in the order of the exit codes."""
_SOFT = {
    End.STOPPED: f"Stopped by a signal. {{left}} {_AGAIN}",
    End.CRASHED: f"Stopped by an error of bulkdel's own. {{left}} {_AGAIN}",
    End.GONE: f"The process is gone without a word. {{left}} {_AGAIN}",
    End.LIMIT: "Stopped at --limit. {left} The same command without --limit sends the rest.",
    End.WINDOW: "Stopped: outside the window of the schedule. {left} Run the same command in it.",
    End.DURATION: f"Stopped after max_duration. {{left}} {_AGAIN}",
    End.DOWN: f"Stopped: a provider did not answer for too long. {{left}} {_AGAIN}",
    End.KEPT_BACK: "Stopped: what is left was not to be sent this time. {left}",
    End.LEFT: (f"Stopped: the tries are used up for what is left. {{left}} {_AGAIN}"),
}
"""What is said where something is left; what a person did first."""
ENDS: Final = (*_HARD, *_SOFT)
"""The ends after which something may be left; the first of several speaks for them."""
_SIMPLE = {
    End.STOPPED: "stopped by a signal",
    End.LIMIT: "stopped at --limit",
    End.WINDOW: "outside the window of the schedule",
    End.DURATION: "stopped after max_duration",
}
"""Ends of a whole sitting that need no lane's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SittingVerdict:
    """What is said when a sitting is over.

    Attributes:
        run: the verdict of the run as the sitting leaves it; its headline is said first.
        detail: how the sitting ended and what to do, in sentences, to be said after that.
        exit_code: of `run`.
    """

    run: RunVerdict
    detail: str
    exit_code: Exit

    @property
    def words(self) -> str:
        """All of it, in one line."""
        return f"{self.run.headline} {self.detail}".rstrip()


def sitting_verdict(ending: Ending, status: Status) -> SittingVerdict:
    """The verdict of a sitting that ended so; `status` is the run's after it."""
    run = run_verdict(status)
    detail = _detail(ending, status, run)
    code = exit_code(
        ending,
        status.rows,
        unsettled=sum(max(target.unsettled, 0) for target in status.targets),
        failed=status.failed,
    )
    return SittingVerdict(run=run, detail=detail, exit_code=code)


def ended_lanes(ending: Ending, status: Status) -> list[LaneView]:
    """The targets as the sitting left them, in its order."""
    lanes = {target.name: target.lane for target in status.targets}
    return [
        replace(
            lanes[lane.target],
            state=LaneState(doing=Doing.ENDED, end=lane.end, info=lane.words),
        )
        for lane in ending.lanes
    ]


def exit_code(ending: Ending, books: Books | None, *, unsettled: int, failed: int) -> Exit:
    """The exit code of `run`: the first of the contract's table that applies.

    Args:
        ending: how the sitting ended.
        books: the input's; None of a run beside a run, which has none.
        unsettled: pairs left over all targets.
        failed: pairs that failed over all targets and sittings.
    """
    ends = {lane.end for lane in ending.lanes}
    if books is not None and books.read == 0:
        return Exit.WRONG
    if ends & {End.GUARD, End.CANARY}:
        return Exit.GUARDED
    if End.REFUSED in ends:
        return Exit.REFUSED
    if End.STORAGE in ends or unsettled > 0:
        return Exit.LEFT
    rejected = 0 if books is None else books.rejected
    return Exit.FAILED if failed or rejected else Exit.DONE


def why(ending: Ending) -> str:
    """The end in a few words, as `status` shows it later; "finished" if every lane has."""
    worst = _worst(ending)
    stopped = {lane.words for lane in ending.lanes if lane.end is End.STOPPED}
    if worst is End.STOPPED and len(stopped) == 1 and any(stopped):
        return stopped.pop()  # it names the signal
    if worst in _SIMPLE:
        return _SIMPLE[worst]
    by_lane = [
        (lane.target, lane.words.rstrip(".") or str(lane.end))
        for lane in ending.lanes
        if lane.end is not End.FINISHED
    ]
    if len(by_lane) > 1 and len({said for _, said in by_lane}) == 1:
        return by_lane[0][1]  # what stopped them all
    said = [f"{target}: {words}" for target, words in by_lane[:NAMED_MOST]]
    if len(by_lane) > NAMED_MOST:
        said.append(f"and {counted(len(by_lane) - NAMED_MOST, 'more target')}")
    return "; ".join(said) or "finished"


def _detail(ending: Ending, status: Status, run: RunVerdict) -> str:
    """Of a run with work left, how the process ended; else what explains the run's verdict."""
    if status.rows.read == 0:
        return "The input holds no rows at all: nothing was sent."
    worst = _worst(ending)
    if status.unsettled > 0:
        pairs = counted(status.unsettled, unit(status.operation))
        rest = f"{pairs} left{left_by_target(status)}."
        said = {**_HARD, **_SOFT}[worst or End.LEFT].format(left=rest)
        return f"{said} {run.no_friendships.look}" if run.no_friendships else said
    if worst in _HARD:
        return f"{run.detail} {_HARD[worst].format(left='Nothing is left.')}".lstrip()
    return run.detail


def _worst(ending: Ending) -> End | None:
    """The end that speaks for the whole; None if every lane finished."""
    ends = {lane.end for lane in ending.lanes}
    return next((end for end in ENDS if end in ends), None)
