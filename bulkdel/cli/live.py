"""`bulkdel pause`, `resume` and `rate`: act on the process that sends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bulkdel.cli.edge import carry_out
from bulkdel.cli.options import JobFile, RunDir

_CODES = """
\b
Exit codes:
  0  done; it acts within a second
  2  could not be done: no process works on the run, or it refuses
"""
PAUSE_EPILOG = f"""{_CODES}
\b
Examples:
  bulkdel pause purge.toml
  bulkdel resume purge.toml
"""
RATE_EPILOG = f"""{_CODES}
\b
Examples:
  bulkdel rate purge.toml $first 50
  bulkdel rate purge.toml $first default
"""


def pause(job: JobFile, *, run_dir: RunDir = None) -> None:
    """Let the run of JOB send nothing more until `bulkdel resume`.

    Calls in flight finish and are recorded. The process stays; stopping and
    starting it again also ends the pause.
    """
    carry_out(lambda: _ask(job, run_dir, {"do": "pause"}))


def resume(job: JobFile, *, run_dir: RunDir = None) -> None:
    """Let a paused run of JOB send again."""
    carry_out(lambda: _ask(job, run_dir, {"do": "resume"}))


def rate(
    job: JobFile,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The target's name.")],
    qps: Annotated[
        str, typer.Argument(metavar="QPS", help='Calls a second, or "default": the job\'s own.')
    ],
    *,
    run_dir: RunDir = None,
) -> None:
    """Let the run of JOB send at most QPS calls a second to TARGET.

    At most the target's qps in the job file. It holds for later sittings of
    the run as well, until it is set again.
    """

    def work() -> int:
        from bulkdel.errors import WrongInput

        wanted = None
        if qps != "default":
            try:
                wanted = float(qps)
            except ValueError:
                raise WrongInput(
                    f'QPS is "{qps}"; it must be a number of calls a second, or "default"'
                ) from None
        return _ask(job, run_dir, {"do": "rate", "target": target, "qps": wanted})

    carry_out(work)


def _ask(job: Path, run_dir: Path | None, request: dict[str, Any]) -> int:
    from bulkdel.cli import streams
    from bulkdel.runs import wiring
    from bulkdel.runs.control import ask

    streams.result(ask(wiring.load(job, run_dir).run_dir, request) + "\n")
    return 0
