"""The key that signs what was done, read when it is needed and never before."""

from __future__ import annotations

import os
from typing import Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.evidence.signing import KEY_BYTES_MOST, public_half
from bulkdel.job.job import Job

_MAKE: Final = "`bulkdel seal --new-key FILE` makes one"


def read_signing_key(job: Job) -> bytes:
    """The private key (PEM, PKCS 8) from where the job file says.

    Raises:
        WrongInput: none is named, it is not there, or is no such key; never says what it holds.
    """
    source = job.signing_key
    if source is None:
        raise WrongInput(
            "evidence.signing_key_file is missing: without a key nothing can be signed",
            where=job.source,
            mend=_MAKE,
        )
    if source.env is not None:
        where, held = "evidence.signing_key_env", os.environ.get(source.env, "").encode()
        if not held:
            what = f"the environment variable {source.env} is not set or empty"
            raise WrongInput(what, where=where, mend="put the key's PEM text into it")
    else:
        where = "evidence.signing_key_file"
        try:
            with files.open_to_read(source.file) as file:  # type: ignore[arg-type]  # one is set
                held = file.read(KEY_BYTES_MOST + 1)
        except OSError as error:
            what = f"{source.file} cannot be read ({files.reason(error)})"
            raise WrongInput(what, where=where, mend=_MAKE) from None
    if len(held) > KEY_BYTES_MOST:
        raise WrongInput("it holds more than a key", where=where, mend=_MAKE)
    try:
        public_half(held)
    except ValueError as error:
        raise WrongInput(f"it holds {error}", where=where, mend=_MAKE) from None
    return held
