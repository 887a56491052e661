"""The metrics as a text file, for the node exporter's textfile collector."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import generate_latest

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.report.metrics import Metrics

FILE_EVERY_S: Final = 15.0


@contextmanager
def metrics_file(metrics: Metrics, path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Within it `path` is written every FILE_EVERY_S by a thread of its own, and once at the end.

    Whole or not at all, as the node exporter's textfile collector wants it. A file that cannot be
    written later on is stale, which `say` says once, and harms nothing else.

    Raises:
        WrongInput: it cannot be written at the beginning, or is no regular file.
    """
    try:
        _write(metrics, path)
    except OSError as error:
        raise WrongInput(
            _why(error),
            where=f"--metrics-file {path}",
            mend="choose another file; nothing was sent",
        ) from error
    ended = threading.Event()
    warned = False

    def write_again() -> None:
        nonlocal warned
        try:
            _write(metrics, path)
        except OSError as error:
            if not warned:
                warned = True
                say(f"Warning: --metrics-file {path}: {_why(error)}; its numbers are old now.")

    def keep_writing() -> None:
        while not ended.wait(FILE_EVERY_S):
            write_again()

    writer = threading.Thread(target=keep_writing, name="metrics-file", daemon=True)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join(FILE_EVERY_S)
        write_again()


class _NoFile(OSError):
    """What has the file's name is something else, and is not replaced."""


def _why(error: OSError) -> str:
    return str(error) if isinstance(error, _NoFile) else f"cannot be written: {error.strerror}"


def _write(metrics: Metrics, path: Path) -> None:
    """Puts a whole file in the place of the one that is there, which must be a regular one."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISREG(kind):
            what = "a link" if stat.S_ISLNK(kind) else "no regular file"
            raise _NoFile(f"is {what}, which is not replaced")
    with files.replacing(path) as out:
        os.fchmod(out.fileno(), 0o644)  # whoever scrapes may read it
        out.write(generate_latest(metrics.registry))
