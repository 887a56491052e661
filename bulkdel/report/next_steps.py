"""What to do next with a run, as values: terminal, page and JSON say the same. Pure.

Whoever follows a step loses nothing: none settles as failed what could still succeed, begins a
second run beside one that goes on, or sends again what was refused before that was put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bulkdel.providers import PROVIDERS
from bulkdel.report.beside import SideStatus, undo_of, verification_of
from bulkdel.report.figures import count, counted
from bulkdel.report.phrases import unit
from bulkdel.report.status import State, Status, TargetStatus
from bulkdel.send.state import Doing, End
from bulkdel.send.view import Ending

FILES_MOST: Final = 4
"""Commands for the targets, or input files, of one kind; the others are named."""
NAMED_MOST: Final = 12
"""Targets that are named; more are counted."""

_CONTINUE: Final = {
    End.STORAGE: "When the disk takes files again (is it full?), to continue:",
    End.GUARD: "If it is as it should be, change the guard in the job file. Then, to continue:",
    End.CANARY: "When what remains or failed is put right, to ask for the canary again:",
    End.REFUSED: "When that is put right, to continue:",
    End.DOWN: "When it answers, to continue:",
    End.LEFT: "To try what is left again:",
    End.WINDOW: "To continue, while the window of the schedule is open:",
    End.LIMIT: "To send the rest:",
}
"""What stands before the command that goes on, the end that decides it first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Something to do: what for, and the command that does it; empty where a person must act."""

    words: str
    command: str = ""


def next_steps(
    status: Status, command: Callable[..., str], *, again: str = ""
) -> Iterator[NextStep]:
    """What to do now, the most pressing first.

    Args:
        status: the run's.
        command: makes a command of a verb and its options.
        again: the command that sends, as it was given; `command` makes it if it is empty.
    """
    again = again or command("run")
    match status.state:
        case State.RUNNING:
            yield NextStep(
                words="To see how it stands, anew every two seconds:",
                command=command("status", "--watch"),
            )
            if any(target.state.doing is Doing.PAUSED for target in status.targets):
                yield NextStep(
                    words="It is paused. To let it send again:", command=command("resume")
                )
        case State.PLANNED:
            yield NextStep(words="To send it (it asks first):", command=again)
        case State.STOPPED if status.unsettled > 0:
            yield from _going_on(status, command, again)
    note = status.beside.backup
    if note is not None and note.is_due(status.at_ms / 1000):
        words = "The time of the backup is over. To destroy it (it asks first):"
        yield NextStep(words=words, command=command("forget"))
    undo = undo_of(status.beside.sides)
    if undo is not None:
        yield from _undoing(status, undo, command)
        return
    yield from _remaining(status, verification_of(status.beside.sides), command)
    if status.failed:
        yield from _export(
            status,
            [target for target in status.targets if target.counters.failed],
            command,
            what="what failed for good",
            chosen="failed",
        )
    yield from _rejects(status, command)
    if closable := _closable(status):
        yield NextStep(words=closable, command=command("close"))
    yield from _asking(status, command)


def steps_after(
    ending: Ending, status: Status, command: Callable[..., str], *, again: str
) -> Iterator[NextStep]:
    """What to do when a sitting has ended so; the rest is as in `next_steps`."""
    if status.unsettled <= 0 and any(lane.end is End.STORAGE for lane in ending.lanes):
        yield NextStep(words=_CONTINUE[End.STORAGE], command=again)  # it ends what was begun
    yield from next_steps(status, command, again=again)


def _undoing(status: Status, undo: SideStatus, command: Callable[..., str]) -> Iterator[NextStep]:
    """Of a run that was undone only the undo goes on."""
    if not undo.is_finished and status.state is not State.RUNNING:
        yield NextStep(words="To put back what is left (it asks first):", command=command("undo"))


def _remaining(
    status: Status, verification: SideStatus | None, command: Callable[..., str]
) -> Iterator[NextStep]:
    """What was found to be there still is first of all that is to be done."""
    if verification is None or not verification.is_finished:
        return
    remain = [one for one in verification.targets if one.counters.already_gone]
    several = len(status.targets) > 1
    for target in remain[:FILES_MOST]:
        at = f" at {target.name}" if several else ""
        file = f"remaining-{target.name}.csv" if several else "remaining.csv"
        options = ("--target", target.name) if several else ()
        yield NextStep(
            words=f"To write what is still there{at} as a file that a new job can read:",
            command=command("export", "--remaining", *options, "--output", file),
        )
    if verification.count("unknown"):
        yield NextStep(
            words="To ask the provider again, since some could not be asked for:",
            command=command("verify", "--remote", "--again"),
        )


def _asking(status: Status, command: Callable[..., str]) -> Iterator[NextStep]:
    """Of a finished run: whether all is really gone, and that there is a way back."""
    gone = status.planned - status.unsettled - status.failed
    if status.state is not State.FINISHED or not gone:
        return
    verification = verification_of(status.beside.sides)
    if verification is None or not verification.is_finished:
        words = "To ask the provider whether it is really gone (changes nothing):"
        yield NextStep(words=words, command=command("verify", "--remote"))
    if status.can_be_put_back:
        words = "If this should not have been deleted, to put it back (it asks first):"
        yield NextStep(words=words, command=command("undo"))


def _going_on(status: Status, command: Callable[..., str], again: str) -> Iterator[NextStep]:
    open_ones = [target for target in status.targets if target.unsettled > 0]
    ends = {target.state.end for target in open_ones}
    kept_out = [one for one in open_ones if one.state.end is End.REFUSED or _advice(one)]
    yield from _mended(kept_out)
    if kept_out or End.DOWN in ends:
        whether = "that is put right" if kept_out else "the provider answers again"
        words = f"To see whether {whether}, with one harmless call to each target:"
        yield NextStep(words=words, command=command("check"))
    if End.GUARD in ends:
        yield NextStep(
            words="A guard of the job file stopped it. Look first at what failed, and why:",
            command=command("status"),
        )
    words = next((said for end, said in _CONTINUE.items() if end in ends), "To continue:")
    yield NextStep(words=words, command=again)
    if End.LEFT in ends:
        stuck = [target for target in open_ones if target.state.end is End.LEFT]
        yield from _export(
            status, stuck, command, what="what is left, with the last answers", chosen="unsettled"
        )


def _mended(targets: Sequence[TargetStatus]) -> Iterator[NextStep]:
    """What to put right: of each target, or of the first where there are many."""
    for target in targets[:FILES_MOST]:
        words = _mend(target)
        if len(targets) > FILES_MOST and target is targets[FILES_MOST - 1]:
            words += f" Likewise for {_names(targets[FILES_MOST:])}."
        yield NextStep(words=words)


def _names(targets: Sequence[TargetStatus]) -> str:
    """Their names, or how many there are."""
    if len(targets) > NAMED_MOST:
        return counted(len(targets), "other target")
    return ", ".join(one.name for one in targets)


def _mend(target: TargetStatus) -> str:
    """What a person must do before a refused target is tried again."""
    code = target.state.code
    advice = _advice(target)
    said = "" if code is None else f" (code {code})"
    what = advice or "look at the app and its credentials in the provider's console"
    where = f"; its key is read from {target.secret}" if target.secret else ""
    how = "was refused" if target.state.end is End.REFUSED else "is not let in"
    return f"{target.name} {how}{said}: {what}{where}."


def _advice(target: TargetStatus) -> str:
    """What the provider's documentation advises for the code that the target ended with."""
    code = target.state.code
    return "" if code is None else PROVIDERS[target.provider_key].advice(code)


