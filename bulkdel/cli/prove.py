"""`bulkdel prove`: a certificate for one person, out of a sealed run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bulkdel import files
from bulkdel.cli import streams
from bulkdel.cli.options import JobFile, RunDir, load
from bulkdel.errors import Exit, WrongInput
from bulkdel.evidence.statement import certificate_text
from bulkdel.report.figures import counted
from bulkdel.report.page.certificate import certificate_html
from bulkdel.runs.prove import prove as proved

EPILOG = """
\b
Exit codes:
  0  written
  2  could not be done: the run is not sealed, its key is gone, no line names
     the account, a sealed file was changed, or FILE is there already

\b
Whoever gets the certificate checks it with the public key alone:
  bulkdel verify certificate.json --public-key signing-key.pem.pub

\b
Examples:
  bulkdel prove purge.toml --account alice --out alice.json
"""


def prove(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    account: Annotated[
        str, typer.Option("--account", metavar="ID", help="The person's account id.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The certificate (JSON); a page that prints is written beside it (.html).",
        ),
    ],
) -> int:
    """Write a certificate for one person, out of the sealed run of JOB.

    What was removed for that account, where and when, how it was checked,
    and the proof that these lines are among those that were signed. It says
    nothing of anybody else: friends are pseudonyms, and counted.
    """
    loaded = load(job, run_dir, sealed=True)
    page = out.with_suffix(".html")
    if page == out:
        raise WrongInput("the certificate is JSON, and its page takes this name", where=out)
    for path in (out, page):
        if path.exists() or path.is_symlink():
            raise WrongInput(f"{path} is there already, and is not overwritten")
    certificate = proved(loaded, account)
    for path, content in (
        (out, certificate_text(certificate)),
        (page, certificate_html(certificate)),
    ):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        except OSError as error:
            raise WrongInput(f"cannot be written ({files.reason(error)})", where=path) from None
    entries = counted(len(certificate.entries), "entry", "entries")
    streams.result(f"Wrote {out} and {page}: {entries}.\n")
    return Exit.DONE
