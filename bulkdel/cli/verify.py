"""`bulkdel verify`: the ledger against plan, journal and hash chain; or against the providers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, LogIds, Quiet, RunDir, load
from bulkdel.cli.verify_sealed import verify_sealed
from bulkdel.errors import Exit, WrongInput
from bulkdel.report.text.verification import verification_json, verification_text
from bulkdel.runs.verification import Wish
from bulkdel.runs.verify import verify_run
from bulkdel.runs.verify_sealed import is_sealed, sealed_folder

EPILOG = """
\b
Exit codes:
  0  all agrees
  1  something is not as it was written: each place is named
  2  could not be done: the job file is wrong, there is no run, or a process
     works on it; or all that was checked agrees, and some shards were not,
     since processes send of them

\b
With --remote, the highest line that applies wins:
   2  could not be done: nothing was sent of the run, other options than this
      verification was begun with, or a process works on the run
  77  a provider refused the credentials, the permission or the app
  75  stopped with answers missing: run the same command again
   1  something remains, or could not be asked for
   0  nothing remains

\b
With --json, one object with at least:
  ok             whether all was checked, and agrees
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
  bulkdel verify purge.toml --remote
  bulkdel verify purge.toml --remote --sample 3000 --seed 7
  bulkdel verify purge.toml --remote --again --json
"""


def verify(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    remote: Annotated[
        bool,
        typer.Option("--remote", help="Ask the providers whether the friendships are gone."),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=1,
            help="With --remote: ask for N pairs of each target, drawn at random.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            metavar="S",
            min=0,
            max=2**63 - 1,
            help="With --sample: the same seed draws the same pairs.",
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="With --remote: ask anew, and keep what was answered before."),
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key",
            metavar="FILE",
            help="Of a sealed run or a certificate: the key that it must be signed with.",
            show_default=False,
        ),
    ] = None,
    pseudonym_key: Annotated[
        Path | None,
        typer.Option(
            "--pseudonym-key",
            metavar="FILE",
            help="Of a certificate: sealed.key, to check that the pseudonym is the account's.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a page.")] = False,
    log_ids: LogIds = False,
    no_progress: Quiet = False,
) -> int:
    """Check the ledger of JOB, in itself or by asking the providers.

    Writes every line of the ledger again, in memory, out of the journal and
    the plan, and compares it byte for byte; computes the hash chain again;
    counts every pair again; checks that no target has a pair twice. Finds
    any byte that was changed, and lines that were cut off, removed,
    repeated, moved or made up, and says where. Changes nothing. The runs
    beside the run (its backup, say) are checked likewise.

    It finds corruption and carelessness. It is no proof against an owner of
    the files who writes all of them anew. So far it asks no provider.

    With --remote it asks the providers of each pair that the ledger calls
    deleted or already gone whether it is: of all, or of a sample, and then
    says what that bounds. It changes nothing at a provider, so it asks
    nobody. What they answer is kept in the run directory (verification/);
    stopped or killed, the same command goes on.

    Of a run that was sealed, and of a certificate (JOB is then its file, or
    the folder of the sealed run), it checks the signature, every line and
    every proof, with the public key alone, on any machine, and says what
    that proves and what not.
    """
    if not remote:
        given = (("--sample", sample), ("--seed", seed), ("--again", again or None))
        if stray := [name for name, value in given if value is not None]:
            raise WrongInput(f"{stray[0]} goes with --remote only")
    loaded = None if is_sealed(job) else load(job, run_dir, sealed=True, log_ids=log_ids)
    sealed = job if loaded is None else sealed_folder(loaded.run_dir)
    if sealed is not None or loaded is None:
        if remote:
            raise WrongInput("--remote asks about the pairs of a run, and this one was sealed")
        return verify_sealed(
            sealed or job, loaded, public_key=public_key, pseudonym_key=pseudonym_key, json=json
        )
    if public_key is not None or pseudonym_key is not None:
        raise WrongInput("a key goes with a sealed run or a certificate, and this run is no such")
    if remote:
        from bulkdel.cli.remote import verify_remote  # all of sending: only where wanted

        wish = Wish(sample=sample, seed=seed, again=again)
        return verify_remote(loaded, wish, run_dir, json=json, quiet=no_progress)
    meta, verified, beside = verify_run(loaded)
    if json:
        streams.result(verification_json(loaded, meta, verified, beside))
    else:
        width = streams.width(sys.stdout)
        colour = streams.colour(sys.stdout)
        shown = verification_text(loaded, meta, verified, width, beside=beside, colour=colour)
        streams.result(shown)
    if verified.count or any(one.verified.count for one in beside):
        return Exit.FAILED
    return Exit.DONE if verified.ok else Exit.WRONG
