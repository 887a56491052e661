"""Has the shards of a run sent by workers that a Dask cluster starts, and shows them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event

from bulkdel.cli import streams
from bulkdel.cli.progress import progress
from bulkdel.cli.shards import ended, too_late
from bulkdel.cli.signals import Stopping
from bulkdel.cli.steps import Carried
from bulkdel.errors import Exit, StoreAway, WrongInput
from bulkdel.job.job import Job
from bulkdel.runs.cut_run import CutRun
from bulkdel.runs.leases import register_run
from bulkdel.runs.observers import Observers
from bulkdel.runs.on_dask import Came, workers_on
from bulkdel.runs.phases import all_ended
from bulkdel.runs.run import Run
from bulkdel.runs.supervisor import LOOK_EVERY_S
from bulkdel.send.view import End, Ending


def send_on_dask(
    job: Job,
    run: Run,
    watch: Stopping,
    others: Observers,
    *,
    where: str,
    most: int | None,
    go_on: bool,
    quiet: bool,
) -> Carried:
    """Sends what is left of all shards, by at most `most` workers; how each target ended.

    Raises:
        WrongInput: store or cluster are not there, or no worker could begin; nothing was sent.
    """
    if not isinstance(run, CutRun):
        raise TypeError(f"{job.name} is not cut into shards")
    if not run.open_shards(run.status()):
        return Carried(ending=all_ended(job, End.FINISHED, ""))
    register_run(job, run.cut, new_store=False)
    words = ["worker", str(job.source.absolute()), "--run-dir", str(job.run_dir.absolute())]
    words += ["--no-progress", *(["--go-on"] if go_on else [])]
    words += ["--log-ids"] if job.log_ids else []
    if job.schedule.max_duration_s is not None:
        words += ["--max-duration", f"{job.schedule.max_duration_s:.0f}s"]
    by: list[str] = []
    came = Event()

    def stop(signal_name: str) -> None:
        by.append(signal_name)
        came.set()

    with (
        workers_on(where, words, most) as workers,
        progress(quiet=quiet, now_s=time.monotonic) as show,
    ):
        watch.tell(stop)
        try:
            while workers.at_work():
                lanes = [target.lane for target in run.status().targets]
                show(lanes)
                others.show(lanes)
                if came.wait(LOOK_EVERY_S):
                    workers.stop()
                    came.clear()
        except StoreAway as gone:
            streams.say(f"Warning: {gone}.")
    watch.tell(too_late)
    _judge(workers.came, watch)
    stopped = (End.STOPPED, f"stopped by {by[0]}") if by else None
    ends = tuple(ended(one, [], stopped) for one in run.status().targets)
    return Carried(ending=Ending(lanes=ends))


def _judge(came: Sequence[Came], watch: Stopping) -> None:
    """Says of each worker that could not begin why not.

    Raises:
        WrongInput: none could.
    """
    wrong = [one for one in came if one.code == Exit.WRONG]
    for one in wrong:
        streams.say(f"Warning: the worker at {one.at} could not begin. {one.said.strip()}")
    if wrong and len(wrong) == len(came):
        watch.patient = False  # no call has left
        raise WrongInput("no worker could begin, as said above; nothing was sent", where="--on")
