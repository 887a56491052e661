"""One sitting of `run`, from the plan to the summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from bulkdel import files
from bulkdel.cli import ask, streams
from bulkdel.cli.options import command_for
from bulkdel.cli.sending import NotAgreed, as_said, before_sending
from bulkdel.cli.signals import Stopping, stopping
from bulkdel.cli.steps import Carried, carry_out
from bulkdel.errors import BulkdelError, Exit, Guarded, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.plan.values import PlanMeta
from bulkdel.report.doubts import guards_that_guard_nobody, too_many, warnings
from bulkdel.report.ending import sitting_verdict
from bulkdel.report.figures import counted
from bulkdel.report.next_steps import steps_after
from bulkdel.report.phrases import unit
from bulkdel.report.run_json import run_json
from bulkdel.report.status import Status
from bulkdel.report.text.confirm import confirm_text, is_real, question
from bulkdel.report.text.summary import summary_text
from bulkdel.runs import log
from bulkdel.runs.canary import is_open
from bulkdel.runs.failures import leaf, machine_words, nothing_sent, unexpected
from bulkdel.runs.names import names_of
from bulkdel.runs.notes import agreed_before, keep_agreed
from bulkdel.runs.observers import Observers, Watch, observers
from bulkdel.runs.phases import all_ended, phases
from bulkdel.runs.run import Run, held_run
from bulkdel.send.view import End, Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of `run`.

    Attributes:
        go_on: whether a canary that is as it should be is let on without a question.
        command: as it was given. rest: the one that goes on behind --limit.
        commands: makes any command that belongs to the job, of a verb and its options.
        json: whether the end is told as JSON.
        processes: that send, of a job that is cut into shards; None: as many as there are cores.
        worker: whether it is one of many that begin by themselves: nobody is asked.
        new_store: whether the store of leases has lost its tables.
        on: the cluster that starts the workers, as `run --on` names it, or "". workers: at most so
            many of them; None: one in each of its own.
    """

    yes: bool
    limit: int | None
    no_progress: bool
    json_logs: bool
    command: str
    rest: str
    commands: Callable[..., str]
    json: bool = False
    watch: Watch = field(default_factory=Watch)
    go_on: bool = False
    processes: int | None = None
    worker: bool = False
    new_store: bool = False
    on: str = ""
    workers: int | None = None


def sit(
    job: Job,
    choices: Choices,
    hold: Callable[[Job], AbstractContextManager[Run]] | None = None,
) -> int:
    """Carries out one sitting of the job and returns the exit code of `run`.

    Raises:
        BulkdelError: with the exit code; what was settled is kept.
    """
    with ExitStack() as stack:
        watch = stack.enter_context(stopping(before_sending))
        run = stack.enter_context((hold or _holding(job, choices))(job))
        at = job.run_dir / files.LOG
        with nothing_sent():
            names, also = names_of(job, make=True), choices.json_logs
            stack.enter_context(log.logging_to(at, warn=_warn, also_stderr=also, names=names))
            others = stack.enter_context(observers(job, choices.watch, streams.say))
        events = structlog.get_logger()
        given = {"command": choices.command, "job": job.name, "run_dir": str(job.run_dir)}
        events.info(log.COMMAND_STARTED, **given, **log.process_values())
        try:
            code = _carry_out(job, choices, run, watch, others)
        except Exception as error:
            cause = as_said(leaf(error), watch)  # tasks raise in groups
            if isinstance(cause, BulkdelError):
                events.error(log.COMMAND_ENDED, exit=cause.exit_code, said=str(cause))
                if not isinstance(cause, NotAgreed):
                    others.ended(cause.exit_code, str(cause))
                raise cause from error
            events.exception(log.COMMAND_CRASHED, exc_info=error)
            others.ended(Exit.LEFT, unexpected(error))
            where = "" if machine_words(cause) else f" The traceback is in {at}."
            streams.say(f"bulkdel: {unexpected(error)}{where}")
            streams.say("Run the same command again to continue.")
            if choices.json:
                _print(run_json(Exit.LEFT, unexpected(error)))
            return Exit.LEFT
        events.info(log.COMMAND_ENDED, exit=code)
        return code


def _holding(job: Job, choices: Choices) -> Callable[[Job], AbstractContextManager[Run]]:
    if job.cluster is None:
        return held_run
    from bulkdel.runs.cut_run import held_cut

    new_store = choices.new_store
    return partial(held_cut, say=streams.say, patient=choices.worker, new_store=new_store)


