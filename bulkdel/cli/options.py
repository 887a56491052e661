"""Arguments that several commands have, and the command as it was given."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bulkdel import rundir
from bulkdel.cli import streams
from bulkdel.cli.program import program
from bulkdel.job.job import Job
from bulkdel.job.jobfile import duration_s, load_job
from bulkdel.runs.place import find_run

JobFile = Annotated[
    Path,
    typer.Argument(metavar="JOB", help="The job file (TOML).", show_default=False),
]
JobOrNone = Annotated[
    Path | None,
    typer.Argument(metavar="[JOB]", help="The job file (TOML).", show_default=False),
]
RunDir = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        metavar="DIR",
        help="Work in this run directory instead of the job file's.",
        show_default=False,
    ),
]
GoOn = Annotated[
    bool,
    typer.Option("--go-on", help="Send the rest after a canary that is as it should be, unasked."),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask. Without a terminal it is needed.")
]
Quiet = Annotated[
    bool, typer.Option("--no-progress", "-q", help="Show no progress on standard error.")
]
MaxDuration = Annotated[
    str | None,
    typer.Option(
        "--max-duration",
        metavar="TIME",
        help='Stop after so long, such as "90m" or "5h" (exit 75).',
        show_default=False,
    ),
]
LogIds = Annotated[
    bool,
    typer.Option(
        "--log-ids", help="Name accounts by their ids, not by pseudonyms, on screen and in logs."
    ),
]
JsonLogs = Annotated[
    bool, typer.Option("--json-logs", help="Write the log to standard error as well, as JSON.")
]
MetricsFile = Annotated[
    Path | None,
    typer.Option(
        "--metrics-file",
        metavar="FILE",
        help="Write metrics every 15 s, for the node exporter's textfile collector (.prom).",
        show_default=False,
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="PORT",
        min=0,
        max=65535,
        help="Serve metrics to Prometheus on this port. 0: any free one.",
        show_default=False,
    ),
]
MetricsHost = Annotated[
    str, typer.Option("--metrics-host", metavar="ADDRESS", help="Where --metrics-port listens.")
]


def load(
    path: Path,
    run_dir: Path | None,
    max_duration: str | None = None,
    *,
    sealed: bool = False,
    log_ids: bool = False,
) -> Job:
    """The job that the file describes, with the directory that its run lies in.

    `run_dir` and `max_duration` replace the file's own; `log_ids` is as --log-ids says. Says where
    a run was found, if it is not where one is looked for first. Of a run that was `sealed` only
    those go on who say so.
    """
    job, found = find_run(load_job(path, run_dir=run_dir), Path())
    if not sealed:
        rundir.refuse_sealed(job.run_dir)
    if found:
        streams.say(found)
    job = replace(job, log_ids=log_ids)
    if max_duration is None:
        return job
    bound_s = duration_s(max_duration, "--max-duration")
    return replace(job, schedule=replace(job.schedule, max_duration_s=bound_s))


def again(*, without: str = "") -> str:
    """The command as it was given, ready to paste; `without` this option and its value."""
    words = iter(sys.argv[1:])
    kept = []
    for word in words:
        if without and word == without:
            next(words, None)
        elif not (without and word.startswith(f"{without}=")):
            kept.append(word)
    return _joined([program(), *kept])


def command(name: str, job: Path, run_dir: Path | None) -> str:
    """The command of this name for a job, ready to paste."""
    words = [program(), name, str(job)]
    return _joined(words + (["--run-dir", str(run_dir)] if run_dir else []))


def command_for(job: Path, run_dir: Path | None, *, anywhere: bool = False) -> Callable[..., str]:
    """Says any command that belongs to a job, ready to paste: told a verb and its options.

    With `anywhere` it works in every directory, where both paths are whole.
    """

    def command(verb: str, *options: str) -> str:
        where = ["--run-dir", str(run_dir)] if run_dir else []
        return _joined([program(anywhere=anywhere), verb, str(job), *where, *options])

    return command


def _joined(words: list[str]) -> str:
    return " ".join([words[0], *(shlex.quote(word) for word in words[1:])])
