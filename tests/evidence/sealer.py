"""Seals copies of a run, each stopped at another step: `sealer.py RUN WORK kill|fail EVERY`.

A step is what changes a disk: a file opened to be written, made, renamed, removed, a folder made or
removed, a sync. At its step a process of its own is killed, or the step fails for a full disk;
then what lies there is judged, and the same work is done again. Prints one JSON object: the steps
that were tried, and what was wrong.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from bulkdel import files
from bulkdel.cli.options import load
from bulkdel.evidence.sealed import faults, open_sealed
from bulkdel.runs.seal import seal_run
from tests.support.sealing import PEOPLE, tree

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate")
_OF_READERS = ("lock", "journal.db-wal", "journal.db-shm", ".tmp")
"""What one who only reads may leave or change."""


class Steps:
    """Counts steps, and does something at one of them; notes what a power cut would take."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self._left = at
        self._then = then
        self._synced: set[tuple[int, int]] = set()
        self._named: Path | None = None
        self.wrong: list[str] = []

    def watch(self) -> None:
        """From now on, for ever."""
        fsync = os.fsync

        def sync(descriptor: int) -> None:
            self._step()
            fsync(descriptor)
            status = os.fstat(descriptor)
            self._synced.add((status.st_dev, status.st_ino))

        os.fsync = sync  # type: ignore[assignment]
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).endswith(f"/{files.SEALED}"):
            made = Path(arguments[0])
            self._judge(made, *made.iterdir())
            self._named = made.parent
            self._synced.clear()
        if event == "os.remove" and self._named:
            self._judge(self._named)
            self._named = None
        if event in _CHANGES or (event == "open" and _writes(arguments[2])):
            self._step()

    def _judge(self, *paths: Path) -> None:
        """These are on the disk before what is done next."""
        for path in paths:
            status = path.stat()
            if (status.st_dev, status.st_ino) not in self._synced:
                self.wrong.append(f"{path.name} was not synced")

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._then()


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def seal(job: Path, at: int, then: Callable[[], None]) -> tuple[str, list[str]]:
    """Seals in a process of its own: how it ended, and what was wrong."""
    reads, writes = os.pipe()
    if (pid := os.fork()) == 0:
        told = "done"
        steps = Steps(at, then)
        try:
            loaded = load(job, None, sealed=True)
            steps.watch()
            seal_run(loaded, agree=lambda _: None, say=lambda *_: None)
        except BaseException as error:  # noqa: BLE001  # it is told
            told = f"{type(error).__name__}: {error}"
        os.write(writes, "\n".join([told, *steps.wrong]).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as said:
        told, *wrong = said.read().split("\n")
    os.waitpid(pid, 0)
    return told, wrong


def own(run_dir: Path) -> dict[str, bytes]:
    """The files of a run that nobody may have changed who did not seal it."""
    return {
        name: content
        for name, content in tree(run_dir).items()
        if not name.endswith(_OF_READERS) and not name.startswith(files.SEALING)
    }


def trial(source: Path, place: Path, at: int, then: Callable[[], None]) -> tuple[bool, list[str]]:
    """Whether the step was reached, and what was wrong."""
    shutil.copytree(source, place, symlinks=True)
    job, run_dir = place / "job.toml", place / "runs/job"
    before = own(run_dir)
    end, wrong = seal(job, at, then)
    if end not in {"", "done"} and "space" not in end:
        wrong.append(end)
    if not (run_dir / files.SEALED).is_dir():
        if own(run_dir) != before:
            wrong.append("something was lost before it was sealed")
    elif found := faults(open_sealed(run_dir / files.SEALED), None):
        wrong += found
    again, more = seal(job, 0, _fail)
    if again != "done":
        wrong.append(f"again: {again}")
    wrong += (*more, *_left(run_dir))
    shutil.rmtree(place)
    return end != "done", wrong


def _left(run_dir: Path) -> Iterator[str]:
    for path in run_dir.rglob("*"):
        if path.parent == run_dir and path.name not in {files.LOCK, files.SEALED}:
            yield f"{path.name} is left"
        if stat.S_ISREG(path.lstat().st_mode):
            content = path.read_bytes()
            held = [one for one in PEOPLE if one.encode() in content]
            if held or b"Kundin" in content:
                yield f"{path.name} holds {held}"


def main() -> None:
    """All steps, or every so many-th."""
    source, work, what, every = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    tried, wrong = [], {}
    for at in count(1, every):
        reached, found = trial(source, work / "at", at, _die if what == "kill" else _fail)
        if found:
            wrong[at] = found
        if not reached:
            break
        tried.append(at)
    sys.stdout.write(json.dumps({"steps": tried, "wrong": wrong}))


if __name__ == "__main__":
    main()
