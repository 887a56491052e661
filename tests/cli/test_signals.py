"""Signals that the main thread cannot hear, and signals before and after the command's own work."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.process import ROOT, environment

BUSY = """
import hashlib, os, signal
from bulkdel.cli.signals import overhear, stopping

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
with stopping(lambda by: None, CODE) as watch:
    overhear()
    if PATIENT:
        watch.tell(lambda by: None)
    os.write(1, b"ready\\n")
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # an hour without an instruction of Python
"""


@contextmanager
def busy(code: int, *, patient: bool) -> Iterator[subprocess.Popen[str]]:
    """A process whose main thread hears nothing; it has ended afterwards."""
    text = BUSY.replace("CODE", str(code)).replace("PATIENT", str(patient))
    with subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_is_heard_by_a_busy_process(number: signal.Signals) -> None:
    """Where nothing is in flight it leaves soon, with a word, though Python is not asked."""
    with busy(75, patient=False) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 75
    assert said == (
        f"bulkdel: stopped by {number.name}; nothing was in flight. Run the same command again.\n"
    )


def test_the_second_is_heard_by_a_busy_process() -> None:
    """It leaves at once, with a word; after the first it waits, since calls are in flight."""
    with busy(2, patient=True) as process:
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert said == "bulkdel: left at once.\n"


@pytest.mark.parametrize(("command", "code"), [("run", 75), ("status", 2)])
def test_a_signal_while_modules_are_imported(command: str, code: int) -> None:
    """Before a command's first own line it leaves with the command's code, and says why."""
    late = (
        "import os, signal, sys\n"
        f"sys.argv = ['bulkdel', '{command}', 'no.toml']\n"
        "import bulkdel.__main__ as entry\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "entry.main()\n"
    )
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", late],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=30,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.startswith("bulkdel: stopped by SIGTERM; nothing was in flight.")


def test_what_is_said_comes_out_though_the_process_leaves_without_python() -> None:
    """The whole of a long text arrives in a pipe that is read late."""
    with subprocess.Popen(
        [sys.executable, "-m", "bulkdel", "schema"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment(),
    ) as process:
        time.sleep(0.2)
        assert process.stdout
        assert process.stdout.read().endswith(b"}\n")
    assert process.returncode == 0
