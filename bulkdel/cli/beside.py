"""One sitting of a run beside a run, from its plan to its end: backup, verification, undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import structlog

from bulkdel import files
from bulkdel.cli import streams
from bulkdel.cli.sending import as_said, before_sending, send
from bulkdel.cli.signals import Stopping, stopping
from bulkdel.errors import BulkdelError, Exit, NothingToDo
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Consent
from bulkdel.plan.values import PlanMeta
from bulkdel.report.beside import SideStatus, together
from bulkdel.report.ending import exit_code
from bulkdel.runs import log
from bulkdel.runs.beside import Side, SideRun, ended, held_side
from bulkdel.runs.failures import leaf, nothing_sent
from bulkdel.runs.names import names_of
from bulkdel.runs.run import held_run
from bulkdel.runs.shards import parts_of
from bulkdel.runs.side_status import look_beside
from bulkdel.send.selection import Selection
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Errand


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEnd:
    """How a sitting of a run beside a run left it.

    Attributes:
        exit_code: as of `run`, for the books of the run beside.
    """

    status: SideStatus
    ending: Ending
    exit_code: Exit


def sit_over(
    job: Job,
    sides: Sequence[tuple[Job, Side]],
    sit: Callable[[Job, Side], SideEnd],
    *,
    quiet: bool,
) -> SideEnd:
    """One sitting of each run beside a part of the run of `job`, one after another, and the whole.

    What a signal, a failing disk or an error of bulkdel's own has stopped ends all of it; what a
    provider refuses, or does not answer, ends that part alone.

    Args:
        job: the run's.
        sides: each part of it with what goes beside that; all in folders of one name.
        sit: carries out one of them.
        quiet: whether no progress is shown.

    Raises:
        BulkdelError: with the exit code; what was settled is kept.
    """
    if [part for part, _ in sides] == [job]:
        return sit(*sides[0])
    lanes: list[LaneEnd] = []
    for at, (part, side) in enumerate(sides, 1):
        if not quiet:
            streams.say(f"Shard {part.run_dir.name}, {at} of {len(sides)} ...")
        lanes += sit(part, side).ending.lanes
        if any(lane.end in WHOLE for lane in lanes):
            break
    return side_end(job, sides[0][1].folder, Ending(lanes=tuple(lanes)))


def plan_over(
    sides: Sequence[tuple[Job, Side]], prepare: Callable[[Job], None] = lambda _: None
) -> list[tuple[Job, Side, PlanMeta]]:
    """Plans each run beside a part of a run that is cut, before any is sent: all of one moment.

    Returns those of which there is something to do. `prepare` is told each part once that is held.

    Raises:
        WrongInput: there is nothing to do for any of them; as the part says it that was asked last.
    """
    planned, nothing = [], NothingToDo("there is nothing to do for any shard")
    for part, side in sides:
        try:
            with held_run(part):
                prepare(part)
                with held_side(part, side) as beside:
                    planned.append((part, side, beside.open()))
        except NothingToDo as error:
            nothing = error
    if not planned:
        raise nothing
    return planned


def sit_beside(
    job: Job,
    side: Side,
    command: str,
    agree: Callable[[PlanMeta, SideRun], Consent] | None = None,
    selection: Selection | None = None,
    *,
    quiet: bool,
    prepare: Callable[[], None] = lambda: None,
    carry_out: Callable[[SideRun, PlanMeta, Stopping], Ending] | None = None,
) -> SideEnd:
    """One sitting of the run beside `job`'s own, whose directory is held meanwhile.

    Args:
        job: the run's.
        side: what is done.
        command: as it was given, for the log.
        agree: is asked before anything is sent, where something is left; None asks nobody.
        selection: which of its plan is sent; None means all.
        quiet: whether no progress is shown.
        prepare: is called once the run is held, before anything of the run beside it is opened.
        carry_out: sends what is left, where that is more than one step; None sends it.

    Raises:
        BulkdelError: with the exit code; what was settled is kept.
    """
    with ExitStack() as stack:
        watch = stack.enter_context(stopping(before_sending))
        stack.enter_context(held_run(job))
        with nothing_sent():
            prepare()
        beside = stack.enter_context(held_side(job, side))
        at = job.run_dir / side.folder / files.LOG
        with nothing_sent():
            stack.enter_context(log.logging_to(at, warn=_warn, names=names_of(job, make=True)))
        events = structlog.get_logger()
        events.info(log.COMMAND_STARTED, command=command, **log.process_values())
        try:
            meta = beside.open()
            if beside.unsettled and agree is not None:
                beside.agree(agree(meta, beside))
            if carry_out is not None:
                ending = carry_out(beside, meta, watch)
            else:
                ending = send_side(beside, meta, watch, selection=selection, quiet=quiet)
        except Exception as error:
            cause = as_said(leaf(error), watch)  # tasks raise in groups
            if isinstance(cause, BulkdelError):
                events.error(log.COMMAND_ENDED, exit=cause.exit_code, said=str(cause))
                raise cause from error
            events.exception(log.COMMAND_CRASHED, exc_info=error)
            raise
    return side_end(job, side.folder, ending)


def send_side(
    beside: SideRun,
    meta: PlanMeta,
    watch: Stopping,
    *,
    quiet: bool,
    selection: Selection | None = None,
) -> Ending:
    """Sends what is left of an opened run beside a run; nothing where nothing is."""
    if not beside.unsettled:
        return ended(meta)
    return beside.give_up(send(beside, meta, watch, quiet=quiet, selection=selection))


def side_end(job: Job, folder: str, ending: Ending) -> SideEnd:
    """How the runs in this folder, of all parts of the run, stand after a sitting that ended so."""
    looked = [look_beside(part.run_dir, folder) for part in parts_of(job)]
    sides = [one for one in looked if one is not None]
    if not sides:
        raise AssertionError(f"{folder} was sent, and is not there")
    status = together(sides, [target.name for target in job.targets])
    counters = [target.counters for target in status.targets]
    failed = sum(one.failed for one in counters)
    if status.errand in {Errand.ASK, Errand.ASK_LIST}:
        failed += sum(one.already_gone for one in counters)  # what remains
    code = exit_code(ending, None, unsettled=status.unsettled, failed=failed)
    return SideEnd(status=status, ending=ending, exit_code=code)


WHOLE: Final = (End.STOPPED, End.STORAGE, End.CRASHED)
"""What stops one target's calls and ends the command."""


def _warn(words: str) -> None:
    streams.say(f"Warning: {words}.")
