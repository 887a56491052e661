"""What somebody else may put where a file of a run belongs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

KINDS: Final = ("link", "link to nothing", "second name", "FIFO", "folder", "socket")


def plant(path: Path, kind: str, victim: Path) -> None:
    """Put it there, in place of what is there; what leads elsewhere leads to `victim`."""
    with suppress(FileNotFoundError):
        path.unlink()
    match kind:
        case "link":
            path.symlink_to(victim)
        case "link to nothing":
            path.symlink_to(victim.with_name("nothing"))
        case "second name":
            path.hardlink_to(victim)
        case "FIFO":
            os.mkfifo(path)
        case "socket":
            _socket(path)
        case _:
            path.mkdir()


def _socket(path: Path) -> None:
    """A socket's own path must be short, so it is made by way of its folder."""
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
