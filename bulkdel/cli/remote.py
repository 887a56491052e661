"""`bulkdel verify --remote`: one sitting of a verification, and what it says."""

from __future__ import annotations

import sys
from pathlib import Path

from bulkdel.cli import streams
from bulkdel.cli.beside import sit_beside
from bulkdel.cli.options import again, command_for
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job
from bulkdel.report.remote import remote_json
from bulkdel.report.text.remote import remote_text
from bulkdel.runs.verification import Wish, choose_verification, told


def verify_remote(job: Job, wish: Wish, run_dir: Path | None, *, json: bool, quiet: bool) -> int:
    """Asks the providers, or goes on with that; the exit code is as of `run`.

    Raises:
        BulkdelError: with the exit code; what was answered is kept.
    """
    if wish.seed is not None and wish.sample is None:
        raise WrongInput("--seed decides what --sample draws", mend="give both")
    side, said = choose_verification(job, wish)
    if said:
        streams.say(f"{said}.")
    end = sit_beside(job, side, again(), quiet=quiet)
    found = told(job, end.status)
    if json:
        streams.result(remote_json(job, found))
    else:
        shown = remote_text(
            job,
            found,
            command_for(job.source, run_dir),
            again=again(),
            width=streams.width(sys.stdout),
            colour=streams.colour(sys.stdout),
        )
        streams.result(shown)
        for lane in end.ending.lanes:
            if lane.words:
                streams.say(f"{lane.target}: {lane.words}.")
    return end.exit_code
