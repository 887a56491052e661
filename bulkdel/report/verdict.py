"""The verdict of a run: how it stands, how good that is, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bulkdel.report.beside import SideStatus, undo_of, verification_of
from bulkdel.report.beside_words import name_of, results, scope, side_words
from bulkdel.report.figures import count, counted, percent, sentence, span
from bulkdel.report.lane_words import lane_words
from bulkdel.report.no_friendships import NoFriendships, no_friendships
from bulkdel.report.phrases import unit
from bulkdel.report.status import State, Status, TargetStatus, finished_words, wrongs
from bulkdel.report.tone import Tone
from bulkdel.send.state import OVER, Doing

NAMED_MOST: Final = 6
"""Targets that a sentence names; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunVerdict:
    """What is said of a run before all else; terminal, page and JSON say it from this value.

    Attributes:
        headline: one sentence. detail: what explains it; may be empty.
        wrongs: in what way the books do not balance, a sentence each; empty if they do.
        no_friendships: where nearly nothing of what was asked was a friendship.
    """

    tone: Tone
    headline: str
    detail: str
    wrongs: tuple[str, ...] = ()
    no_friendships: NoFriendships | None = None


def run_verdict(status: Status) -> RunVerdict:
    """The verdict of a run: wrong books outweigh a doubtful success, that outweighs the state.

    Of a run that was undone, that is said before all its own figures; of one of which something is
    found to be there still, that is said with them.
    """
    doubt, wrong = no_friendships(status), wrongs(status)
    if undo_of(status.beside.sides) is not None:
        doubt = None  # what was put back shows what there was
    usual = _with_beside(status, _usual(status))
    tone, headline, detail = usual.tone, usual.headline, usual.detail
    if wrong:
        tone = Tone.BAD
        headline = "The books do not balance: do not rely on these numbers."
        detail = " ".join(f"{one[:1].upper()}{one[1:]}." for one in wrong)
    elif doubt:
        tone, headline = Tone.BAD, doubt.sentence
        detail = f"{usual.headline} {usual.detail}".rstrip() + f" {doubt.look}"
    return RunVerdict(
        tone=tone, headline=headline, detail=detail, wrongs=wrong, no_friendships=doubt
    )


def left_by_target(status: Status) -> str:
    """How many pairs are left of which target, in brackets; empty where there is one target."""
    if len(status.targets) == 1:
        return ""
    open_ones = [target for target in status.targets if target.unsettled > 0]
    if len(open_ones) > NAMED_MOST:
        return f" (of {counted(len(open_ones), 'target')})"
    return f" ({', '.join(f'{one.name} {count(one.unsettled)}' for one in open_ones)})"


def _usual(status: Status) -> RunVerdict:
    """The verdict of a run whose books balance and whose pairs were friendships."""
    match status.state:
        case State.PLANNED:
            pairs = counted(status.rows.pairs, unit(status.operation))
            return RunVerdict(
                tone=Tone.MIXED,
                headline="Planned. Nothing was sent yet.",
                detail=f"{pairs} at {_targets(status)}.",
            )
        case State.RUNNING:
            return _running(status)
        case State.STOPPED:
            return RunVerdict(
                tone=Tone.BAD,
                headline=f"Stopped with work left: {_settled_share(status)} is settled.",
                detail=f"{_left(status)}. {sentence(status.reason, 600)}",
            )
        case State.FINISHED:
            return _finished(status)


def _with_beside(status: Status, own: RunVerdict) -> RunVerdict:
    """The verdict with what the runs beside the run have to say of it."""
    undo, verification = undo_of(status.beside.sides), verification_of(status.beside.sides)
    at_work = next((one for one in status.beside.sides if one.at_work), None)
    if at_work is not None and all(one.state.doing is not Doing.SENDING for one in status.targets):
        share = percent(at_work.pairs - at_work.unsettled, at_work.pairs)
        headline = f"Running: the {name_of(at_work)} is at {share}."
        left = f"{_left(status)} of the run itself." if status.unsettled > 0 else ""
        return RunVerdict(tone=Tone.MIXED, headline=headline, detail=left)
    if undo is not None:
        return _undone(undo, own)
    if verification is None or not verification.is_finished or not verification.pairs:
        return own
    return _verified(status, verification, own)