def _carry_out(
    job: Job,
    choices: Choices,
    run: Run,
    watch: Stopping,
    others: Observers,
) -> int:
    meta = run.plan(streams.say)
    if not meta.books.read:
        raise WrongInput(f"the input of {job.source} holds no rows at all; nothing was sent")
    status = run.begin(meta)
    others.looked(status)
    if status.unsettled > 0:
        guarded = too_many(job.guards, meta.books)
        if guarded:
            raise Guarded(guarded, where=job.source)
        consent = _have_agreement(job, choices, run, meta, status)
        run.agree(consent)
        if job.backup.enabled and not run.agreed():  # it takes hours before anything is deleted
            keep_agreed(job, meta, consent)
        others.started(status)
    carried = Carried(ending=all_ended(job, End.FINISHED, ""))
    if job.cluster is not None:
        carried = _send_shards(job, choices, run, watch, others)
        others.looked(status := run.status())
    elif status.unsettled > 0 or is_open(job, meta):
        steps = phases(job, run, meta, say=streams.say, limit=choices.limit, go_on=choices.go_on)
        quiet = choices.no_progress
        carried = carry_out(job, run, steps, watch, others, quiet=quiet)
        status = run.status()
        others.looked(status)
    ending = carried.ending
    end = sitting_verdict(ending, status)
    again = choices.rest if _is_limited(ending) else choices.command
    if carried.asks:
        again = f"{again} --go-on"
    following = tuple(steps_after(ending, status, choices.commands, again=again))
    if not choices.json:
        _print(
            summary_text(
                status,
                ending,
                streams.width(sys.stdout),
                next_steps=following,
                colour=streams.colour(sys.stdout),
            )
        )
    run.report(streams.say, command_for(job.source, job.run_dir, anywhere=True))
    if choices.json:
        code, words = end.exit_code, end.words
        _print(run_json(code, words, status=status, ending=ending, next_steps=following))
    others.ended(end.exit_code, end.words)
    return end.exit_code


def _send_shards(
    job: Job, choices: Choices, run: Run, watch: Stopping, others: Observers
) -> Carried:
    go_on, quiet = choices.go_on, choices.no_progress
    if choices.on:
        from bulkdel.cli.on_dask import send_on_dask  # only where wanted

        where, most = choices.on, choices.workers
        return send_on_dask(
            job, run, watch, others, where=where, most=most, go_on=go_on, quiet=quiet
        )
    from bulkdel.cli.shards import send_shards  # processes: only where wanted

    return send_shards(
        job,
        run,
        watch,
        others,
        processes=choices.processes,
        limit=choices.limit,
        go_on=go_on,
        quiet=quiet,
    )


def _print(text: str | bytes) -> None:
    try:
        streams.result(text)
    except streams.OutputFailed as error:  # the run's own outcome matters more
        streams.say(f"bulkdel: {error}.")


def _is_limited(ending: Ending) -> bool:
    """Whether nothing but --limit keeps the same command from going on."""
    ends = {lane.end for lane in ending.lanes}
    return End.LIMIT in ends and ends <= {End.LIMIT, End.FINISHED, End.LEFT, End.DOWN}


def _have_agreement(
    job: Job,
    choices: Choices,
    run: Run,
    meta: PlanMeta,
    status: Status,
) -> Consent:
    """Returns how it was agreed that this plan is sent: before, now, or as a trial.

    Raises:
        WrongInput: there is nobody to ask.
        NotAgreed: a person did not say yes.
    """
    earlier = agreed_before(job, meta)
    if run.agreed() or earlier:
        left = counted(status.unsettled, unit(job.operation))
        streams.say(f"Continuing {job.name}: {left} left. Ctrl-C stops it safely.")
        for warning in (*guards_that_guard_nobody(job, meta.books), *warnings(job)):
            streams.say(f"Warning: {warning}")
        if earlier and (job.cluster or not run.agreed()):
            return replace(earlier, command=choices.command)
        if is_real(job):
            return Consent(how=Agreement.EARLIER, at_ms=None, command=choices.command)
        return _now(Agreement.TRIAL, choices)
    shown = streams.width(sys.stderr)
    colour = streams.colour(sys.stderr)
    streams.say(confirm_text(job, meta, shown, colour=colour, now_s=time.time()))
    if not is_real(job):
        return _now(Agreement.TRIAL, choices)
    if choices.yes:
        return _now(Agreement.OPTION, choices)
    if choices.worker or not (streams.terminal(sys.stdin) and streams.terminal(sys.stderr)):
        raise WrongInput(
            "this run deletes at a real provider and there is no terminal to ask on; "
            "nothing was sent",
            mend="Look at the plan above and add --yes if it is right",
        )
    if not ask.confirmed(question(job, meta)):
        raise NotAgreed(f"not confirmed ({ask.ONLY_YES}); nothing was sent")
    return _now(Agreement.TYPED, choices)


def _now(how: Agreement, choices: Choices) -> Consent:
    return Consent(how=how, at_ms=time.time_ns() // 1_000_000, command=choices.command)


def _warn(words: str) -> None:
    streams.say(f"Warning: {words}.")
