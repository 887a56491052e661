"""`bulkdel verify --remote`: one sitting of a verification, and what it says."""

from __future__ import annotations

import sys
from pathlib import Path

from bulkdel.cli import streams
from bulkdel.cli.beside import SideEnd, plan_over, sit_beside, sit_over
from bulkdel.cli.options import again, command_for
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job
from bulkdel.report.remote import remote_json
from bulkdel.report.text.remote import remote_text
from bulkdel.runs.beside import Side
from bulkdel.runs.shards import held_whole
from bulkdel.runs.verification import Wish, choose_verification, told


def verify_remote(job: Job, wish: Wish, run_dir: Path | None, *, json: bool, quiet: bool) -> int:
    """Asks the providers, or goes on with that; the exit code is as of `run`.

    Raises:
        BulkdelError: with the exit code; what was answered is kept.
    """
    if wish.seed is not None and wish.sample is None:
        raise WrongInput("--seed decides what --sample draws", mend="give both")

    def sit(part: Job, side: Side) -> SideEnd:
        return sit_beside(part, side, again(), quiet=quiet)

    with held_whole(job) as parts:
        sides, said = choose_verification(job, wish)
        if said:
            streams.say(f"{said}.")
        if parts != (job,):
            sides = tuple((part, side) for part, side, _ in plan_over(sides))
        end = sit_over(job, sides, sit, quiet=quiet)
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
