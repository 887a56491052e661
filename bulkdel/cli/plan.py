"""`bulkdel plan`: what `run` would do; sends nothing."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, LogIds, RunDir, command, load
from bulkdel.report.nameless import nameless_preview
from bulkdel.report.plan_json import plan_json
from bulkdel.report.text.preview import plan_text
from bulkdel.runs.cut import plan_cut
from bulkdel.runs.names import names_of
from bulkdel.runs.run import plan_only

EPILOG = """
\b
Exit codes:
  0  planned and shown
  2  could not be done: the job file or the input is wrong

\b
Files in the run directory:
  plan.parquet   what `bulkdel run` sends, in order
  rejects.jsonl  the rows that cannot be sent, and why
  shards.json    with [cluster]: the shards; each has its plan in shards/NAME

\b
Examples:
  bulkdel plan purge.toml
  bulkdel plan purge.toml --run-dir /tmp/trial
  bulkdel plan purge.toml --json | jq .targets
"""


def plan(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    log_ids: LogIds = False,
) -> int:
    """Read the input of JOB, plan the calls, and show the plan. Sends nothing.

    Shows how many rows were read, rejected, protected and duplicates, how
    many pairs remain, how many calls and how much time they take for each
    target, what fewest_calls would save, the largest accounts, and whether a
    guard would stop the run.
    `bulkdel run` sends this very plan if the input is still the same.
    Accounts have pseudonyms (`bulkdel who` names one); with --log-ids, ids.
    """
    loaded = load(job, run_dir, log_ids=log_ids)
    preview = (plan_only if loaded.cluster is None else plan_cut)(loaded, streams.say)
    if not log_ids:
        preview = nameless_preview(preview, names_of(loaded, make=True))
    now_s = time.time()
    if json:
        streams.result(plan_json(loaded, preview, now_s=now_s))
        return 0
    streams.result(
        plan_text(
            loaded,
            preview,
            streams.width(sys.stdout),
            colour=streams.colour(sys.stdout),
            command=command("run", job, run_dir),
            now_s=now_s,
        )
    )
    return 0
