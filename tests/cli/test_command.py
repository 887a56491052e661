"""The command as a process: manual, exit codes, pipes, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bulkdel.cli import app

ROOT = Path(__file__).parents[2]
HEAVY = (
    "rich",
    "duckdb",
    "pydantic",
    "aiohttp",
    "sqlite3",
    "orjson",
    "structlog",
    "asyncio",
    "prometheus_client",
)


def bulkdel(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, finished."""
    return python("-m", "bulkdel", *arguments)


def python(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Python in the project's folder, finished."""
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=ROOT,
        env=environment(),
        timeout=30,
        check=False,
    )


def environment() -> dict[str, str]:
    """No colours, no width, no surprises."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("demo",),
        ("init",),
        ("check",),
        ("plan",),
        ("report",),
        ("export",),
        ("run",),
        ("status",),
        ("schema",),
        ("pause",),
        ("resume",),
        ("rate",),
        ("verify",),
        ("close",),
        ("emulator",),
    ],
)
def test_manual(command: tuple[str, ...]) -> None:
    """Every command has a manual with examples, exit codes, at 80 columns."""
    done = bulkdel(*command, "--help")
    assert done.returncode == 0
    assert "Exit codes" in done.stdout
    assert "bulkdel " in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "..." not in done.stdout.replace("[ARGS]...", "")


def test_every_exit_code_is_in_the_manual() -> None:
    """`run --help` explains all six exit codes, highest first."""
    manual = bulkdel("run", "--help").stdout
    places = [manual.index(f"\n  {code:>4}  ") for code in (2, 3, 77, 75, 1, 0)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sweep",),
        ("run",),
        ("run", "x.toml", "--limit", "0"),
        ("run", "x.toml", "--limit", "many"),
        ("run", "x.toml", "--max-pairs", "5"),
        ("rate", "x.toml", "tencent"),
        ("plan", "x.toml", "--yes"),
        (),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """A wrong command line is exit 2, on standard error, without a traceback."""
    done = bulkdel(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr
    assert "Traceback" not in done.stderr


def test_version() -> None:
    """--version prints one line."""
    done = bulkdel("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("bulkdel ")
    assert done.stdout.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    """`bulkdel --help` starts fast: what is heavy is imported by the command that uses it."""
    code = (
        f"import sys, bulkdel.cli.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert python("-c", code).stdout == "[]\n"


def test_run_imports_the_planner_only_to_plan() -> None:
    """A run whose plan is there, such as a continued one, does not load numpy."""
    code = "import sys, bulkdel.cli.run, bulkdel.runs.run; print('numpy' in sys.modules)"
    assert python("-c", code).stdout == "False\n"


def test_tracebacks_with_locals_are_off() -> None:
    """Typer's tracebacks show the values of variables unless told otherwise; ours are off."""
    assert app.app.pretty_exceptions_enable is False
    assert app.app.pretty_exceptions_show_locals is False


def test_unexpected_error_shows_no_traceback() -> None:
    """Even without a log an unexpected error is one sentence, without values of variables."""
    code = """
from bulkdel.cli.edge import carry_out
import typer
def work():
    secret = "".join(["hun", "ter2"])
    raise KeyError(secret)
try:
    carry_out(work, sends=True)
except typer.Exit as left:
    raise SystemExit(left.exit_code)
"""
    done = python("-c", code)
    assert done.returncode == 75
    assert "this should not have happened: KeyError" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_closed_pipe_is_quiet() -> None:
    """A reader that goes away (`| head -1`) makes no noise and no failure."""
    code = """
from bulkdel.cli import streams
streams.prepare()
for _ in range(50000):
    streams.result("a line of the ledger\\n")
"""
    done = subprocess.run(  # noqa: S603 - our own arguments
        ["/bin/sh", "-c", '"$0" -c "$1" | head -1; exit 0', sys.executable, code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=30,
        check=False,
    )
    assert done.stdout == "a line of the ledger\n"
    assert done.stderr == ""


def test_full_disk_is_said() -> None:
    """Results that cannot be written are an error: one sentence, exit 2."""
    code = """
import sys
from bulkdel.cli import edge, streams
streams.prepare()
edge.carry_out(lambda: streams.result("x" * 10) or 0, sends=False)
"""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [sys.executable, "-c", "import typer\ntry:" + indented(code)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
            timeout=30,
            check=False,
        )
    assert done.stderr == ("bulkdel: cannot write to standard output: No space left on device.\n")
    assert done.returncode == 2


def indented(code: str) -> str:
    """The code inside a try that leaves as typer would."""
    body = code.strip().replace("\n", "\n    ")
    return f"\n    {body}\nexcept typer.Exit as left:\n    raise SystemExit(left.exit_code)\n"


def test_any_encoding_will_do() -> None:
    """What the terminal's encoding lacks is shown as an escape, not as an error."""
    code = "from bulkdel.cli import streams; streams.prepare(); streams.result('张三\\n')"
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**environment(), "PYTHONIOENCODING": "ascii"},
        timeout=30,
        check=False,
    )
    assert done.stdout == "\\u5f20\\u4e09\n"
    assert done.stderr == ""


SITS = """
import os, signal
from bulkdel.cli.signals import stopping
with stopping(lambda name: os.write(1, name.encode() + b"\\n")):
    os.write(1, b"ready\\n")
    while True:
        signal.pause()
"""


def hang_up_heard() -> None:
    """As from a terminal, where the tests themselves may run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def sitting(
    first: Callable[[], object] = hang_up_heard, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """A process that sits and tells of the first signal; `first` is done before it starts."""
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-c", SITS],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        cwd=ROOT,
        env=environment(),
        preexec_fn=first,  # noqa: PLW1509 - this process has one thread
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_second_signal_leaves(first: signal.Signals, second: signal.Signals) -> None:
    """The first signal is only told; the second ends the process at once, with 75 and a word."""
    with sitting() as process:
        assert process.stdout
        assert process.stderr
        process.send_signal(first)
        assert process.stdout.readline() == f"{first.name}\n"
        process.send_signal(second)
        assert process.wait(10) == 75
        assert process.stderr.read() == "bulkdel: left at once; the same command continues.\n"


def test_a_reader_that_takes_nothing_keeps_nobody() -> None:
    """A second signal leaves at once though its word would have to wait for a reader."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 65536)
    os.set_blocking(write, True)
    with sitting(stderr=write) as process:
        assert process.stdout
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "SIGTERM\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 75
    os.close(read)
    os.close(write)


def test_nohup_is_respected() -> None:
    """A process that was started to outlive its terminal does not stop at a hang-up."""

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with sitting(first=ignore) as process:
        assert process.stdout
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "SIGTERM\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 75
