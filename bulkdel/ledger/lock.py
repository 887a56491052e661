"""One process at a time works in a run directory.

The kernel holds the lock (flock) and lets go of it however the process ends, so a lock file that
is left behind means nothing and is never removed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from bulkdel import files, rundir
from bulkdel.errors import Busy, WrongInput

LOCK: Final = files.LOCK

_PATIENCE_S = 1.0
_PAUSE_S = 0.02
_MOST_BYTES = 256
_MOST_PID = 2**31
_MOST_MS = 4_102_444_800_000
"""Before the year 2100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that works in a run directory; `started_ms` is Unix milliseconds.

    Both are 0 in the instant between its taking the lock and its writing who it is.
    """

    pid: int
    started_ms: int


@contextmanager
def hold(
    run_dir: Path, *, patience_s: float = _PATIENCE_S, sealed: bool = False
) -> Iterator[tuple[str, ...]]:
    """Hold `run_dir`, made if need be, for the length of a with block.

    Yields what there is to warn of. Waits up to `patience_s`, since `holder` takes the lock for an
    instant to look. One that was `sealed` is held by whoever removes what is left of it, and by
    nobody else.

    Raises:
        Busy: another process holds it; says which, and since when.
        WrongInput: the directory cannot be made, written or locked, or is no run's; see rundir.
    """
    if not sealed:
        rundir.refuse_sealed(run_dir)
    warnings = rundir.prepare(run_dir)
    try:
        descriptor = files.open_for_work(run_dir / LOCK, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise rundir.cannot(run_dir, "cannot be written", error) from error
    try:
        _take(run_dir, descriptor, patience_s)
        yield warnings
    finally:
        files.close(descriptor)


def holder(run_dir: Path) -> Holder | None:
    """Which process works in `run_dir` now; None if none does, or if it cannot be known.

    It cannot be known where this user may not read the lock, or its file system has no locks.
    """
    try:
        with files.open_to_read(run_dir / LOCK) as file:
            if _taken(file.fileno(), fcntl.LOCK_SH, 0):
                return None
            return _read(file.fileno()) or Holder(pid=0, started_ms=0)
    except (OSError, WrongInput):
        return None


def _take(run_dir: Path, descriptor: int, patience_s: float) -> None:
    """Lock the file, and note in it who holds it."""
    try:
        is_free = _taken(descriptor, fcntl.LOCK_EX, patience_s)
    except OSError as error:
        raise rundir.cannot(run_dir, "cannot be locked", error) from error
    if not is_free:
        raise busy(run_dir, _read(descriptor))
    note = orjson.dumps({"pid": os.getpid(), "started_ms": time.time_ns() // 1_000_000})
    try:
        is_named = _is_named(descriptor, run_dir / LOCK)
        os.ftruncate(descriptor, 0)
        files.write_at(descriptor, note + b"\n", 0)
    except OSError as error:
        raise rundir.cannot(run_dir, "cannot be written", error) from error
    if not is_named:  # whoever makes it anew holds another lock than this one
        raise Busy(f"{run_dir / LOCK} was removed just now", mend="run the same command again")


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


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
    """Who wrote the lock file last; None if that is not known, as before a new holder has written.

    Whoever can write the file can write anything into it.
    """
    try:
        note = orjson.loads(files.read_at(descriptor, _MOST_BYTES, 0))
        pid, started_ms = note["pid"], note["started_ms"]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if type(pid) is not int or type(started_ms) is not int:
        return None
    if not (0 < pid < _MOST_PID and 0 <= started_ms < _MOST_MS):
        return None
    return Holder(pid=pid, started_ms=started_ms)


def busy(run_dir: Path, worker: Holder | None) -> Busy:
    """Returns the error of a run directory that `worker`, if it is known, works in."""
    who = "another process"
    if worker is not None and worker.pid:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(worker.started_ms / 1000))
        who = f"process {worker.pid}, started {since} UTC,"
    return Busy(
        f"{who} works in {run_dir}", mend="wait for it or stop it, then run the same command again"
    )
