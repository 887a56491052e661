"""`bulkdel pause`: let the process that sends send nothing."""

from __future__ import annotations

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.lease.values import Pause
from bulkdel.runs.circumstances import user_name
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
  bulkdel pause purge.toml
  bulkdel resume purge.toml
"""


def pause(job: JobFile, *, run_dir: RunDir = None) -> int:
    """Let the run of JOB send nothing more until `bulkdel resume`.

    Calls in flight finish and are recorded. The process stays; stopping and
    starting it again also ends the pause. Where workers share a store, the
    pause holds for all of them, and for those that begin, until `resume`.
    """
    streams.result(give(load(job, run_dir), Pause(by=user_name())) + "\n")
    return 0
