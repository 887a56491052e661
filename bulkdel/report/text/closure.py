"""What a person is shown before the rest of a run is settled as failed, and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from bulkdel import files
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.next_steps import NextStep
from bulkdel.report.phrases import unit
from bulkdel.report.status import Status
from bulkdel.report.text import tables
from bulkdel.report.text.layout import BAD, TITLE, facts, page, steps, words
from bulkdel.report.verdict import run_verdict


def closing_text(status: Status, width: int, *, colour: bool = False) -> str:
    """What would be settled as failed: how many pairs of which target, with which codes."""
    return page(_parts(status), width, colour=colour)


def question(status: Status) -> str:
    """The question at the end, for one line of a terminal."""
    pairs = counted(status.unsettled, unit(status.operation))
    never = f", {count(number)} of them never sent" if (number := never_sent(status)) else ""
    return f"Settle {pairs} as failed{never}? Type yes: "


def closed_text(status: Status, width: int, *, next_steps: Sequence[NextStep] = ()) -> str:
    """What was done."""
    return page(_done(status, next_steps), width)


def never_sent(status: Status) -> int:
    """Pairs left that were never asked for, or from one side of two only."""
    return sum(target.never_sent + target.half_asked for target in status.targets)


def still_hopeful(status: Status) -> int:
    """Pairs left that a later try may settle: all but those that may be refused for ever."""
    lasting = sum(one.pairs for target in status.targets for one in target.may_last)
    return max(never_sent(status), status.unsettled - lasting)


def _parts(status: Status) -> Iterator[RenderableType]:
    noun = unit(status.operation)
    yield words(f"{plain(status.job)}: {counted(status.unsettled, noun)} left.", TITLE)
    never = never_sent(status)
    if never:
        yield words(
            f"{count(never)} OF THEM WERE NEVER SENT: a run that is continued sends them, and they "
            "can still be deleted.",
            BAD,
        )
    if (passing := still_hopeful(status) - never) > 0:
        yield words(
            f"{count(passing)} had no answer, or one that passes (a timeout, a limit, refused "
            "credentials): a run that is continued tries them again.",
            BAD,
        )
    yield words(
        "Closing settles them all as failed, for good: nothing more is sent for them by this run.",
        BAD,
    )
    yield from tables.unsettled_codes(status)


def _done(status: Status, next_steps: Sequence[NextStep]) -> Iterator[RenderableType]:
    verdict = run_verdict(status)
    yield from tables.doubt(status.job, verdict)
    yield words(f"{plain(status.job)}: finished. {count(status.failed)} failed in all.", TITLE)
    yield words("")
    yield from tables.balance(status, verdict.wrongs)
    yield words("")
    yield facts([("results", plain(str(status.run_dir / files.LEDGER), 1000))])
    yield from steps((one.words, one.command) for one in next_steps)
