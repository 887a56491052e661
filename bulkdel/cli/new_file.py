"""Writes a job file that is not there yet, and only if it is one."""

from __future__ import annotations

import os
from pathlib import Path

from bulkdel import files
from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job


def write_new(file: Path, text: str) -> Job:
    """Write `text` to `file` and answer the job that it describes; or leave nothing behind.

    Raises:
        WrongInput: the file is there, cannot be written, or would be no job.
    """
    try:
        content = text.encode()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError as error:
        raise WrongInput(f"{file} is there already, and is not overwritten") from error
    except UnicodeEncodeError as error:
        raise WrongInput("a name that is no UTF-8 text cannot stand in a job file") from error
    except OSError as error:
        raise WrongInput(f"cannot be written: {error.strerror}", where=file) from error
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        return load_job(file)
    except (BulkdelError, OSError) as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WrongInput(files.reason(error), "nothing was written", where=file) from error
        more = (*error.more, "nothing was written")
        raise WrongInput(error.what, *more, where=error.where, mend=error.mend) from error
