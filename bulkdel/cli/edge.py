"""Where a command meets the shell: every error becomes a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable

import typer

from bulkdel.cli.signals import Stopping, stopping
from bulkdel.cli.streams import say
from bulkdel.errors import BulkdelError, Exit
from bulkdel.runs.failures import unexpected


def carry_out(
    command: Callable[[], int], *, sends: bool, in_full: Callable[[str], str] = str
) -> None:
    """Carries out a command's work and leaves with its exit code.

    Args:
        command: returns the exit code, or raises.
        sends: whether its calls may have left when it is interrupted, or something happens that
            should not have: then work is left. Of other commands every error is WRONG.
        in_full: gives a sentence in which commands are named the commands themselves.

    Raises:
        typer.Exit: always, with the code.
    """
    broken = Exit.LEFT if sends else Exit.WRONG
    watch: Stopping | None = None
    try:
        with stopping(_interrupt, broken) as watch:
            code = command()
    except BulkdelError as error:
        say(*f"bulkdel: {sentence(in_full(str(error)))}".split("\n"))
        code = error.exit_code if sends else broken
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
    plain = text.strip()
    return plain if plain.endswith((".", "!", "?", ":")) else f"{plain}."
