"""`bulkdel resume`: let a paused run send again."""

from __future__ import annotations

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.cli.pause import EPILOG
from bulkdel.lease.values import Resume
from bulkdel.runs.orders import give

__all__ = ["EPILOG", "resume"]


def resume(job: JobFile, *, run_dir: RunDir = None) -> int:
    """Let a paused run of JOB send again."""
    streams.result(give(load(job, run_dir), Resume()) + "\n")
    return 0
