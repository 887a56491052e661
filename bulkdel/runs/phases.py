"""What a run sends, in its order: a backup, a canary, what the provider says of it, the rest.

    plan, agreement ─▶ backup ─▶ canary ─▶ asked ─▶ let on ─▶ the rest
                          └── each is gone on with where a stop or a kill left it ──┘

The order is here alone; whoever carries the steps out, at a terminal or in a program, is told what
came of each. Nothing is deleted before the backup is whole, and nothing but the canary before it
was asked for and let on.

What plans the runs beside it is imported only where there are any: a run without them goes on at
once.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from bulkdel.job.beside import Then
from bulkdel.job.job import Canary, Job
from bulkdel.plan.values import PlanMeta
from bulkdel.report.canary import CanaryTarget, canary_faults, canary_lines
from bulkdel.report.figures import counted
from bulkdel.report.phrases import unit
from bulkdel.runs import canary
from bulkdel.runs.beside import Side, held_side
from bulkdel.runs.circumstances import user_name
from bulkdel.runs.notes import CanaryNote, keep_canary
from bulkdel.runs.run import Run
from bulkdel.runs.seams import Say
from bulkdel.runs.side_status import look_beside
from bulkdel.send.selection import Selection
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import End, Ending, LaneEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send with `run`, which is the run itself (`own`) or one beside it; see `Run.send`."""

    run: Run
    meta: PlanMeta
    own: bool = False
    selection: Selection | None = None
    limit: int | None = None
    used_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Wait for this moment, Unix milliseconds, for at most `bound_s` if that is given.

    Attributes:
        state: what every target does meanwhile.
    """

    until_ms: int
    bound_s: float | None
    state: LaneState


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask somebody whether what is left, `pairs`, may follow the canary that went so."""

    targets: tuple[CanaryTarget, ...]
    pairs: int


_OF_ALL: Final = frozenset({End.STOPPED, End.WINDOW, End.DURATION})
"""Ends that mean the same in every phase."""

Step: TypeAlias = Send | Wait | Ask
Phases: TypeAlias = Generator[Step, Ending | None, Ending]
"""Gives one step after the other, and takes what came of it: for a Send how it ended; for the
others None where the run may go on, else how it ends. Returns how all of it ended."""


def following(steps: Phases, came: Ending | None) -> Step | Ending:
    """The step that follows when this `came` of the last one; or how all of it ended.

    Raises:
        BulkdelError: as `phases`.
    """
    try:
        return steps.send(came)
    except StopIteration as over:
        ending: Ending = over.value
        return ending


def all_ended(job: Job, end: End, words: str) -> Ending:
    """All targets of a job ended alike."""
    lanes = (LaneEnd(target=one.name, end=end, words=words) for one in job.targets)
    return Ending(lanes=tuple(lanes))


@dataclass(slots=True, kw_only=True)
class _Going:
    """What the phases of a command share."""

    job: Job
    run: Run
    meta: PlanMeta
    say: Say
    limit: int | None
    go_on: bool
    began_s: float = field(default_factory=time.monotonic)

    @property
    def used_s(self) -> float:
        """Seconds of max_duration that are used."""
        return time.monotonic() - self.began_s

    @property
    def left_s(self) -> float | None:
        """Seconds of max_duration that are left; None where there is no bound."""
        bound = self.job.schedule.max_duration_s
        return None if bound is None else max(0.0, bound - self.used_s)

    def ended(self, end: End, words: str) -> Ending:
        """All targets ended alike."""
        return all_ended(self.job, end, words)


def phases(
    job: Job, run: Run, meta: PlanMeta, *, say: Say, limit: int | None = None, go_on: bool = False
) -> Phases:
    """What is to be sent of an opened run, step by step; close it where it is left before its end.

    Args:
        job: whose run.
        run: with its plan and journal open.
        meta: its plan's.
        say: takes what phase begins, for a person.
        limit: pairs of the run to settle this time; None means all.
        go_on: whether a canary that went as it should is let on without a question.

    Raises:
        BulkdelError: a run beside it cannot be planned, read or written.
    """
    going = _Going(job=job, run=run, meta=meta, say=say, limit=limit, go_on=go_on)
    kept: Selection | None = None
    if job.backup.enabled and run.unsettled:
        stopped = yield from _backed_up(going)
        if stopped is not None:
            return stopped
        from bulkdel.runs.kept_back import kept_back

        kept = kept_back(job, meta)
    if job.canary is not None:
        stopped = yield from _canary(going, job.canary, kept)
        if stopped is not None:
            run.note_ended(stopped)
            return stopped
    if not run.unsettled:
        return going.ended(End.FINISHED, "")
    if going.limit == 0:
        return going.ended(End.LIMIT, "the limit is reached")
    return _ended((yield _own(going, kept)))


def _own(going: _Going, selection: Selection | None) -> Send:
    """What deletes; the run refuses it before the backup is whole."""
    return Send(
        run=going.run,
        meta=going.meta,
        own=True,
        selection=selection,
        limit=going.limit,
        used_s=going.used_s,
    )


def _ended(came: Ending | None) -> Ending:
    """What came of a Send."""
    if came is None:
        raise AssertionError("a sending ends somehow")
    return came