def _export(
    status: Status,
    targets: Sequence[TargetStatus],
    command: Callable[..., str],
    *,
    what: str,
    chosen: str,
) -> Iterator[NextStep]:
    """A list for each target: what is settled at one may not be so at another."""
    several = len(status.targets) > 1
    shown = targets[: FILES_MOST if len(targets) <= NAMED_MOST else 1]
    for target in shown:
        at = f" at {target.name}" if several else ""
        file = f"{chosen}-{target.name}.csv" if several else f"{chosen}.csv"
        options = ("--target", target.name) if several else ()
        words = f"To list {what}{at}, as a file that a new job can read:"
        if len(targets) > len(shown) and target is shown[-1]:
            words = f"{words[:-1]} (and likewise for {_names(targets[len(shown) :])}):"
        yield NextStep(
            words=words,
            command=command("export", "--status", chosen, *options, "--full", "--output", file),
        )


def _rejects(status: Status, command: Callable[..., str]) -> Iterator[NextStep]:
    shown = status.rejects[:FILES_MOST]
    for number, file in enumerate(shown, 1):
        several = len(status.rejects) > 1
        options = ("--source", file.source) if several else ()
        name = f"rejected-{number}.{file.suffix}" if several else f"rejected.{file.suffix}"
        words = "To get the rejected rows as they were, to correct them and make a job of them:"
        if several:
            more = f", {count(number)} of {count(len(status.rejects))} input files"
            words = f"{words[:-1]}{more}:"
        yield NextStep(
            words=words, command=command("export", "--rejects", *options, "--output", name)
        )


def _closable(status: Status) -> str:
    """What `close` would do, where nothing is left but what may be refused for ever; else empty."""
    if status.state is not State.STOPPED or status.unsettled <= 0:
        return ""
    codes = []
    for target in status.targets:
        lasting = target.may_last
        if target.unsettled != sum(one.pairs for one in lasting) or target.never_sent:
            return ""
        if target.unsettled and target.state.end is not End.LEFT:
            return ""
        codes += [str(one.code) for one in lasting]
    pairs = counted(status.unsettled, unit(status.operation))
    return (
        f"If no later try can succeed, to settle the {pairs} that are left as failed, for good "
        f"(last answered with {', '.join(dict.fromkeys(codes))}, which is not documented here; it "
        "asks first):"
    )
