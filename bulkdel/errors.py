"""What stops a run, or keeps it from starting, as values; and every exit code.

    BulkdelError
    ├── WrongInput      2   the command, the job file or the input is wrong; nothing was sent
    │   ├── Busy        2   another process works in this run directory
    │   ├── StoreBehind 2   the store of leases knows less of a shard than its journal
    │   ├── NothingToDo 2   there is nothing that the command could do
    │   └── Corrupt     2   a file of the run directory is not what was written to it
    ├── Guarded         3   a guard of the job file stopped the run
    ├── StorageFailed  75   a file of the run cannot be written or read; run it again
    └── StoreAway      75   the store of leases does not answer; its workers go on when it does

What happens to a pair is never an exception: it is a Verdict.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from bulkdel.plain import escaped


class Exit(IntEnum):
    """The exit codes of the commands that send; the first of this list that applies."""

    WRONG = 2  #: the command, the job file, the input or the run directory; nothing was sent
    GUARDED = 3  #: a guard of the job file stopped the run
    REFUSED = 77  #: a provider refused credentials, permission or app, or a proxy the login
    LEFT = 75  #: stopped with work left: the same command continues
    FAILED = 1  #: every pair is settled; some failed, or some rows were rejected
    DONE = 0  #: every pair is settled as deleted or already gone


NEW_RUN: Final = "begin a new run with --run-dir, which sends every pair again"
"""The way out where a run cannot go on, with its price."""
RESTORE: Final = f"keep a copy of the run directory, then restore it from a backup, or {NEW_RUN}"
"""What to do where a file of a run is not what was written."""


class BulkdelError(Exception):
    """Where something is wrong, what it is, and what to do. Never holds a secret.

    Attributes:
        where: the file, key, option or address; empty where `what` says it.
        what: the fault, a part of a sentence without a full stop.
        mend: what a person can do; empty where nothing is to be said.
        more: further lines, each a fault of its own.
    """

    exit_code = Exit.WRONG

    def __init__(self, what: str, *more: str, where: object = "", mend: str = "") -> None:
        super().__init__(what, *more)
        self.where, self.what, self.mend, self.more = str(where), what, mend, more

    def __str__(self) -> str:
        """All of it for a person, each line plain whatever names and texts were put into it."""
        first = f"{self.where}: {self.what}" if self.where else self.what
        if self.mend:
            first += f"{'. ' if self.mend[0].isupper() else '; '}{self.mend}"
        return "\n".join(escaped(line) for line in (first, *self.more))


class WrongInput(BulkdelError):
    """The command, the job file or the input is wrong; nothing was sent."""


class Busy(WrongInput):
    """Another process works in this run directory."""


class StoreBehind(WrongInput):
    """The store of leases has given a shard out less often than its journal knows of."""


class NothingToDo(WrongInput):
    """There is nothing that the command could do; of a shard: others may have something."""


class Corrupt(WrongInput):
    """A file of the run directory is not what was written to it."""


class Guarded(BulkdelError):
    """A guard of the job file stopped the run."""

    exit_code = Exit.GUARDED


class StorageFailed(BulkdelError):
    """A file of the run can be written or read no more, so nothing more may be sent."""

    exit_code = Exit.LEFT


class StoreAway(BulkdelError):
    """The store of leases does not answer, or not in time."""

    exit_code = Exit.LEFT
