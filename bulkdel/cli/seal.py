"""`bulkdel seal`: turn a finished run into what may be kept for years."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bulkdel import files
from bulkdel.cli import ask, streams
from bulkdel.cli.options import JobOrNone, RunDir, Yes, load
from bulkdel.errors import Exit, WrongInput
from bulkdel.evidence import signing
from bulkdel.job.signing_key import read_signing_key
from bulkdel.report.text.sealed import sealed_text, sealing_text
from bulkdel.runs.seal import Sealing, seal_run

EPILOG = """
\b
Exit codes:
  0  sealed, and the run's own files are removed
  2  could not be done, or was not agreed to; the same command continues

\b
In the run directory, sealed/:
  ledger.jsonl        the results, a pseudonym for each account
  verification.jsonl  what the providers said afterwards, if they were asked
  statement.json      what was done, the books, and the root of a tree
                      (RFC 6962) over the lines
  statement.sig       the signature of statement.json (Ed25519, base64)
  sealed.key          the key of the pseudonyms: whoever destroys it ends
                      all linkage; everything but `prove` still works
  *.index             to find a person's lines; holds nothing more

\b
Examples:
  bulkdel seal --new-key signing-key.pem     makes a key, once
  bulkdel seal purge.toml
  bulkdel seal purge.toml --yes
"""


def seal(
    job: JobOrNone = None,
    *,
    run_dir: RunDir = None,
    yes: Yes = False,
    new_key: Annotated[
        Path | None,
        typer.Option(
            "--new-key",
            metavar="FILE",
            help="Make a key to sign with (0600), and its public half in FILE.pub.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Seal the finished run of JOB: keep the proof, and no account id.

    Writes the results with a pseudonym in place of each account id, and a
    signed statement of what was done; reads them back; and only then removes
    the run's own files: plan, ledger, journal, rejects, log, reports,
    backup, verification, undo. Nothing of the run can go on afterwards.

    Shows what will be destroyed, and asks. Killed at any moment, the same
    command ends it. What is removed is unlinked; copies, snapshots and
    backups of the disk are yours to think of.
    """
    if (job is None) == (new_key is None) or (new_key is not None and run_dir is not None):
        raise WrongInput("name a job, or a file with --new-key; nothing was sealed")
    if new_key is not None:
        return _made(new_key)
    if job is None:
        raise AssertionError("neither a job nor a file")
    loaded = load(job, run_dir, sealed=True)

    def agree(sealing: Sealing) -> None:
        width, colour = streams.width(sys.stderr), streams.colour(sys.stderr)
        streams.say(
            sealing_text(
                loaded.run_dir,
                sealing.kept,
                sealing.kept_until,
                sealing.unverified,
                width,
                colour=colour,
            )
        )
        if yes:
            return
        if not ask.can_ask():
            raise WrongInput(
                "there is no terminal to ask on, so nothing was sealed; look at the above and add "
                "--yes if it is right"
            )
        if not ask.confirmed("Seal this run? Type yes: "):
            raise WrongInput(f"not confirmed ({ask.ONLY_YES}); nothing was sealed")

    sealed = seal_run(loaded, agree=agree, say=streams.say)
    name = "not known here"
    if loaded.signing_key is not None:
        name = signing.fingerprint(signing.public_half(read_signing_key(loaded)))
    width = streams.width(sys.stdout)
    streams.result(sealed_text(loaded.run_dir, sealed.statement, name, width))
    return Exit.DONE


def _made(file: Path) -> int:
    private, public = signing.new_key()
    half = file.with_name(f"{file.name}.pub")
    for path, content, mode in ((file, private, 0o600), (half, public, 0o644)):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        except FileExistsError:
            raise WrongInput(f"{path} is there already, and is not overwritten") from None
        except OSError as error:
            raise WrongInput(f"cannot be written ({files.reason(error)})", where=path) from None
    streams.result(
        f"The key is in {file}: keep it where only those read it who may sign.\n"
        f"Its public half is in {half}, for everybody who checks: {signing.fingerprint(public)}\n"
    )
    return Exit.DONE
