"""The two streams: results on stdout, everything for people and logs on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO

from bulkdel.errors import BulkdelError
from bulkdel.plain import Page, escaped, lines_escaped

USUAL_WIDTH = 80


class OutputFailed(BulkdelError):
    """Standard output takes nothing more, and it is not a pipe that somebody closed."""


def prepare() -> None:
    """Lets every character be written: what the encoding lacks is shown as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def result(text: str | bytes) -> None:
    """Writes to stdout: text made plain, bytes, which are data, as they stand.

    A reader that has gone away (`| head`) is no error.

    Raises:
        OutputFailed: it cannot be written for any other reason, such as a full disk.
    """
    try:
        if isinstance(text, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(lines_escaped(text))
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
    except OSError as error:
        _give_up(sys.stdout)
        raise OutputFailed(f"cannot write to standard output: {error.strerror}") from error


def say(*lines: str) -> None:
    """Writes lines to stderr, each made plain and one line whatever is in it; a `Page` as it is.

    A terminal that is gone stops nothing.
    """
    _to_stderr("".join(_line(line) for line in lines))


def prompt(question: str) -> None:
    """Writes a question to stderr, made plain, without a line end."""
    _to_stderr(lines_escaped(question))


def _line(text: str) -> str:
    if isinstance(text, Page):
        return lines_escaped(text)
    return escaped(text.removesuffix("\n")) + "\n"


def _to_stderr(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        _give_up(sys.stderr)


def terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def colour(stream: TextIO) -> bool:
    """Whether the stream is shown in colour: a terminal, and nobody asked for none."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return terminal(stream) and not plain


def unicode(stream: TextIO) -> bool:
    """Whether the stream takes every character."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def width(stream: TextIO) -> int:
    """Columns of the stream; of a stream that is no terminal, 80 unless COLUMNS says otherwise."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return shutil.get_terminal_size((USUAL_WIDTH, 24)).columns


def _give_up(stream: TextIO) -> None:
    """What is still buffered goes nowhere, so that leaving the process does not fail over it."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
