"""`bulkdel verify`: the ledger against plan, journal and hash chain."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.report.text.verification import verification_json, verification_text
from bulkdel.runs.verify import verify_run

EPILOG = """
\b
Exit codes:
  0  all agrees
  1  something is not as it was written: each place is named
  2  could not be done: the job file is wrong, there is no run, or a process
     works on it

\b
With --json, one object with at least:
  ok             whether all agrees
  findings       file, line, offset (of the first wrong byte), what, found,
                 expected; the first 20 of findings_count
  pending_lines  lines that will be written when the run is continued
  ledger         length, sha256 and head (the chain's end), as in report.json
  targets        by name: pairs, deleted, already_gone, failed, unsettled
  beside         the runs beside it (backup, verification, undo), by folder

\b
Examples:
  bulkdel verify purge.toml
  bulkdel verify purge.toml --json | jq .findings
"""


def verify(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
) -> int:
    """Check the ledger of JOB against plan, journal and hash chain.

    Writes every line of the ledger again, in memory, out of the journal and
    the plan, and compares it byte for byte; computes the hash chain again;
    counts every pair again; checks that no target has a pair twice. Finds
    any byte that was changed, and lines that were cut off, removed,
    repeated, moved or made up, and says where. Changes nothing. The runs
    beside the run (its backup, say) are checked likewise.

    It finds corruption and carelessness. It is no proof against an owner of
    the files who writes all of them anew. It asks no provider.
    """
    loaded = load(job, run_dir)
    meta, verified, beside = verify_run(loaded)
    if json:
        streams.result(verification_json(loaded, meta, verified, beside))
    else:
        width = streams.width(sys.stdout)
        colour = streams.colour(sys.stdout)
        shown = verification_text(loaded, meta, verified, width, beside=beside, colour=colour)
        streams.result(shown)
    found = verified.count or any(one.verified.count for one in beside)
    return 1 if found else 0
