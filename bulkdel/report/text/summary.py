"""What `run` says at its end, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from rich.console import RenderableType

from bulkdel.plan.values import Books
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.no_friendships import no_friendships
from bulkdel.report.phrases import unit
from bulkdel.report.status import Status, TargetStatus
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, words
from bulkdel.report.text.sides import waiting_sides
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Mode, Operation, Orient

_AGAIN = "Run the same command again to continue."
_HARD = {
    End.GUARD: "A guard of the job file stopped the run. {left}",
    End.REFUSED: (
        "Refused: a provider does not accept the credentials, the permission or the app. {left} "
        "Mend that and run the same command again."
    ),
    End.STORAGE: (
        "Stopped: nothing more could be written to the run directory, or read from it. {left} Mend "
        "that (is the disk full?) and run the same command again."
    ),
}
"""What is said even where nothing is left; worst first, in the order of the exit codes."""
_SOFT = {
    End.STOPPED: f"Stopped by a signal. {{left}} {_AGAIN}",
    End.LIMIT: f"Stopped at --limit. {{left}} {_AGAIN}",
    End.WINDOW: "Stopped: outside the window of the schedule. {left} Run the same command in it.",
    End.DURATION: f"Stopped after the time a sitting may take. {{left}} {_AGAIN}",
    End.DOWN: f"Stopped: a provider did not answer for too long. {{left}} {_AGAIN}",
    End.LEFT: (
        f"Stopped: the tries are used up for what is left. {{left}} {_AGAIN} If it can never "
        "succeed, `bulkdel close` settles it as failed."
    ),
}
"""What is said where something is left; what a person did first."""
_SIMPLE = {
    End.STOPPED: "stopped by a signal",
    End.LIMIT: "stopped at --limit",
    End.WINDOW: "outside the window of the schedule",
    End.DURATION: "stopped after the time a sitting may take",
}
"""Ends of a whole sitting that need no lane's words."""

_BOTH_NAMED = (
    "Two-way: where the input names a friendship from both sides, the first of its two pairs "
    "removes it and the second is answered as already gone."
)
_BOTH_ASKED = (
    "Every friendship that counts as already gone was asked for from both sides, and both times "
    'the answer was "not a friend".'
)


def exit_code(ending: Ending, books: Books, *, unsettled: int, failed: int) -> int:
    """The exit code of `run`: the highest line of the contract's table that applies.

    Args:
        ending: how the sitting ended.
        books: the input's.
        unsettled: pairs left over all targets.
        failed: pairs that failed over all targets and sittings.
    """
    ends = {lane.end for lane in ending.lanes}
    if books.read == 0:
        return 2
    if End.GUARD in ends:
        return 3
    if End.REFUSED in ends:
        return 77
    if End.STORAGE in ends or unsettled > 0:
        return 75
    return 1 if failed or books.rejected else 0


def summary_exit(ending: Ending, status: Status) -> int:
    """`exit_code` of a status."""
    return exit_code(
        ending,
        status.rows,
        unsettled=sum(max(target.unsettled, 0) for target in status.targets),
        failed=sum(target.failed for target in status.targets),
    )


def verdict(ending: Ending, status: Status) -> str:
    """The sentences that say how it ended and what to do; what matters most comes first."""
    doubt = no_friendships(status)
    return f"{doubt.told} {_ended(ending, status)}" if doubt else _ended(ending, status)


def _ended(ending: Ending, status: Status) -> str:
    if status.rows.read == 0:
        return "The input holds no rows at all: nothing was sent."
    worst = _worst(ending)
    if worst in _HARD:
        return _HARD[worst].format(left=_left(status))
    if status.unsettled <= 0:
        return _finished(status)
    return _SOFT[worst or End.LEFT].format(left=_left(status))


def why(ending: Ending) -> str:
    """The end in a few words, as `status` shows it later; "finished" if every lane has."""
    worst = _worst(ending)
    if worst in _SIMPLE:
        return _SIMPLE[worst]
    told = (
        f"{lane.target}: {lane.words.rstrip('.') or lane.end}"
        for lane in ending.lanes
        if lane.end is not End.FINISHED
    )
    return "; ".join(told) or "finished"


