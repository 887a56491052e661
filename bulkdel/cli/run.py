"""`bulkdel run`: plan if need be, ask, send, and say what was done."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.edge import sentence
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
from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.report.run_json import run_json
from bulkdel.runs.observers import LOOPBACK, Watch

PROCESSES_MOST = 64

EPILOG = """
\b
Exit codes, the highest line that applies wins:
   2  the command, the job file, the input or the run directory is wrong, or
      there are no rows; nothing was sent
   3  a guard of the job file stopped the run, or its canary was not as it
      should be
  77  a provider refused the credentials, the permission or the app: put
      it right and run the same command again
  75  stopped with work left (signal, --limit, provider down, tries used up):
      run the same command again; a canary that waits to be let on: --go-on
   1  every pair is settled; some failed, or some rows were rejected
   0  every pair is settled as deleted or already gone

\b
Files in the run directory:
  ledger.jsonl   the results: one line for each settled pair and target
  rejects.jsonl  the rows that cannot be sent, and why
  plan.parquet   what is sent, in order
  journal.db     what was sent and settled; the truth
  run.log        one JSON object a line
  report.html    the run as a page, and report.json: its figures
  backup, canary the runs beside it, where the job asks for them
  shards.json    how the run is cut, where the job has [cluster]; then all
                 but rejects, log and report is in a folder for each shard,
                 shards/NAME

\b
With --json standard output is one object: exit_code, words, how each target
ended, what to do next, files, and the run as `bulkdel status --json` shows
it; `bulkdel schema --of run` explains its keys. It comes whatever the exit
code is, but for a wrong command line (2) and a second Ctrl-C.

\b
Examples:
  bulkdel run purge.toml
  bulkdel run purge.toml --limit 100
  bulkdel run purge.toml --go-on
  bulkdel run purge.toml --yes --no-progress 2>> purge.err
  bulkdel run purge.toml --metrics-file /var/lib/node_exporter/bulkdel.prom
"""


def run(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Do not ask. Without a terminal a run against a real provider needs it.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", "-n", help="Send nothing: show the plan, as `bulkdel plan` does."
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Stop when N more pairs are settled, shared by the targets (exit 75).",
            show_default=False,
        ),
    ] = None,
    max_duration: MaxDuration = None,
    go_on: GoOn = False,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            min=1,
            max=PROCESSES_MOST,
            help="Send with so many processes, if the job has [cluster]. Default: one a core.",
            show_default=False,
        ),
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="CLUSTER",
            help="Let Dask start the workers: dask://HOST:PORT, or dask for this machine alone.",
            show_default=False,
        ),
    ] = "",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="With --on: so many at most. Default: one in each Dask worker.",
            show_default=False,
        ),
    ] = None,
    no_progress: Quiet = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the end of the run as JSON, and nothing else.")
    ] = False,
    json_logs: JsonLogs = False,
    log_ids: LogIds = False,
    metrics_file: MetricsFile = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = LOOPBACK,
) -> int:
    """Delete the friendships that JOB names, or go on where it was left.

    Plans the job if there is no plan yet, shows what would be deleted and
    where, asks, sends at most at each target's rate, and writes one line for
    each settled pair to the ledger. What is deleted cannot be brought back,
    but for what a backup holds ([backup] in the job file).

    With [backup] nothing is deleted before the backup is whole. With
    [canary] some accounts go first and alone; then the provider is asked for
    them, and the rest follows once somebody has said yes, after a time, or
    at once, as the job says.

    The first Ctrl-C (or SIGTERM, SIGHUP) stops sending, waits for the calls
    in flight and exits 75; a second one leaves at once. After either, after
    a crash, a kill or a power cut, the same command continues, and no
    confirmed plan is asked about twice.
    """
    if dry_run:
        from bulkdel.cli.plan import plan  # numpy and more: a run that continues needs none of it

        return plan(job, run_dir=run_dir, json=json, log_ids=log_ids)
    choices = Choices(
        yes=yes,
        go_on=go_on,
        limit=limit,
        no_progress=no_progress,
        json_logs=json_logs,
        command=again(),
        rest=again(without="--limit"),
        commands=command_for(job, run_dir),
        json=json,
        processes=processes,
        on=on,
        workers=workers,
        watch=Watch(file=metrics_file, port=metrics_port, host=metrics_host),
    )
    try:
        loaded = load(job, run_dir, max_duration, log_ids=log_ids)
        if processes is not None and loaded.cluster is None:
            mend = "write [cluster] into it, which cuts a run into shards; or leave the option out"
            raise WrongInput("--processes is for a job with [cluster]", where=job, mend=mend)
        if workers and not on:
            raise WrongInput("--workers goes only with --on", mend="leave it out, or say --on dask")
        if on and (limit or processes):
            raise WrongInput("--limit and --processes do not go with --on", mend="leave them out")
        if on and (loaded.cluster is None or loaded.cluster.store_env is None):
            mend = "write store_env under [cluster]; on one machine `run --processes` needs none"
            raise WrongInput("--on is for a job whose workers share a store", where=job, mend=mend)
        return sit(loaded, choices)
    except BulkdelError as error:
        if json:
            streams.result(run_json(error.exit_code, sentence(str(error))))
        raise