def _backed_up(going: _Going) -> Generator[Step, Ending | None, Ending | None]:
    """Has all of the backup pulled; how it ended where it is not whole then."""
    from bulkdel.runs.backup import backup_sides, finish_backup, prepare_backup

    fence = going.run.ownership.fence
    fence()
    prepare_backup(going.job, going.meta)
    for side in backup_sides(going.job, fence):
        if not _is_finished(going, side):
            going.say(f"Pulling the backup, into {side.folder}/, before anything is deleted.")
        what = "waits for the backup, before which nothing is deleted"
        stopped = yield from _beside(going, side, what)
        if stopped is not None:
            return stopped
    fence()
    finish_backup(going.job)
    return None


def _canary(
    going: _Going, table: Canary, kept: Selection | None
) -> Generator[Step, Ending | None, Ending | None]:
    """Has the canary sent, asked for and let on; how it ended where the rest may not follow."""
    job, meta = going.job, going.meta
    if not going.run.unsettled and not canary.is_open(job, meta):
        return None
    going.run.ownership.fence()
    note = canary.current_note(job, meta, table)
    if note.let_on:
        return None
    from bulkdel.runs.verification import verification_side

    accounts = canary.drawn(job, meta, note)
    # What asks for it is planned once all of it is settled.
    if going.run.unsettled and look_beside(job.run_dir, note.folder) is None:
        stopped = yield from _canary_sent(going, note, accounts, kept)
        if stopped is not None:
            return stopped
    side = verification_side(job, folder=note.folder, accounts=canary.accounts_of(meta, accounts))
    if not _is_finished(going, side):
        again = "" if note.folder == "canary" else " again"
        going.say(f"Asking the provider{again} whether what the canary deleted is gone.")
    stopped = yield from _beside(going, side, "nothing else is sent before the canary is asked for")
    if stopped is not None:
        return stopped
    asked = look_beside(job.run_dir, note.folder)
    if asked is None:
        raise AssertionError("the canary was asked for, and is not there")
    targets = canary.canary_targets(job, meta, accounts, asked)
    if faults := canary_faults(targets, table.max_failed, job.operation):
        whose = f"waits for the canary of {', '.join(faults)}"
        return Ending(
            lanes=tuple(
                LaneEnd(target=one.name, end=End.CANARY, words=faults[one.name])
                if one.name in faults
                else LaneEnd(target=one.name, end=End.KEPT_BACK, words=whose)
                for one in job.targets
            )
        )
    return (yield from _let_on(going, table, note, targets))


def _canary_sent(
    going: _Going,
    note: CanaryNote,
    accounts: tuple[frozenset[str], ...],
    kept: Selection | None,
) -> Generator[Step, Ending | None, Ending | None]:
    """Has the canary's pairs sent and nothing else; how it ended where not all are settled."""
    whose = counted(max(map(len, accounts)), "account")
    going.say(f"The canary first: the pairs of {whose} drawn at random (seed {note.seed}).")
    before = going.run.unsettled
    ending = _ended((yield _own(going, canary.CanarySelection(accounts, kept))))
    if going.limit is not None:
        going.limit = max(0, going.limit - (before - going.run.unsettled))
    if all(lane.end in {End.FINISHED, End.KEPT_BACK} for lane in ending.lanes):
        return None
    return ending


def _let_on(
    going: _Going, table: Canary, note: CanaryNote, targets: tuple[CanaryTarget, ...]
) -> Generator[Step, Ending | None, Ending | None]:
    """Has a canary that went as it should let on; how it ended where that did not happen."""
    job, left = going.job, going.run.unsettled
    going.run.ownership.fence()
    if note.asked_ms is None:
        note = replace(note, asked_ms=time.time_ns() // 1_000_000)
        keep_canary(job.run_dir, note)
    for line in canary_lines(targets, job.operation):
        going.say(f"The canary of {line}.")
    stopped, how = None, "go"
    if going.go_on:
        how = "option"
    elif left and table.then is Then.ASK:
        how, stopped = "typed", (yield Ask(targets=targets, pairs=left))
    elif left and not isinstance(table.then, Then):
        until_ms = (note.asked_ms or 0) + round(table.then * 1000)
        state = LaneState(doing=Doing.CANARY, since_ms=note.asked_ms, until_ms=until_ms)
        how, stopped = "time", (yield Wait(until_ms=until_ms, bound_s=going.left_s, state=state))
    if stopped is not None:
        return stopped
    going.run.ownership.fence()  # the question, or the time, took long
    canary.let_on(job, note, how, user_name())
    if left:
        going.say(f"The rest: {counted(left, unit(job.operation))}.")
    return None


def _beside(
    going: _Going, side: Side, meanwhile: str
) -> Generator[Step, Ending | None, Ending | None]:
    """Has what is left of a run beside the run sent; how it ended where something is left then.

    `meanwhile` says of targets at which nothing is left that they wait, and for what.
    """
    with held_side(going.job, side, going.run) as beside:
        meta = beside.open()
        if not beside.unsettled:
            return None
        ending = _ended((yield Send(run=beside, meta=meta, used_s=going.used_s)))
        ending = beside.give_up(ending)
        if not beside.unsettled:
            return None
    lanes = []
    for lane in ending.lanes:
        if lane.end is End.FINISHED:
            lanes.append(replace(lane, end=End.KEPT_BACK, words=meanwhile))
        elif lane.end in _OF_ALL:
            lanes.append(lane)
        else:
            lanes.append(replace(lane, words=f"{side.folder}: {lane.words}"))
    return Ending(lanes=tuple(lanes))


def _is_finished(going: _Going, side: Side) -> bool:
    """Whether nothing is left of a run beside the run."""
    status = look_beside(going.job.run_dir, side.folder)
    return status is not None and status.is_finished