def summary_text(
    status: Status, ending: Ending, width: int, *, command: str, colour: bool = False
) -> str:
    """All that `run` prints at its end; `command` is the command as it was given."""
    return page(_parts(status, ending, command), width, colour=colour)


def _parts(status: Status, ending: Ending, command: str) -> Iterator[RenderableType]:
    code = summary_exit(ending, status)
    doubt = no_friendships(status)
    style = BAD if doubt or code not in (0, 1) else GOOD if code == 0 else TITLE
    yield words(verdict(ending, status), style)
    if doubt:
        yield words(doubt.look)
    spoken = [lane for lane in ending.lanes if lane.words and lane.end is not End.FINISHED]
    if spoken:
        yield facts((lane.target, _said(lane)) for lane in spoken)
    yield words("")
    yield from tables.balance(status)
    yield words("")
    yield tables.calls(status)
    yield from tables.codes(status)
    for remark in remarks(status):
        yield words("")
        yield words(remark)
    yield words("")
    yield facts(_files(status))
    if code not in (0, 1):
        yield words("")
        yield words(f"{_next(code)}:", TITLE)
        yield words(command, indent=2)


def remarks(status: Status) -> tuple[str, ...]:
    """What a person would otherwise take wrongly: where "already gone" may have been ourselves."""
    said = [
        f"{target.name}: {counted(target.lost_answers, 'call')} lost the answer and "
        f"{counted(target.already_gone, unit(status.operation))} {_was(target.already_gone)} "
        "already gone. Some of those may have been deleted by a call of this run whose answer was "
        "lost: in the ledger their lost_answers is above 0."
        for target in status.targets
        if target.already_gone and target.lost_answers
    ]
    said += waiting_sides(status)
    both = status.operation is Operation.DELETE_FRIENDS and status.mode is Mode.TWO_WAY
    if both and any(target.already_gone for target in status.targets):
        said.append(_BOTH_ASKED if status.orient is Orient.FEWEST_CALLS else _BOTH_NAMED)
    return tuple(said)


def _files(status: Status) -> Iterator[tuple[str, str]]:
    at = status.run_dir
    yield "results", plain(str(at / "ledger.jsonl"), 1000)
    if status.rows.rejected:
        yield (
            "rejected rows",
            f"{plain(str(at / 'rejects.jsonl'), 1000)} ({count(status.rows.rejected)})",
        )
    if any(target.failed for target in status.targets):
        failed = f"""grep '"status":"failed"' {quote(str(at / "ledger.jsonl"))}"""
        yield "what failed", plain(failed, 1000)
    yield "log", plain(str(at / "run.log"), 1000)


def _next(code: int) -> str:
    match code:
        case 2:
            return "When the input has rows, run"
        case 3:
            return "If this is as it should be, change the guard in the job file, then run"
        case 77:
            return "When that is mended, run"
        case _:
            return "To continue, run"


def _worst(ending: Ending) -> End | None:
    """The end that speaks for the whole; None if every lane finished."""
    ends = {lane.end for lane in ending.lanes}
    return next((end for end in (*_HARD, *_SOFT) if end in ends), None)


def _left(status: Status) -> str:
    if status.unsettled <= 0:
        return "Nothing is left."
    told = f"{counted(status.unsettled, unit(status.operation))} left"
    open_ones = [target for target in status.targets if target.unsettled > 0]
    if len(status.targets) > 1:
        told += f" ({', '.join(_left_of(target) for target in open_ones)})"
    return f"{told}."


def _left_of(target: TargetStatus) -> str:
    return f"{target.name} {count(target.unsettled)}"


def _finished(status: Status) -> str:
    noun = unit(status.operation)
    failed = sum(target.failed for target in status.targets)
    if not status.rows.pairs:
        told = f"Finished: the input left no {noun} to send"
    elif failed:
        told = f"Finished: every {noun} is settled, but {count(failed)} failed for good"
    else:
        told = f"Finished: every {noun} is settled"
    if status.rows.rejected:
        joint = "and" if failed or not status.rows.pairs else "but"
        rejected = status.rows.rejected
        told += f", {joint} {counted(rejected, 'row')} {_was(rejected)} rejected"
    return f"{told}."


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _said(lane: LaneEnd) -> str:
    return plain(lane.words, 600)
