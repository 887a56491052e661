"""`bulkdel close`: an end for a run that cannot finish by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli.edge import carry_out
from bulkdel.cli.options import JobFile, RunDir, again

EPILOG = """
\b
Exit codes:
  0  the run is finished: every pair is settled
  2  could not be done, or was not agreed to; the same command continues

\b
Afterwards:
  bulkdel status   says finished, and with which codes pairs failed
  bulkdel run      sends nothing more, and exits 1
  ledger.jsonl     has a line for every pair; the closed ones are "failed"

\b
Examples:
  bulkdel close purge.toml
  bulkdel close purge.toml --yes
"""


def close(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask. Without a terminal it is needed.")
    ] = False,
) -> None:
    """Settle what is left of JOB as failed, so that the run is finished.

    For what a provider refuses for ever, so that no cron line runs for ever.
    Sends nothing. Every pair that is left gets its ledger line with status
    "failed" and the last code and text that a provider gave for it; a pair
    that no call has carried has code -3. Shows what it will settle, and
    asks. It cannot be undone: a closed pair is deleted by a new run only.
    """

    def work() -> int:
        from bulkdel.runs import wiring
        from bulkdel.runs.closing import close_run

        close_run(wiring.load(job, run_dir), yes=yes, command=again())
        return 0

    carry_out(work)
