"""One process at a time, proved with two."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bulkdel.errors import Busy
from bulkdel.ledger.lock import hold, holder

_HOLDS = """
import sys
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
