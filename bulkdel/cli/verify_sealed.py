"""`bulkdel verify` of a sealed run or a certificate."""

from __future__ import annotations

import sys
from pathlib import Path

from bulkdel.cli import streams
from bulkdel.errors import Exit, WrongInput
from bulkdel.evidence.signing import public_half
from bulkdel.job.job import Job
from bulkdel.job.signing_key import read_signing_key
from bulkdel.report.judged_json import judged_json
from bulkdel.report.text.sealed import judged_text
from bulkdel.runs.verify_sealed import (
    is_certificate,
    judge_certificate,
    judge_sealed,
    read_pseudonym_key,
    read_public,
    sealed_folder,
)


def verify_sealed(
    path: Path,
    job: Job | None,
    *,
    public_key: Path | None,
    pseudonym_key: Path | None,
    json: bool,
) -> int:
    """Judges it, says what holds and what it does not prove; the exit code.

    Args:
        path: a certificate, a sealed run's folder, or the run directory around it.
        job: the sealed run's, where it is known: then its own key stands for a public one.
        public_key: the file of the key that it must be signed with.
        pseudonym_key: the file of the key of the pseudonyms.
        json: whether the end is told as JSON.
    """
    key = None if pseudonym_key is None else read_pseudonym_key(pseudonym_key)
    public = _public(path, job, public_key)
    if is_certificate(path):
        judged = judge_certificate(path, public, key)
    elif (folder := sealed_folder(path)) is not None:
        judged = judge_sealed(folder, public, streams.say)
    else:
        raise WrongInput("there is no sealed run", where=path, mend="`bulkdel seal` makes one")
    if json:
        streams.result(judged_json(judged.statement, judged.faults, judged.unjudged))
    else:
        streams.result(
            judged_text(
                judged.what,
                judged.statement,
                judged.faults,
                judged.unjudged,
                streams.width(sys.stdout),
                colour=streams.colour(sys.stdout),
            )
        )
    return Exit.FAILED if judged.faults else Exit.DONE


def _public(path: Path, job: Job | None, public_key: Path | None) -> bytes:
    if public_key is not None:
        return read_public(public_key)
    if job is not None and job.signing_key is not None:
        return public_half(read_signing_key(job))
    raise WrongInput(
        "name the public key that it must be signed with",
        where=path,
        mend="--public-key FILE.pub; have it from who signed, not from who gave you this",
    )
