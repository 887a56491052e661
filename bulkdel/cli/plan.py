"""`bulkdel plan`: what `run` would do; sends nothing."""

from __future__ import annotations

import sys
import time

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, command, load
from bulkdel.report.rejects import read_rejects
from bulkdel.report.text.preview import plan_text
from bulkdel.runs.plan import sample
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

\b
Examples:
  bulkdel plan purge.toml
  bulkdel plan purge.toml --run-dir /tmp/trial
"""

SAMPLE = 3
"""Batches of the plan that are shown."""


def plan(job: JobFile, *, run_dir: RunDir = None) -> int:
    """Read the input of JOB, plan the calls, and show the plan. Sends nothing.

    Shows how many rows were read, rejected, protected and duplicates, how
    many pairs remain, how many calls and how much time they take for each
    target, the largest accounts, and whether a guard would stop the run.
    `bulkdel run` sends this very plan if the input is still the same.
    """
    loaded = load(job, run_dir)
    meta = plan_only(loaded, streams.say)
    text = plan_text(
        loaded,
        meta,
        read_rejects(loaded.run_dir / "rejects.jsonl"),
        streams.width(sys.stdout),
        colour=streams.colour(sys.stdout),
        command=command("run", job, run_dir),
        now_s=time.time(),
        sample=sample(loaded, meta, SAMPLE) if meta.books.pairs else (),
    )
    streams.result(text)
    return 0
