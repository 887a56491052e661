"""`bulkdel check`: the preflight."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, LogIds, RunDir, command, load
from bulkdel.report.check_json import check_json
from bulkdel.report.checks import exit_code
from bulkdel.report.text.preflight import preflight_text
from bulkdel.runs.check import preflight

EPILOG = """
\b
Exit codes:
  0  nothing is crossed; there may be warnings
  1  something is crossed, and what to do about it stands beside it
  2  could not be done: the job file is wrong

\b
What is looked at:
  job, guards    what it does, what it protects, rates above the ceiling
  shards, store  with [cluster]: how many; the PostgreSQL of its workers
  input          columns and first rows of each file
  run directory  writable; whether the run in it goes on with this job
  plan           of a small input: what would be sent, and what forbids it
  disk           room for the ledger
  signing key    with [evidence]: that seal can sign; never shown
  secret         set; never shown
  address, TLS   resolves, connects, has a certificate that is trusted
  clock          against the server's
  credentials    one call for each target that changes nothing: friend_check
                 or CheckFriendsRelation, about the first pair of the input

\b
Examples:
  bulkdel check purge.toml
  bulkdel check purge.toml --offline
  bulkdel check purge.toml --json | jq .crosses
"""


def check(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    offline: Annotated[bool, typer.Option("--offline", help="Leave the network out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    log_ids: LogIds = False,
) -> int:
    """See whether JOB could run now. Deletes nothing, writes nothing.

    Looks at everything that `run` will need and shows it as a list of ticks
    and crosses, each cross with what to do about it.
    """
    loaded = load(job, run_dir, log_ids=log_ids)
    sections = preflight(loaded, offline=offline)
    if json:
        streams.result(check_json(loaded, sections, now_s=time.time()))
        return exit_code(sections)
    streams.result(
        preflight_text(
            f"{loaded.name}: looked at, nothing was deleted.",
            sections,
            streams.width(sys.stdout),
            again=command("check", job, run_dir),
            following=command("plan", job, run_dir),
            colour=streams.colour(sys.stdout),
            unicode=streams.unicode(sys.stdout),
        )
    )
    return exit_code(sections)
