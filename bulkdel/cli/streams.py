"""The two streams: results on stdout, everything for people and logs on stderr."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from bulkdel.errors import BulkdelError
from bulkdel.plain import Page, escaped, lines_escaped

NARROW = 20
"""Columns: nothing is laid out for fewer."""
USUAL_WIDTH = 80
USUAL_HEIGHT = 24


class OutputFailed(BulkdelError):
    """Standard output takes nothing more, and it is not a pipe that somebody closed."""


class _Forgiving(io.FileIO):
    """A file that takes all that is written to it, also when it can do nothing with it."""

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """All bytes: what cannot be written is lost without harm."""
        with suppress(OSError):
            written = super().write(data)
            if written is not None:
                return written
        return memoryview(data).nbytes


def prepare() -> None:
    """Makes the streams safe to use, before any other file is opened.

    A stream that the process was started without leads nowhere, so that no file of a run ever
    stands where others write to. Standard error never fails: a terminal that is gone stops
    nothing. Every character can be written: what the encoding lacks is shown as an escape.
    """
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        _fill(descriptor, flags)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as we live
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    if sys.stderr is None or isinstance(sys.stderr, io.TextIOWrapper):
        encoding = sys.stderr.encoding if sys.stderr else "utf-8"
        raw = _Forgiving(2, "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=encoding, line_buffering=True
        )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def carried(work: Callable[[], None]) -> None:
    """Does the work of a whole command; its last words are written before this returns.

    Raises:
        SystemExit: with 2 where standard output failed and nobody had noticed.
    """
    try:
        try:
            work()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
    except OutputFailed as error:
        say(f"bulkdel: {error}.")
        raise SystemExit(error.exit_code) from error
    except OSError as error:
        _give_up(sys.stdout)
        say(f"bulkdel: cannot write to standard output: {error.strerror}.")
        raise SystemExit(OutputFailed.exit_code) from error


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

    On a terminal a longer line goes on in the next, and no word is broken where a blank is near. A
    terminal that is gone stops nothing.
    """
    room = max(width(sys.stderr), NARROW) if terminal(sys.stderr) else None
    _to_stderr("".join(_line(line, room) for line in lines))


def prompt(question: str) -> None:
    """Writes a question to stderr, made plain, without a line end."""
    _to_stderr(lines_escaped(question))


def _line(text: str, room: int | None) -> str:
    if isinstance(text, Page):
        return lines_escaped(text)
    plain = escaped(text.removesuffix("\n"))
    if room is None or len(plain) * 2 <= room:
        return f"{plain}\n"
    from bulkdel.report.text.lines import wrapped  # the widths of all letters: not for a help

    return "".join(f"{one}\n" for one in wrapped(plain, room))


def _to_stderr(text: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def redraws(stream: TextIO) -> bool:
    """Whether what was shown can be drawn anew: a terminal that can do more than print."""
    return terminal(stream) and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}


def colour(stream: TextIO) -> bool:
    """Whether the stream is shown in colour: a terminal that can, and nobody asked for none."""
    return redraws(stream) and not os.environ.get("NO_COLOR")


def height(stream: TextIO) -> int:
    """Lines of the stream; of a stream that is no terminal, 24 unless LINES says otherwise."""
    try:
        return os.get_terminal_size(stream.fileno()).lines or USUAL_HEIGHT
    except (OSError, ValueError):
        return shutil.get_terminal_size((USUAL_WIDTH, USUAL_HEIGHT)).lines


def unicode(stream: TextIO) -> bool:
    """Whether the stream takes every character."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def width(stream: TextIO) -> int:
    """Columns of the stream; of a stream that is no terminal, 80 unless COLUMNS says otherwise."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return shutil.get_terminal_size((USUAL_WIDTH, USUAL_HEIGHT)).columns


def _fill(descriptor: int, flags: int) -> None:
    """Let the descriptor lead nowhere if it is closed. The lower ones are open."""
    try:
        os.fstat(descriptor)
    except OSError:
        try:
            opened = os.open(os.devnull, flags)
        except OSError:  # a machine without /dev: what is written here fails, and nothing else
            opened = os.open("/", os.O_RDONLY)
        os.set_inheritable(opened, True)


def _give_up(stream: TextIO) -> None:
    """What is still buffered goes nowhere, so that leaving the process does not fail over it."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
