"""`bulkdel who`: which account a pseudonym stands for."""

from __future__ import annotations

from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.errors import Exit
from bulkdel.plain import escaped
from bulkdel.runs.who import who as named

EPILOG = """
\b
Exit codes:
  0  its id was printed
  1  no account of the plan has it
  2  could not be done: the plan or the key is not there, or it is no pseudonym

\b
Files in the run directory, readable by the owner only:
  log.key  the key of the pseudonyms; they differ from run to run

\b
Examples:
  bulkdel who purge.toml 3f9a0c2be71d
"""


def who(
    job: JobFile,
    pseudonym: Annotated[
        str, typer.Argument(metavar="PSEUDONYM", help="As run.log or a screen shows it.")
    ],
    *,
    run_dir: RunDir = None,
) -> int:
    """Print the id of the account that a pseudonym stands for in the run of JOB.

    Logs and screens call accounts by pseudonyms, each the same through a
    run. This looks through the whole plan. Once the run is sealed nobody
    can be named any more.
    """
    account = named(load(job, run_dir), pseudonym)
    if account is None:
        streams.say(f"No account of the plan has the pseudonym {pseudonym}.")
        return Exit.FAILED
    streams.result(f"{escaped(account)}\n")
    return Exit.DONE
