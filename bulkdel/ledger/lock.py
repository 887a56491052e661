"""One process at a time works in a run directory.

The kernel holds the lock (flock) and lets go of it however the process ends, so a lock file that
is left behind means nothing and is never removed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkdel.errors import Busy

LOCK = "lock"

_PATIENCE_S = 1.0
_PAUSE_S = 0.02
_MOST_BYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that works in a run directory; `started_ms` is Unix milliseconds.

    Both are 0 in the instant between its taking the lock and its writing who it is.
    """

    pid: int
    started_ms: int


@contextmanager
def hold(run_dir: Path, *, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Hold `run_dir`, made 0700 if need be, for the length of a with block.

    Waits up to `patience_s`, since `holder` takes the lock for an instant to look.

    Raises:
        Busy: another process holds it; says which, and since when.
    """
    _make(run_dir)
    descriptor = os.open(run_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _taken(descriptor, fcntl.LOCK_EX, patience_s):
            raise Busy(_busy_words(run_dir, _read(descriptor)))
        note = orjson.dumps({"pid": os.getpid(), "started_ms": time.time_ns() // 1_000_000})
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, note + b"\n", 0)
        yield
    finally:
        os.close(descriptor)


def holder(run_dir: Path) -> Holder | None:
    """Which process works in `run_dir` now; None if none does."""
    try:
        descriptor = os.open(run_dir / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if _taken(descriptor, fcntl.LOCK_SH, 0):
            return None
        return _read(descriptor) or Holder(pid=0, started_ms=0)
    finally:
        os.close(descriptor)


def _make(run_dir: Path) -> None:
    """Make the directory, durably: what is synced in it is lost if its own name is."""
    missing = [folder for folder in (run_dir, *run_dir.parents) if not folder.exists()]
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in {run_dir, *missing}:
        with suppress(OSError):  # not every file system lets a directory be synced, or opened
            descriptor = os.open(folder.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _taken(descriptor: int, kind: int, patience_s: float) -> bool:
    give_up = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True


def _read(descriptor: int) -> Holder | None:
    """Who wrote the lock file last; None in the instant before its new holder has written."""
    try:
        note = orjson.loads(os.pread(descriptor, _MOST_BYTES, 0))
        return Holder(pid=note["pid"], started_ms=note["started_ms"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _busy_words(run_dir: Path, found: Holder | None) -> str:
    who = "another process"
    if found is not None:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(found.started_ms / 1000))
        who = f"process {found.pid}, started {since} UTC,"
    return f"{who} works in {run_dir}; wait for it or stop it, then run the same command again"
