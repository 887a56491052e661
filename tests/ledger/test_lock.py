"""One process at a time, proved with two."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bulkdel.errors import Busy, WrongInput
from bulkdel.ledger.lock import Holder, hold, holder

_HOLDS = """
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from bulkdel.ledger.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """While a process lives its directory is held, and Busy names it; a kill -9 frees it."""
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", _HOLDS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        found = holder(tmp_path)
        assert found is not None
        assert found.pid == other.pid
        since = r"started \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
        words = rf"process {other.pid}, {since}, works in {re.escape(str(tmp_path))}; "
        with pytest.raises(Busy, match=words), hold(tmp_path, patience_s=0):
            pytest.fail("held twice")
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert holder(tmp_path) is None
    with hold(tmp_path):
        held_by = holder(tmp_path)
        assert held_by is not None
        assert held_by.pid == os.getpid()


def test_free_and_private(tmp_path: Path) -> None:
    """The directory is made 0700 and the lock 0600; a directory that nobody held is free."""
    run_dir = tmp_path / "runs" / "x"
    assert holder(run_dir) is None
    with hold(run_dir):
        assert run_dir.stat().st_mode & 0o777 == 0o700
        assert (run_dir / "lock").stat().st_mode & 0o777 == 0o600
    assert holder(run_dir) is None
    assert (run_dir / "lock").exists()


NOTES = [
    b'{"pid":"\\u001b[31m1","started_ms":1}',
    b'{"pid":-1,"started_ms":1}',
    b'{"pid":1,"started_ms":99999999999999999}',
    b'{"pid":1.5,"started_ms":1}',
    b'{"pid":true,"started_ms":1}',
    b'{"pid":[1],"started_ms":{}}',
    b"[1, 2]",
    b"7",
    b"\xff\x1b[2J",
    b'{"pid":1' + b" " * 100_000,
]


@pytest.mark.parametrize("note", NOTES)
def test_a_note_that_is_none_names_nobody(tmp_path: Path, note: bytes) -> None:
    """What somebody wrote into the lock file is never repeated: whole numbers are, or nothing."""
    (tmp_path / "plan.parquet").write_bytes(b"")
    with hold(tmp_path):
        (tmp_path / "lock").write_bytes(note)
        assert holder(tmp_path) == Holder(pid=0, started_ms=0)
        words = f"^another process works in {re.escape(str(tmp_path))};"
        with pytest.raises(Busy, match=words), hold(tmp_path, patience_s=0):
            pytest.fail("held twice")


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.EIO])
def test_where_nothing_can_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A file system without locks is named: two processes could not be kept apart on it."""

    def fails(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", fails)
    words = rf"cannot be locked \({os.strerror(code)}\).*--run-dir"
    with pytest.raises(WrongInput, match=words), hold(tmp_path):
        pytest.fail("held without a lock")
    assert holder(tmp_path) is None


def test_a_lock_that_was_removed_holds_nobody_off(tmp_path: Path) -> None:
    """Who takes a lock file that has lost its name meanwhile does not believe to hold it."""

    def waits() -> None:
        with hold(tmp_path, patience_s=20):
            pytest.fail("held a lock that others cannot see")

    with ThreadPoolExecutor(1) as pool:
        with hold(tmp_path):
            waiting = pool.submit(waits)
            while not _opened_twice(tmp_path):
                time.sleep(0.01)
            (tmp_path / "lock").unlink()
        with pytest.raises(Busy, match="was removed just now"):
            waiting.result()


def _opened_twice(run_dir: Path) -> bool:
    """Whether both threads have opened the lock file to hold it.

    Before that `rundir.prepare` opens it for an instant to read it, which does not count.
    """
    with os.scandir("/dev/fd") as entries:
        found = [int(entry.name) for entry in entries]
    return sum(_is_to_hold(descriptor, run_dir / "lock") for descriptor in found) == 2


def _is_to_hold(descriptor: int, lock: Path) -> bool:
    try:
        access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        return access == os.O_RDWR and os.path.samestat(os.fstat(descriptor), lock.stat())
    except OSError:  # closed meanwhile, as that of the folder listed here
        return False
