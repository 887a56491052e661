"""`bulkdel forget`: destroys a backup, or all whose time has come."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from bulkdel.cli import ask, streams
from bulkdel.cli.options import JobOrNone, RunDir, Yes, load
from bulkdel.errors import BulkdelError, Exit, WrongInput
from bulkdel.report.text.backup import forget_text
from bulkdel.runs.forget import due_below, to_forget
from bulkdel.runs.forget import forget as destroy
from bulkdel.runs.shards import held_whole

EPILOG = """
\b
Exit codes:
  0  destroyed, or nothing was due
  1  --expired: some could not be destroyed; standard error says which
  2  could not be done, or was not agreed to

\b
What is destroyed:
  backup/friends.jsonl.zst  the data itself
  undo/plan.parquet         its entries, which hold data as well
That it was destroyed, when and by whom stays in backup/backup.json. Results
and reports of the run stay as they are.

\b
Examples:
  bulkdel forget purge.toml
  bulkdel forget --expired /srv/runs      for cron: asks nothing
"""


def forget(
    job: JobOrNone = None,
    *,
    run_dir: RunDir = None,
    yes: Yes = False,
    expired: Annotated[
        Path | None,
        typer.Option(
            "--expired",
            metavar="DIR",
            help="Destroy the backups in DIR and below it that may be kept no longer.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Destroy the backup of JOB: what the run deleted cannot be put back after it.

    Shows what is destroyed, and asks. With --expired it asks nothing, and
    destroys what `keep` in [backup] lets be kept no longer, counted from
    when a backup was begun. What an unfinished undo needs is left alone.
    """
    if (job is None) == (expired is None) or (expired is not None and run_dir is not None):
        raise WrongInput("name a job, or a directory with --expired; nothing was destroyed")
    if expired is not None:
        return _expired(expired)
    if job is None:
        raise AssertionError("neither a job nor a directory")
    loaded = load(job, run_dir)
    with held_whole(loaded):
        note, folders = to_forget(loaded)
        shown = forget_text(
            loaded.run_dir, note, streams.width(sys.stderr), colour=streams.colour(sys.stderr)
        )
        streams.say(shown)
        if not yes:
            if not ask.can_ask():
                raise WrongInput(
                    "there is no terminal to ask on, so nothing was destroyed; look at the above "
                    "and add --yes if it is right"
                )
            if not ask.confirmed("Destroy this backup? Type yes: "):
                raise WrongInput(f"not confirmed ({ask.ONLY_YES}); nothing was destroyed")
        at = max(destroy(folder).at for folder in folders)
    streams.result(f"The backup in {loaded.run_dir} was destroyed {at}.\n")
    return Exit.DONE


def _expired(folder: Path) -> int:
    number, wrongs = 0, list[BulkdelError]()
    for run_dir in due_below(folder, time.time(), wrongs.append):
        try:
            note = destroy(run_dir)
            streams.result(f"The backup in {run_dir} was destroyed {note.at}.\n")
            number += 1
        except BulkdelError as error:
            wrongs.append(error)
    for wrong in wrongs:
        streams.say(f"Not destroyed: {wrong}")
    if not number and not wrongs:
        streams.result("No backup is due.\n")
    return Exit.FAILED if wrongs else Exit.DONE
