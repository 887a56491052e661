"""What stops a command that no rule of ours foresaw, in words for a person."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkdel import files
from bulkdel.errors import BulkdelError, StorageFailed, WrongInput


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Within it no call leaves: what the machine answers is an error of this command alone.

    Raises:
        WrongInput: in place of a StorageFailed, or of what the machine answered.
    """
    try:
        yield
    except Exception as error:
        words = str(error) if isinstance(error, StorageFailed) else machine_words(error)
        if not words:
            raise
        raise WrongInput(f"{words}; nothing was sent this time") from error


def machine_words(error: Exception) -> str:
    """What the machine answered, with the file; empty where it is no answer of the machine."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else "the system answered: "
        return f"{where}{files.reason(error)}"
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "the system starts no more threads"
    return ""


def leaf(error: Exception) -> Exception:
    """The error itself; of a group, the one that matters: what should not have happened first."""
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [leaf(one) for one in error.exceptions]
    return next((one for one in leaves if not isinstance(one, BulkdelError)), leaves[0])


def unexpected(error: Exception) -> str:
    """A sentence for what was not foreseen here: what and where, never values of variables."""
    error = leaf(error)
    if words := machine_words(error):
        return f"{words}. Nothing settled is lost."
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    where = f" at {Path(last.filename).name}:{last.lineno}" if last else ""
    return f"this should not have happened: {type(error).__name__}{where}. Nothing settled is lost."
