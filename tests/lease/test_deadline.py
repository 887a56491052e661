"""The kernel's deadline, tried by processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Final

import pytest

from bulkdel.lease.deadline import kernel_deadline

_BEGIN: Final = """
import os, signal, time
from bulkdel.lease.deadline import kernel_deadline
from bulkdel.lease.fence import Fence, boottime_s
fence = Fence(moved=kernel_deadline())
"""
STANDS: Final = (
    "os.kill(os.getpid(), signal.SIGSTOP)"
    if sys.platform == "linux"
    else "time.sleep(0.4); fence()"  # no such timers: the next question ends it
)
"""How a process comes to be beyond its deadline without having been ended by itself before."""


def _end_of(program: str) -> int:
    done = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-c", _BEGIN + program], check=False, timeout=30
    )
    return done.returncode


def test_ends_a_stopped_process() -> None:
    """A process that is stopped before its deadline is dead after it, without being continued."""
    program = f"fence.stand_until(boottime_s() + 0.2); {STANDS}"
    assert _end_of(program) == -signal.SIGKILL


def test_one_that_is_over_ends_at_once() -> None:
    """A deadline in the past needs no instruction of the process either."""
    assert _end_of(f"fence.stand_until(1e-9); {STANDS}") == -signal.SIGKILL


def test_is_moved_on() -> None:
    """A renewal moves the deadline, and closing the fence takes it away."""
    program = (
        "fence.stand_until(boottime_s() + 0.1); fence.stand_until(boottime_s() + 0.4);"
        "time.sleep(0.2); fence.close(); time.sleep(0.4); os._exit(7)"
    )
    assert _end_of(program) == 7


def test_none_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no such timers, moving the deadline does nothing."""
    monkeypatch.setattr(sys, "platform", "darwin")
    kernel_deadline()(1e-9)
