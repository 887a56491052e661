"""`bulkdel rehearse`: what no documentation says, tried out with three accounts."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bulkdel.cli import ask, streams
from bulkdel.cli.options import JobFile, RunDir, Yes, again, command, load
from bulkdel.cli.sending import NotAgreed, before_sending
from bulkdel.cli.signals import stopping
from bulkdel.errors import Exit, WrongInput
from bulkdel.job.job import Job, Reach, Target
from bulkdel.report.phrases import place
from bulkdel.report.text.rehearsal import asking_text, rehearsal_text
from bulkdel.runs.rehearsal_note import Left
from bulkdel.runs.rehearse import (
    CALLS_MOST,
    clears_both_ways,
    rehearsal_path,
)
from bulkdel.runs.rehearse import (
    rehearse as carry_out,
)

EPILOG = """
\b
Exit codes:
  0   every assumption holds
  1   one does not; what that means for a run is said
  2   refused, and nothing was changed: the accounts have friends among each
      other or do not exist, or the command or the job file is wrong
  75  could not be finished, or was not agreed to; it says whether a friendship
      was left behind, and the same command removes that first
  77  the provider refused the credentials, the permission or the app

\b
The three accounts are your own: they exist in the app and have no friends
among each other. Whatever other friends they have stay as they are. A list is
cleared only where it is empty. Stopped at any moment it removes what it made.

\b
In the run directory, rehearsal-TARGET.json holds what was found:
  bulkdel schema --of rehearsal     its keys
  bulkdel emulator --like FILE      answers as the rehearsed provider did

\b
Examples:
  bulkdel rehearse purge.toml $first --accounts test-1,test-2,test-3
  bulkdel rehearse purge.toml $first --accounts test-1,test-2,test-3 --yes
"""


def rehearse(
    job: JobFile,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="The target's name.", show_default=False)
    ],
    *,
    accounts: Annotated[
        str,
        typer.Option(
            "--accounts",
            metavar="A,B,C",
            help="Three accounts of yours, with commas between.",
            show_default=False,
        ),
    ],
    run_dir: RunDir = None,
    yes: Yes = False,
) -> int:
    """Try out what bulkdel assumes of a provider, with three accounts.

    No documentation says what a provider does with an id that it does not
    know, or with a friendship that only one side has. This makes friendships
    among three accounts, deletes them in every such way, looks at what came
    of it, and leaves none behind. It takes fewer than 60 calls, each shown.
    """
    loaded = load(job, run_dir)
    three = tuple(accounts.split(","))
    with stopping(before_sending) as watch:
        rehearsal = carry_out(
            loaded,
            target,
            three,
            agree=partial(_agree, loaded, three, yes=yes),
            say=streams.say,
            tell=watch.tell,
        )
        watch.tell(_too_late)
        streams.result(
            rehearsal_text(
                rehearsal,
                str(rehearsal_path(loaded.run_dir, target)),
                streams.width(sys.stdout),
                following=command("run", job, run_dir),
                again=again(),
                colour=streams.colour(sys.stdout),
            )
        )
    if rehearsal.unclear:
        return Exit.LEFT
    return Exit.FAILED if rehearsal.broken else Exit.DONE


def _agree(
    job: Job, accounts: tuple[str, ...], target: Target, left: Left | None, *, yes: bool
) -> None:
    shown = asking_text(
        target.name,
        place(target),
        accounts,
        "" if left is None else left.words,
        streams.width(sys.stderr),
        calls_most=CALLS_MOST,
        clears_both_ways=clears_both_ways(job),
        colour=streams.colour(sys.stderr),
    )
    streams.say(shown)
    if yes or target.reach is Reach.EMULATOR:
        return
    if not ask.can_ask():
        raise WrongInput(
            "there is no terminal to ask on, so nothing was tried; look at the above and add "
            "--yes if it is right"
        )
    if not ask.confirmed("Type yes to go on: "):
        raise NotAgreed(f"not confirmed ({ask.ONLY_YES}); nothing was tried")


def _too_late(_: str) -> None:
    """Nothing is left to stop but the table."""
