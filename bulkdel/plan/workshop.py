"""A folder of our own in a run directory, where planning puts what is too large for memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bulkdel import files
from bulkdel.plan import duck


@contextmanager
def workshop(run_dir: Path) -> Iterator[Path]:
    """The folder, empty, for the length of a with block. The run directory must be held."""
    folder = run_dir / files.WORKSHOP
    _clear(folder)  # of a planning that was killed
    folder.mkdir(mode=0o700)
    try:
        with duck.opened_folder(folder) as opened:
            yield opened
    finally:
        _clear(folder)


def _clear(folder: Path) -> None:
    """Removes what was worked with; what resists goes with the next planning, or is in its way."""
    with suppress(OSError):  # the library lets those of closing a folder pass
        shutil.rmtree(folder, ignore_errors=True)
