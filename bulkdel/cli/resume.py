"""`bulkdel resume`: let a paused run send again."""

from __future__ import annotations

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.cli.pause import EPILOG
from bulkdel.runs.control import ask

__all__ = ["EPILOG", "resume"]


def resume(job: JobFile, *, run_dir: RunDir = None) -> int:
    """Let a paused run of JOB send again."""
    streams.result(ask(load(job, run_dir).run_dir, {"do": "resume"}) + "\n")
    return 0
