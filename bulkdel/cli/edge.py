"""Where a command meets the shell: every error becomes a sentence and an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from bulkdel import files
from bulkdel.cli.signals import Stopping, stopping
from bulkdel.cli.streams import say
from bulkdel.errors import BulkdelError, StorageFailed, WrongInput

NOT_DONE = 2


def carry_out(command: Callable[[], int], *, broken: int = NOT_DONE) -> None:
    """Carries out a command's work and leaves with its exit code.

    Args:
        command: returns the exit code, or raises.
        broken: the exit code for an interruption, and for what should not have happened.

    Raises:
        typer.Exit: always, with the code.
    """
    watch: Stopping | None = None
    try:
        with stopping(_interrupt, broken) as watch:
            code = command()
    except BulkdelError as error:
        say(*f"bulkdel: {sentence(str(error))}".split("\n"))
        code = broken if broken == NOT_DONE else error.exit_code  # the others are of run alone
    except KeyboardInterrupt:
        say("bulkdel: interrupted.")
        code = broken
    except Exception as error:  # noqa: BLE001 - the last line of defence
        interrupted = watch is not None and watch.by  # a library may have made its own error of it
        say("bulkdel: interrupted." if interrupted else f"bulkdel: {unexpected(error)}")
        code = broken
    raise typer.Exit(code)


def _interrupt(_: str) -> None:
    raise KeyboardInterrupt


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Within it no call leaves: what the machine answers is an error of this command alone.

    Raises:
        WrongInput: in place of a StorageFailed, or of what the machine answered.
    """
    try:
        yield
    except Exception as error:
        told = str(error) if isinstance(error, StorageFailed) else machine_words(error)
        if not told:
            raise
        raise WrongInput(f"{told}; nothing was sent in this sitting") from error


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
    if told := machine_words(error):
        return f"{told}. Nothing settled is lost."
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    where = f" at {Path(last.filename).name}:{last.lineno}" if last else ""
    return f"this should not have happened: {type(error).__name__}{where}. Nothing settled is lost."


def sentence(text: str) -> str:
    """The text with a full stop at its end."""
    told = text.strip()
    return told if told.endswith((".", "!", "?", ":")) else f"{told}."
