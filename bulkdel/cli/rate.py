"""`bulkdel rate`: slow the process that sends, or let it go."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.errors import WrongInput
from bulkdel.lease.values import SlowTo
from bulkdel.runs.orders import give

EPILOG = """
\b
Exit codes:
  0  done; it acts within a second, or, where workers share a store, when they
     next renew: it says within how many seconds, and how many they are
  2  could not be done: no process works on the run, or it refuses, or the
     store is not there

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
    order = SlowTo(target=target, qps=wanted)
    streams.result(give(load(job, run_dir), order) + "\n")
    return 0
