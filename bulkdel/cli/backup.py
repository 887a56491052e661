"""`bulkdel backup`: friend data of all that a job deletes, pulled before."""

from __future__ import annotations

import sys

from bulkdel.cli import streams
from bulkdel.cli.beside import sit_beside
from bulkdel.cli.options import JobFile, Quiet, RunDir, again, command, load
from bulkdel.errors import Exit, WrongInput
from bulkdel.job.job import Job
from bulkdel.report.backup import BackupStatus, failed_lists
from bulkdel.report.text.backup import NAMED, backup_text
from bulkdel.runs.backup import backup_sides, backup_status, finish_backup, prepare_backup
from bulkdel.runs.run import held_run

EPILOG = """
\b
Exit codes, the highest line that applies wins:
   2  the command, the job file, the input or the run directory is wrong
  77  a provider refused the credentials, the permission or the app
  75  stopped with friend lists left to pull: run the same command again
   1  the backup is whole; some friend lists could not be pulled, for good
   0  the backup is whole

\b
Files in the run directory:
  backup/friends.jsonl.zst  one JSON object for each friend on a list:
                            target, account, friend, data, at
  backup/ledger.jsonl       what came of each friend list
  backup/backup.json        counts, a hash of the data, and until when it
                            may be kept

\b
In the job file:
  [backup]
  enabled = true        # `bulkdel run` makes it before it deletes anything
  on_failure = "keep"   # or "go": delete also where there is no backup
  keep = "30d"          # see bulkdel forget

\b
Examples:
  bulkdel backup purge.toml
  zstd -dc runs/purge/backup/friends.jsonl.zst | head
"""


def backup(job: JobFile, *, run_dir: RunDir = None, no_progress: Quiet = False) -> int:
    """Keep what the provider holds of every friendship that JOB deletes.

    Plans the job if there is no plan yet, then pulls the friend lists that
    it shortens and keeps of them what is to be deleted: remarks, groups,
    times, custom fields. Changes nothing at the provider, and so asks
    nobody. With it, `bulkdel undo` can put back what a run deleted.

    Stop it at any time; the same command continues.
    """
    loaded = load(job, run_dir)
    with held_run(loaded) as run:
        meta = run.plan(streams.say)
        if not meta.books.read:
            raise WrongInput("the input holds no rows at all; nothing was pulled", where=job)
        prepare_backup(loaded, meta)
    for side in backup_sides(loaded):
        end = sit_beside(loaded, side, again(), quiet=no_progress)
        if end.status.unsettled:
            if (status := backup_status(loaded.run_dir)) is not None:
                for lane in end.ending.lanes:
                    if lane.words:
                        streams.say(f"{lane.target}: {lane.words}.")
                _show(loaded, status, [("To go on:", again())])
            return end.exit_code
    with held_run(loaded):
        status = finish_backup(loaded)
    following = [("To delete:", command("run", job, run_dir))] if loaded.backup.enabled else []
    _show(loaded, status, following)
    return Exit.FAILED if status.note.failed else Exit.DONE


def _show(job: Job, status: BackupStatus, following: list[tuple[str, str]]) -> None:
    streams.result(
        backup_text(
            job,
            status,
            failed_lists(job.run_dir, NAMED),
            streams.width(sys.stdout),
            next_steps=following,
            colour=streams.colour(sys.stdout),
        )
    )
