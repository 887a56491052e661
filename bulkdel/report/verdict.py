"""A report's first words: how the run stands, how good that is, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bulkdel.report.facts import Findings
from bulkdel.report.figures import count, counted, percent, plain, span
from bulkdel.report.no_friendships import no_friendships
from bulkdel.report.phrases import unit
from bulkdel.report.status import State, Status, wrongs


class Tone(StrEnum):
    """How good it is; the page's style knows these."""

    GOOD = "good"  #: all is as it should be
    MIXED = "mixed"  #: done, and something wants a look; or not done yet
    BAD = "bad"  #: somebody must act


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The verdict: one sentence, and one more that explains it; the second may be empty."""

    tone: Tone
    headline: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do: what for, and the command that does it."""

    words: str
    command: str


def told(status: Status) -> Told:
    """The verdict of a run."""
    if wrongs(status):
        return Told(
            tone=Tone.BAD,
            headline="The books do not balance: do not rely on these numbers.",
            detail=" ".join(f"{one[:1].upper()}{one[1:]}." for one in wrongs(status)),
        )
    usual = _told(status)
    if (doubt := no_friendships(status)) is None:
        return usual
    detail = f"{doubt.look} {usual.headline} {usual.detail}".rstrip()
    return Told(tone=Tone.BAD, headline=doubt.told, detail=detail)


def _told(status: Status) -> Told:
    noun = unit(status.operation)
    match status.state:
        case State.PLANNED:
            return Told(
                tone=Tone.MIXED,
                headline="Planned. Nothing was sent yet.",
                detail=f"{counted(status.rows.pairs, noun)} at {_targets(status)}.",
            )
        case State.RUNNING:
            left = status.left_s
            time = f" About {span(left)} to go." if left else ""
            return Told(
                tone=Tone.MIXED,
                headline=f"Running: {_share(status)} is settled.",
                detail=f"{_left(status)} left.{time}",
            )
        case State.STOPPED:
            return Told(
                tone=Tone.BAD,
                headline=f"Stopped with work left: {_share(status)} is settled.",
                detail=f"{_left(status)} left. {_sentence(status.reason)}",
            )
        case State.FINISHED:
            return _finished(status, noun)


def next_steps(findings: Findings, command: Callable[..., str]) -> Iterator[Step]:
    """What to do now, the most pressing first; `command` is told a verb and its options."""
    status = findings.status
    failed = sum(target.failed for target in status.targets)
    if status.state is State.RUNNING:
        yield Step(words="To see how it stands from minute to minute:", command=command("status"))
    elif status.unsettled > 0:
        words = "To send it:" if status.state is State.PLANNED else "To continue where it stopped:"
        yield Step(words=words, command=command("run"))
    if failed:
        yield Step(
            words="To list what failed for good, with the provider's reasons:",
            command=command("export", "--status", "failed", "--full", "--output", "failed.csv"),
        )
    if status.rows.rejected:
        yield Step(
            words="To get the rejected rows as they were, mend them, and make a job of them:",
            command=command("export", "--rejects", "--output", f"rejected.{findings.input_format}"),
        )
    if status.state is State.STOPPED and status.unsettled > 0:
        yield Step(
            words="To list what is left, as the input of another job:",
            command=command("export", "--status", "unsettled", "--output", "unsettled.csv"),
        )


def _finished(status: Status, noun: str) -> Told:
    failed = sum(target.failed for target in status.targets)
    rejected = status.rows.rejected
    if not status.rows.pairs:
        return Told(
            tone=Tone.MIXED,
            headline=f"Finished: the input left no {noun} to send.",
            detail=f"{counted(rejected, 'row')} rejected." if rejected else "",
        )
    pairs = counted(status.rows.pairs, noun)
    if not failed and not rejected:
        every = f"all {pairs}" if status.rows.pairs > 1 else f"the {noun}"
        return Told(
            tone=Tone.GOOD,
            headline=f"Finished: {every} settled, nothing failed.",
            detail=f"Every one is deleted or was already gone at {_targets(status)}.",
        )
    but = []
    if failed:
        but.append(f"{count(failed)} failed for good")
    if rejected:
        but.append(f"{counted(rejected, 'row')} {'was' if rejected == 1 else 'were'} rejected")
    whole = sum(target.pairs for target in status.targets)
    return Told(
        tone=Tone.MIXED,
        headline=f"Finished: every {noun} is settled, but {' and '.join(but)}.",
        detail=f"{count(whole - failed)} of {count(whole)} results are deleted or already gone.",
    )


def _share(status: Status) -> str:
    whole = sum(target.pairs for target in status.targets)
    return percent(whole - status.unsettled, whole)


def _left(status: Status) -> str:
    open_ones = [target for target in status.targets if target.unsettled > 0]
    left = counted(status.unsettled, unit(status.operation))
    if len(status.targets) > 1:
        left += f" ({', '.join(f'{one.name} {count(one.unsettled)}' for one in open_ones)})"
    return left


def _targets(status: Status) -> str:
    names = [target.name for target in status.targets]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sentence(text: str) -> str:
    return text[:1].upper() + plain(text[1:], 600).rstrip(".") + "."
