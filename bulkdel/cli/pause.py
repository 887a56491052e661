"""`bulkdel pause`: let the process that sends send nothing."""

from __future__ import annotations

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.runs.control import ask

EPILOG = """
\b
Exit codes:
  0  done; it acts within a second
  2  could not be done: no process works on the run, or it refuses

\b
Examples:
  bulkdel pause purge.toml
  bulkdel resume purge.toml
"""


def pause(job: JobFile, *, run_dir: RunDir = None) -> int:
    """Let the run of JOB send nothing more until `bulkdel resume`.

    Calls in flight finish and are recorded. The process stays; stopping and
    starting it again also ends the pause.
    """
    streams.result(ask(load(job, run_dir).run_dir, {"do": "pause"}) + "\n")
    return 0
