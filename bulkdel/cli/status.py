"""`bulkdel status`: how a run stands, while it runs or after."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, LogIds, RunDir, command_for, load
from bulkdel.evidence.sealed import open_sealed
from bulkdel.job.job import Job
from bulkdel.report.next_steps import next_steps
from bulkdel.report.status import State, Status
from bulkdel.report.status_json import sealed_json, status_json
from bulkdel.report.text.sealed import sealed_status
from bulkdel.report.text.status_page import status_text
from bulkdel.report.text.watch import watch_text
from bulkdel.runs.look_shards import Looks
from bulkdel.runs.status import NoPlan, look
from bulkdel.runs.verify_sealed import sealed_folder

EPILOG = """
\b
Exit codes:
  0  shown
  2  could not be done: the job file is wrong, or there is no plan yet

\b
With --json, one object with at least:
  state    planned, running, stopped or finished
  reason   why, in words
  rows     read = pairs + duplicates + rejected + protected
  targets  by name: pairs = deleted + already_gone + failed + unsettled,
           and batches, calls, retries, throttled, lost_answers
  beside   the runs beside it: backup, canary, verification, undo
  backup   whether what was deleted can be put back, and until when
  shards   of a run that is cut: who sends each, since when, how far it is

\b
Examples:
  bulkdel status purge.toml
  bulkdel status purge.toml --watch
  bulkdel status purge.toml --json | jq .targets
"""

CLEAR: Final = b"\x1b[H\x1b[2J"
"""What was printed before stays to be scrolled back to."""
EVERY_S: Final = 2.0
SLOW_EVERY_S: Final = 30.0
"""On a terminal that cannot draw anew."""
_CTRL_C: Final = "Ctrl-C ends this."


def status(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Show it anew every two seconds until the run stops; wait for it to begin.",
        ),
    ] = False,
    log_ids: LogIds = False,
) -> int:
    """Show how the run of JOB stands. Changes nothing, and never waits for a run.

    Shows whether a process works on it, what is settled and what is left for
    each target, at what rate and until when, the provider's codes behind
    what failed or is unsettled, and whether the books balance. Of a backup,
    a verification or an undo it shows what came of it, and whether there is
    a way back. Of a run that is cut into shards it shows which process has
    each, since when, and how often that has changed.
    """
    loaded = load(job, run_dir, sealed=True, log_ids=log_ids)
    if (folder := sealed_folder(loaded.run_dir)) is not None:
        statement = open_sealed(folder).statement
        told = (
            sealed_json(loaded.run_dir, statement)
            if json
            else sealed_status(loaded.run_dir, statement, streams.width(sys.stdout))
        )
        streams.result(told)
        return 0
    view = _View(command=command_for(job, run_dir), json=json, watching=watch)
    if watch:
        return _watch(loaded, view)
    streams.result(view.page(look(loaded)))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """How a status is shown on standard output."""

    command: Callable[..., str]
    json: bool
    watching: bool

    def page(self, status: Status) -> str | bytes:
        """All of it."""
        if self.json:
            return status_json(status)
        return status_text(
            status,
            streams.width(sys.stdout),
            colour=streams.colour(sys.stdout),
            next_steps=() if self.watching else tuple(next_steps(status, self.command)),
        )

    def screen(self, status: Status) -> str:
        """What fits on the terminal; the line under it stays free for the cursor."""
        return watch_text(
            status,
            width=streams.width(sys.stdout),
            height=streams.height(sys.stdout) - 1,
            colour=streams.colour(sys.stdout),
            again=self.command("run"),
            whole=self.command("status"),
        )


def _watch(job: Job, view: _View) -> int:
    """Shows it until the run stops: on a terminal as a screen, elsewhere page after page.

    Before there is a plan, or before it is sent, it waits for that.
    """
    drawn = streams.redraws(sys.stdout) and not view.json
    every_s = EVERY_S if drawn or not streams.terminal(sys.stdout) else SLOW_EVERY_S
    said = False
    looks = Looks()
    while True:
        try:
            status = look(job, looks=looks)
        except NoPlan:
            if not said:
                streams.say(f"There is no plan yet in {job.run_dir}: waiting for one. {_CTRL_C}")
            said = True
            time.sleep(EVERY_S)
            continue
        if drawn:
            streams.result(CLEAR)
            streams.result(view.screen(status))
        elif status.state is not State.PLANNED or not said:
            streams.result(view.page(status))
            said = True
        if status.state in (State.STOPPED, State.FINISHED):
            return 0
        time.sleep(EVERY_S if status.state is State.PLANNED else every_s)
