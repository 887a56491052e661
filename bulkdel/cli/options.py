"""Arguments that several commands have, and the command as it was given."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

JobFile = Annotated[
    Path,
    typer.Argument(metavar="JOB", help="The job file (TOML).", show_default=False),
]
RunDir = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        metavar="DIR",
        help="Work in this run directory instead of the job file's.",
        show_default=False,
    ),
]


def again() -> str:
    """The command as it was given, ready to paste."""
    return _joined([_program(), *sys.argv[1:]])


def command(name: str, job: Path, run_dir: Path | None) -> str:
    """The command of this name for a job, ready to paste."""
    words = [_program(), name, str(job)]
    return _joined(words + (["--run-dir", str(run_dir)] if run_dir else []))


def _program() -> str:
    return "python -m bulkdel" if Path(sys.argv[0]).name == "__main__.py" else "bulkdel"


def _joined(words: list[str]) -> str:
    return " ".join([words[0], *(shlex.quote(word) for word in words[1:])])
