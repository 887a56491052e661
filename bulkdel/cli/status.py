"""`bulkdel status`: how a run stands, while it runs or after."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, command_for, load
from bulkdel.report.next_steps import next_steps
from bulkdel.report.status import State, Status
from bulkdel.report.status_json import status_json
from bulkdel.report.text.status_page import status_text
from bulkdel.runs.status import look

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

\b
Examples:
  bulkdel status purge.toml
  bulkdel status purge.toml --watch
  bulkdel status purge.toml --json | jq .targets
"""

CLEAR = b"\x1b[H\x1b[2J\x1b[3J"
EVERY_S = 2.0


def status(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Show it anew every two seconds until the run stops."),
    ] = False,
) -> int:
    """Show how the run of JOB stands. Changes nothing, and never waits for a run.

    Shows whether a process works on it, what is settled and what is left for
    each target, at what rate and until when, the provider's codes behind
    what failed or is unsettled, and whether the books balance.
    """
    loaded = load(job, run_dir)

    def page(current: Status) -> str | bytes:
        if json:
            return status_json(current)
        return status_text(
            current,
            streams.width(sys.stdout),
            colour=streams.colour(sys.stdout),
            next_steps=()
            if watch and current.state is State.RUNNING
            else tuple(next_steps(current, command_for(job, run_dir))),
        )

    current = look(loaded)
    while watch and current.state is State.RUNNING:
        if streams.terminal(sys.stdout):
            streams.result(CLEAR)
        streams.result(page(current))
        time.sleep(EVERY_S)
        current = look(loaded)
    if watch and streams.terminal(sys.stdout):
        streams.result(CLEAR)
    streams.result(page(current))
    return 0
