"""One run of a user's program: bounded in time, in what is kept of its words, and in its harm."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from bulkdel.providers.stars import starred

SAID_MOST: Final = 400
"""Characters of a program's standard error that are kept, from its end."""
_READ_MOST: Final = 16_384
"""Bytes of it that are held: what is masked is longer than what is kept."""
_LOOK_S: Final = 0.1


def run_hook(
    command: Sequence[str],
    stdin: bytes,
    *,
    folder: Path,
    environment: Mapping[str, str],
    within_s: float,
    hidden: Sequence[str] = (),
) -> str:
    """Why `command` failed, in words without the `hidden` texts; empty if it left with 0 in time.

    It starts in `folder`, in a session of its own, so that Ctrl-C is not for it, and with none of
    our descriptors. If it is not over when the time is up, it and all that it started are killed.
    Its standard output goes nowhere.
    """
    give_up = time.monotonic() + within_s
    with tempfile.TemporaryFile() as given:  # a pipe would block on a program that does not read
        given.write(stdin)
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                list(command),
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
    with process:
        errors = _listen(process, give_up)
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return f"it did not end within {within_s:g} s"
    if process.returncode == 0:
        return ""
    words = " ".join(starred(errors.decode("utf-8", "replace"), hidden).split())[-SAID_MOST:]
    return f"exit {process.returncode}{': ' if words else ''}{words}"


def _listen(process: subprocess.Popen[bytes], give_up: float) -> bytes:
    """The last words of a program that has ended, or is out of time."""
    if process.stderr is None:
        raise AssertionError("standard error is a pipe")
    errors = b""
    poll = select.poll()  # select() would refuse descriptors from 1024 on
    poll.register(process.stderr, select.POLLIN)
    listening = True
    while (left := give_up - time.monotonic()) > 0:
        over = process.poll() is not None
        wait_s = 0.0 if over else min(left, _LOOK_S)
        if listening and poll.poll(wait_s * 1000):
            piece = os.read(process.stderr.fileno(), 4096)
            listening = bool(piece)
            errors = (errors + piece)[-_READ_MOST:]
        elif over:
            break
        elif not listening:
            time.sleep(wait_s)
    return errors
