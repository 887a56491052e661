"""The real command as a process of its own, in a place of its own, and what it left there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import warm
from tests.support.warm import ROOT, Copy, Order, environment

__all__ = [
    "KEY",
    "ROOT",
    "Done",
    "Place",
    "Process",
    "csv_text",
    "environment",
    "finished",
    "ledger",
    "statuses",
    "toml",
]

KEY = "TRIAL_KEY"
"""The environment variable that the jobs of these tests name."""

_PATIENCE_S = 150.0


Process = subprocess.Popen[str] | Copy
"""Started from nothing, or as a copy of a process that has imported all of bulkdel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished process: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one sentence on standard error, where nothing else may stand beside notes."""
        lines = [line for line in self.err.splitlines() if line.startswith("bulkdel: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("bulkdel: ")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which the command runs.

    Attributes:
        folder: where the job and its input are; runs are kept in runs/NAME below it.
        secret: what KEY holds.
        program: what to run in place of the command itself.
        cold: whether the process starts from nothing, as a user starts it. Programs for
            `python -c`, and those with a word to the interpreter in `more`, always do.
    """

    folder: Path
    secret: str = "0123456789abcdef0123456789abcdef"
    program: Sequence[str] = ("-m", "bulkdel")
    more: Mapping[str, str] = field(default_factory=dict)
    cold: bool = False

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def start(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        umask: int = 0o022,
        program: Sequence[str] | None = None,
    ) -> Process:
        """The command, running."""
        program = program or self.program
        env = environment(**{KEY: self.secret, **self.more})
        if not (self.cold or program[0] == "-c" or any(name[:6] == "PYTHON" for name in self.more)):
            order = Order(
                program=program,
                arguments=arguments,
                folder=str(self.folder),
                environment=env,
                umask=umask,
            )
            return warm.start(order, fed=stdin != subprocess.DEVNULL)
        return subprocess.Popen(  # noqa: S603  # our own arguments
            [sys.executable, *program, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=env,
            umask=umask,
        )

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        umask: int = 0o022,
        program: Sequence[str] | None = None,
    ) -> Done:
        """The command, finished."""
        kind = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        process = self.start(*arguments, stdin=kind, umask=umask, program=program)
        return finished(process, stdin)

    def status(self, job: str = "job.toml", *more: str) -> dict[str, Any]:
        """What `status --json` says."""
        done = self.run("status", "--json", job, *more)
        assert done.code == 0, done.err
        assert done.err == ""
        told: dict[str, Any] = json.loads(done.out)
        return told


def finished(process: Process, stdin: str | None = None) -> Done:
    """The process's end, waited for."""
    try:
        out, err = process.communicate(stdin, timeout=_PATIENCE_S)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    assert "Traceback" not in err
    return Done(code=process.wait(), out=out, err=err)


def ledger(run_dir: Path) -> list[dict[str, Any]]:
    """The lines of a ledger."""
    return [json.loads(line) for line in (run_dir / "ledger.jsonl").read_bytes().splitlines()]


def statuses(run_dir: Path, target: str) -> Counter[str]:
    """How many lines of a target have which status."""
    return Counter(line["status"] for line in ledger(run_dir) if line["target"] == target)


def csv_text(pairs: Sequence[tuple[str, str]]) -> str:
    """A CSV input."""
    return "From_Account,To_Account\n" + "".join(f"{one},{other}\n" for one, other in pairs)


def toml(
    address: str,
    *,
    operation: str = "delete_friends",
    mode: str = "one_way",
    head: str = "",
    files: str = '"pairs.csv"',
    tencent: str | None = "",
    zego: str | None = None,
    tail: str = "",
) -> str:
    """A job file whose targets are at `address`; None for a target leaves it out."""
    text = f'operation = "{operation}"\nmode = "{mode}"\n{head}\n[input]\nfiles = [{files}]\n'
    if tencent is not None:
        text += (
            '[targets.tencent]\nprovider = "tencent"\napp_id = 1400000000\n'
            f'secret_env = "{KEY}"\nendpoint = "{address}"\n{tencent}\n'
        )
    if zego is not None:
        text += (
            '[targets.zego]\nprovider = "zego"\napp_id = 1234567890\n'
            f'secret_env = "{KEY}"\nendpoint = "{address}"\n{zego}\n'
        )
    return text + tail
