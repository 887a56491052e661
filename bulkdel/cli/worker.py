"""`bulkdel worker`: send what is free of a run that many machines send."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli.options import (
    GoOn,
    JobFile,
    JsonLogs,
    LogIds,
    MaxDuration,
    MetricsFile,
    MetricsHost,
    MetricsPort,
    Quiet,
    RunDir,
    again,
    command_for,
    load,
)
from bulkdel.cli.sitting import Choices, sit
from bulkdel.errors import WrongInput
from bulkdel.runs.observers import LOOPBACK, Watch

EPILOG = """
\b
It needs, in the job file, and the same on every machine:
  [cluster]
  store_env = "BULKDEL_STORE"   the variable that holds the address of a
                                PostgreSQL, postgresql://...
and a run directory in a folder that all machines see.

\b
Exit codes: those of `bulkdel run`, for the whole run as it stands then.

\b
Examples:
  bulkdel plan purge.toml
  bulkdel worker purge.toml --yes
  bulkdel worker purge.toml --max-duration 5h
"""


def worker(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Send a plan that nobody has agreed to yet, and make it if there is none.",
        ),
    ] = False,
    new_store: Annotated[
        bool,
        typer.Option(
            "--new-store",
            help="The tables of the store are lost: go on with new ones, while no other worker "
            "runs.",
        ),
    ] = False,
    go_on: GoOn = False,
    max_duration: MaxDuration = None,
    no_progress: Quiet = False,
    json_logs: JsonLogs = False,
    log_ids: LogIds = False,
    metrics_file: MetricsFile = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = LOOPBACK,
) -> int:
    """Send what is free of the run of JOB, until nothing is left to take.

    Any number of workers may run, on any machines, begun and ended by
    whatever you like. Each takes shards that nobody has, sends them, and
    gives them back when it is told to stop. What a dead one had goes on at
    another after the lease ([cluster] lease) and a call's timeout.

    Nobody is asked: it sends a plan that was agreed to before, in `bulkdel
    run`, or with --yes.

    The first Ctrl-C (or SIGTERM, SIGHUP) stops sending, waits for the calls
    in flight, gives back what it has and exits 75; a second one leaves at
    once.
    """
    loaded = load(job, run_dir, max_duration, log_ids=log_ids)
    if loaded.cluster is None or loaded.cluster.store_env is None:
        raise WrongInput(
            "a worker shares a run with others over a store, and this job names none",
            where=job,
            mend="write store_env under [cluster]; on one machine `bulkdel run` needs none",
        )
    choices = Choices(
        yes=yes,
        go_on=go_on,
        limit=None,
        no_progress=no_progress,
        json_logs=json_logs,
        command=again(),
        rest=again(),
        commands=command_for(job, run_dir),
        watch=Watch(file=metrics_file, port=metrics_port, host=metrics_host),
        processes=1,
        worker=True,
        new_store=new_store,
    )
    return sit(loaded, choices)
