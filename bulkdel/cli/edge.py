"""Where a command meets the shell: every error becomes a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable

import typer

from bulkdel.cli.signals import Stopping, stopping
from bulkdel.cli.streams import say
from bulkdel.errors import BulkdelError
from bulkdel.runs.failures import unexpected

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


def sentence(text: str) -> str:
    """The text with a full stop at its end."""
    told = text.strip()
    return told if told.endswith((".", "!", "?", ":")) else f"{told}."
