"""`bulkdel backup`: friend data of all that a job deletes, pulled before."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import islice

from bulkdel.cli import streams
from bulkdel.cli.beside import SideEnd, plan_over, sit_beside, sit_over
from bulkdel.cli.options import JobFile, LogIds, Quiet, RunDir, again, command, load
from bulkdel.errors import Exit, WrongInput
from bulkdel.job.job import Job
from bulkdel.report.backup import failed_lists
from bulkdel.report.text.backup import NAMED, backup_text
from bulkdel.runs.backup import backup_sides, finish_backup, prepare_backup, whole_backup
from bulkdel.runs.beside import Side
from bulkdel.runs.cut import choose_cut
from bulkdel.runs.names import names_of
from bulkdel.runs.run import held_run
from bulkdel.runs.shards import everywhere, has_begun, held_whole, part_plan, parts_of

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


def backup(
    job: JobFile, *, run_dir: RunDir = None, log_ids: LogIds = False, no_progress: Quiet = False
) -> int:
    """Keep what the provider holds of every friendship that JOB deletes.

    Plans the job if there is no plan yet, then pulls the friend lists that
    it shortens and keeps of them what is to be deleted: remarks, groups,
    times, custom fields. Changes nothing at the provider, and so asks
    nobody. With it, `bulkdel undo` can put back what a run deleted.

    Stop it at any time; the same command continues.
    """
    loaded = load(job, run_dir, log_ids=log_ids)

    def sit(part: Job, side: Side) -> SideEnd:
        return sit_beside(part, side, again(), quiet=no_progress)

    _planned(loaded)
    with held_whole(loaded) as parts:
        for part in parts:
            with held_run(part):
                prepare_backup(part, part_plan(part))
        for stage in zip(*(backup_sides(part) for part in parts), strict=True):
            sides = tuple(zip(parts, stage, strict=True))
            if parts != (loaded,):
                plan_over(sides)
            end = sit_over(loaded, sides, sit, quiet=no_progress)
            if end.status.unsettled:
                for lane in end.ending.lanes:
                    if lane.words:
                        streams.say(f"{lane.target}: {lane.words}.")
                _show(loaded, [("To go on:", again())])
                return end.exit_code
        for part in parts:
            with held_run(part):
                finish_backup(part)
    following = [("To delete:", command("run", job, run_dir))] if loaded.backup.enabled else []
    return Exit.FAILED if _show(loaded, following) else Exit.DONE


def _planned(job: Job) -> None:
    """Plans the run if there is no plan yet.

    Raises:
        WrongInput: there is nothing to plan, or the input cannot be read.
    """
    with held_run(job) as run:
        if job.cluster is None:
            meta = run.plan(streams.say)
        else:
            meta = choose_cut(job, streams.say, begun=has_begun(job)).meta
    if not meta.books.read:
        what = "the input holds no rows at all; nothing was pulled"
        raise WrongInput(what, where=job.source)


def _show(job: Job, following: list[tuple[str, str]]) -> int:
    """Shows how the backup stands; how many lists could not be pulled, for good."""
    status = whole_backup(job)
    if status is None:
        return 0
    names = names_of(job, make=True)
    failed = (
        replace(one, account=names(one.account), info=one.info if names.shown else "")
        for part in parts_of(job)
        for one in failed_lists(part.run_dir, NAMED)
    )
    streams.result(
        backup_text(
            everywhere(job),
            status,
            tuple(islice(failed, NAMED)),
            streams.width(sys.stdout),
            next_steps=following,
            colour=streams.colour(sys.stdout),
        )
    )
    return status.note.failed
