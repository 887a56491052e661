"""How accounts are called where nobody asked to see them: in logs and on screens.

A thread can be followed by a short pseudonym, the same through a run, shards and runs beside it
included; its key is log.key in the run directory, and `who` finds back by it.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.evidence.pseudonyms import Pseudonyms, key_of, key_text, new_key
from bulkdel.job.job import Job

UNNAMED: Final = "(an account)"
_KEY_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Names:
    """What accounts are called.

    Attributes:
        shown: whether by their ids, as --log-ids wants it.
        pseudonyms: those of the run's key; None where there is none: then all are UNNAMED.
    """

    shown: bool = False
    pseudonyms: Pseudonyms | None = None

    def __call__(self, account: str) -> str:
        """What this one is called."""
        if self.shown:
            return account
        return UNNAMED if self.pseudonyms is None else self.pseudonyms.short(account)


NOBODY_NAMED: Final = Names()


def names_of(job: Job, *, make: bool = False) -> Names:
    """What accounts are called in what is said of this run, or of this shard of one.

    The key is made where it is missing if `make` says so: by whoever works in the run directory.
    """
    if job.log_ids:
        return Names(shown=True)
    path = key_path(job)
    with suppress(OSError, ValueError, WrongInput):
        if make:
            if not path.exists():
                _make(path)
            files.claim(path)
        return Names(pseudonyms=Pseudonyms(read_key(path)))
    return NOBODY_NAMED


def key_path(job: Job) -> Path:
    """Where the key is: in the directory of the whole run, also of a shard's job."""
    above = job.run_dir.parent
    is_shard = above.name == files.SHARDS and (above.parent / files.CUT).exists()
    return (above.parent if is_shard else job.run_dir) / files.LOG_KEY


def read_key(path: Path) -> bytes:
    """The key that stands in this file.

    Raises:
        OSError, WrongInput, ValueError: it is not there, cannot be read, or holds none.
    """
    with files.open_to_read(path) as file:
        return key_of(file.read(_KEY_MOST))


def _make(path: Path) -> None:
    """Makes the key; where several do at once, one of theirs stays."""
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = files.open_for_work(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key_text(new_key()))
    try:
        with suppress(FileExistsError):
            os.link(made, path, follow_symlinks=False)
    finally:
        made.unlink()
