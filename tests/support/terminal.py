"""The command on a terminal, where it asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.process import KEY, environment

SECRET = "0123456789abcdef"


def on_a_terminal(
    folder: Path, answer: bytes, *arguments: str, secret: str = SECRET
) -> tuple[int, str]:
    """Exit code and output of the command, asked on a terminal and answered there."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        process = subprocess.Popen(  # noqa: S603  # our own arguments
            [sys.executable, "-m", "bulkdel", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=environment(**{KEY: secret}),
        )
        os.close(theirs)
        said = b""
        while b"Type yes to go on: " not in said:
            said += terminal.read(4096)
        terminal.write(answer)
        try:
            while more := terminal.read(4096):
                said += more
        except OSError:  # what a terminal answers when nobody is left at its other end
            pass
        return process.wait(), said.decode("utf-8", "replace")
