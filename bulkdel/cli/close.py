"""`bulkdel close`: an end for a run that cannot finish by itself."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bulkdel.cli import ask, streams
from bulkdel.cli.options import JobFile, RunDir, Yes, again, command_for, load
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Agreement
from bulkdel.report.next_steps import next_steps
from bulkdel.report.status import Status
from bulkdel.report.text.closure import (
    closed_text,
    closing_text,
    never_sent,
    question,
    still_hopeful,
)
from bulkdel.runs.close import NotClosed, close_run

EPILOG = """
\b
Exit codes:
  0  the run is finished: every pair is settled
  2  could not be done, or was not agreed to; the same command continues

\b
Afterwards:
  bulkdel status   says finished, and with which codes pairs failed
  bulkdel run      sends nothing more, and exits 1
  ledger.jsonl     has a line for every pair; the closed ones are "failed"

\b
Examples:
  bulkdel close purge.toml
  bulkdel close purge.toml --yes
  bulkdel close purge.toml --yes --all
"""


def close(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    yes: Yes = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="With --yes: also pairs that a later run could still settle.",
        ),
    ] = False,
) -> int:
    """Settle what is left of JOB as failed, so that the run is finished.

    For what a provider refuses for ever, so that no cron line runs for ever.
    Sends nothing. Every pair that is left gets its ledger line with status
    "failed" and the last code and text that a provider gave for it; a pair
    that no call has carried has code -3. Shows what it will settle, and
    asks. It cannot be undone: a closed pair is deleted by a new run only.

    --yes alone does not close what was never sent, or had no answer or one
    that passes, so that no script gives up what a stop has left.
    """
    loaded = load(job, run_dir)
    agree = partial(_agree, loaded, yes=yes, everything=everything)
    status = close_run(loaded, agree=agree, say=streams.say, command=again())
    steps = tuple(next_steps(status, command_for(job, run_dir)))
    streams.result(closed_text(status, streams.width(sys.stdout), next_steps=steps))
    return 0


def _agree(job: Job, status: Status, *, yes: bool, everything: bool) -> Agreement:
    streams.say(closing_text(status, streams.width(sys.stderr), colour=streams.colour(sys.stderr)))
    if yes:
        if (left := still_hopeful(status)) and not everything:
            raise WrongInput(
                f"{left:,} pairs of {job.name} could still be settled, {never_sent(status):,} of "
                "them were never sent, and --yes alone does not give such up; nothing was closed",
                mend="`bulkdel run` goes on with them; to settle them as failed all the same, add "
                "--all",
            )
        return Agreement.OPTION
    if not (streams.terminal(sys.stdin) and streams.terminal(sys.stderr)):
        raise WrongInput(
            f"there is no terminal to ask on, so nothing of {job.name} was closed; look at the "
            "above and add --yes if it is right"
        )
    if not ask.confirmed(question(status)):
        raise NotClosed(f"not confirmed ({ask.ONLY_YES}); nothing was closed")
    return Agreement.TYPED
