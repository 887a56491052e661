"""What stops a run, or keeps it from starting; each knows its exit code.

    BulkdelError
    ├── WrongInput      2   the command, the job file or the input is wrong; nothing was sent
    │   ├── Busy        2   another process works in this run directory
    │   └── Corrupt     2   a file of the run directory is not what was written to it
    ├── Guarded         3   a guard of the job file stopped the run
    └── StorageFailed  75   nothing more can be made durable; the same command continues

What happens to a pair is never an exception: it is a Verdict.
"""

from __future__ import annotations

from bulkdel.plain import escaped


class BulkdelError(Exception):
    """A sentence for the user: what, where, and what to do. Never holds a secret.

    Each argument is one line of it, plain whatever names and texts were put into it.
    """

    exit_code = 2

    def __str__(self) -> str:
        return "\n".join(escaped(str(line)) for line in self.args)


class WrongInput(BulkdelError):
    """The command, the job file or the input is wrong; nothing was sent."""

    exit_code = 2


class Busy(WrongInput):
    """Another process works in this run directory."""


class Corrupt(WrongInput):
    """A file of the run directory is not what was written to it."""


class Guarded(BulkdelError):
    """A guard of the job file stopped the run."""

    exit_code = 3


class StorageFailed(BulkdelError):
    """Nothing more can be made durable, so nothing more may be sent."""

    exit_code = 75