def _undone(undo: SideStatus, own: RunVerdict) -> RunVerdict:
    """What was deleted is there again, as far as it could be; nothing more of the run is sent."""
    detail = (
        f"Nothing more of it is sent: a new run begins with --run-dir. Before that: {own.headline}"
    )
    if undo.is_finished:
        tone = Tone.BAD if undo.count("failed") else Tone.MIXED
        return RunVerdict(tone=tone, headline=f"Undone: {results(undo)}.", detail=detail)
    headline = f"Undone in part: {side_words(undo)}."
    return RunVerdict(tone=Tone.BAD, headline=headline, detail=detail)


def _verified(status: Status, verification: SideStatus, own: RunVerdict) -> RunVerdict:
    """What the provider answered when it was asked what is there."""
    asked = f"The provider was asked for {scope(verification)}: {results(verification)}."
    deleted = status.planned - status.unsettled - status.failed
    if deleted > sum(verification.origin.population):
        later = counted(deleted - sum(verification.origin.population), unit(status.operation))
        asked += f" {later} came after that."
    remains, tone, headline = verification.count("remains"), own.tone, own.headline
    before = own.detail
    if remains:
        before = "" if status.state is State.FINISHED else before  # it says what was answered then
        tone = Tone.BAD
        found = counted(remains, unit(status.operation))
        there = "are there still" if remains > 1 else "is there still"
        headline = f"{own.headline.rstrip('.')}, but {found} that should be gone {there}."
    elif verification.count("unknown") and tone is Tone.GOOD:
        tone = Tone.MIXED
    return RunVerdict(tone=tone, headline=headline, detail=f"{before} {asked}".lstrip())


def _finished(status: Status) -> RunVerdict:
    noun, rejected = unit(status.operation), status.rows.rejected
    if status.rows.pairs and not status.failed and not rejected:
        pairs = counted(status.rows.pairs, noun)
        every = f"all {pairs}" if status.rows.pairs > 1 else f"the {noun}"
        return RunVerdict(
            tone=Tone.GOOD,
            headline=f"Finished: {every} settled, nothing failed.",
            detail=f"Every one is deleted or was already gone at {_targets(status)}.",
        )
    words, whole = finished_words(status), status.planned
    good = f"{count(whole - status.failed)} of {count(whole)} results are deleted or already gone."
    return RunVerdict(tone=Tone.MIXED, headline=f"Finished: {words}.", detail=good if whole else "")


def _running(status: Status) -> RunVerdict:
    """While a process works on it: whether anything is sent, and else why not."""
    share, left = _settled_share(status), f"{_left(status)}."
    open_ones = [target for target in status.targets if target.unsettled > 0]
    if any(target.state.doing is Doing.SENDING for target in open_ones) or not open_ones:
        time = f" About {span(status.left_s)} to go." if status.left_s else ""
        return RunVerdict(
            tone=Tone.MIXED, headline=f"Running: {share} is settled.", detail=f"{left}{time}"
        )
    doings = {target.state.doing for target in open_ones}
    if doings == {Doing.PAUSED}:
        what = "Paused"
    elif doings <= set(OVER):
        what = "Stopping"
    elif doings <= {Doing.OPENING, Doing.STARTING, Doing.PLANNED}:
        what = "Starting"
    elif doings == {Doing.WINDOW}:
        what = "Waiting for the window of the schedule"
    elif doings == {Doing.CANARY}:
        what = "Waiting behind the canary"
    else:
        what = "Running, but nothing is sent now"
    said = _each(open_ones, status.at_ms)
    return RunVerdict(
        tone=Tone.MIXED if what == "Starting" else Tone.BAD,
        headline=f"{what}: {share} is settled.",
        detail=f"{left} {'. '.join(said)}.",
    )


def _each(targets: Sequence[TargetStatus], at_ms: int) -> list[str]:
    """What each is doing; targets of which the same is said share it, and many are counted."""
    whose: dict[str, list[str]] = {}
    for target in targets:
        whose.setdefault(lane_words(target.lane, at_ms).words, []).append(target.name)
    return [
        f"{', '.join(names) if len(names) <= NAMED_MOST else counted(len(names), 'target')}: {said}"
        for said, names in list(whose.items())[:NAMED_MOST]
    ]


def _settled_share(status: Status) -> str:
    return percent(status.planned - status.unsettled, status.planned)


def _left(status: Status) -> str:
    return f"{counted(status.unsettled, unit(status.operation))} left{left_by_target(status)}"


def _targets(status: Status) -> str:
    if len(status.targets) > NAMED_MOST:
        return counted(len(status.targets), "target")
    *others, last = (target.name for target in status.targets)
    return f"{', '.join(others)} and {last}" if others else last
