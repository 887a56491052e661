"""`bulkdel rate`: slow the process that sends, or let it go."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.errors import WrongInput
from bulkdel.runs.control import ask

EPILOG = """
\b
Exit codes:
  0  done; it acts within a second
  2  could not be done: no process works on the run, or it refuses

\b
Examples:
  bulkdel rate purge.toml $first 50
  bulkdel rate purge.toml $first default
"""


def rate(
    job: JobFile,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The target's name.")],
    qps: Annotated[
        str, typer.Argument(metavar="QPS", help='Calls a second, or "default": the job\'s own.')
    ],
    *,
    run_dir: RunDir = None,
) -> int:
    """Let the run of JOB send at most QPS calls a second to TARGET.

    At most the target's qps in the job file. It holds when the run
    is continued as well, until it is set again.
    """
    wanted = None
    if qps != "default":
        try:
            wanted = float(qps)
        except ValueError:
            what = f'QPS is "{qps}"; it must be a number of calls a second, or "default"'
            raise WrongInput(what) from None
    request = {"do": "rate", "target": target, "qps": wanted}
    streams.result(ask(load(job, run_dir).run_dir, request) + "\n")
    return 0
