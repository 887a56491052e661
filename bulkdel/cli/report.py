"""`bulkdel report`: the run as a page that a person reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, command_for, load
from bulkdel.plain import escaped
from bulkdel.runs.report import report as write_report

EPILOG = """
\b
Exit codes:
  0  written
  2  could not be done: the job file is wrong, there is no plan yet, or the
     files cannot be written

\b
Files in the run directory, readable by the owner only:
  report.html  one page with everything in it; opens without a network,
               prints, and needs no script
  report.json  the same figures for programs: all that `bulkdel status
               --json` says, and timeline, codes, accounts and the record

\b
Examples:
  bulkdel report purge.toml
  xdg-open "$(bulkdel report purge.toml | head -1)"
  bulkdel report purge.toml --output /tmp    of a run that is only read
"""


def report(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write both into this folder, and nothing into the run directory.",
            show_default=False,
        ),
    ] = None,
    without_ids: Annotated[
        bool,
        typer.Option("--without-ids", help="Name no account: one that can be handed around."),
    ] = False,
) -> int:
    """Write the run of JOB as a page: report.html, and report.json.

    Shows how the run stands, whether its books balance, calls and latencies
    over time, what the providers answered, whether friendships are still
    there whose pairs failed, and what to do next. A chapter for the record
    names the input files with their SHA-256, who agreed, when, on which
    machine, with which version and settings. Can be called at any time:
    while the run goes on, after it stopped, when it is finished. Prints the
    paths. `bulkdel run` writes both at its end as well.

    Where it names accounts, the page says so on top. With --without-ids both
    have pseudonyms for them.
    """
    loaded = load(job, run_dir)
    for path in write_report(
        loaded,
        folder=output and output.absolute(),
        ids=not without_ids,
        command=command_for(loaded.source, loaded.run_dir, anywhere=True),
    ):
        streams.result(f"{escaped(str(path))}\n")
    return 0
