"""`bulkdel demo`: a whole run against emulators, in a folder that it makes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from bulkdel import files
from bulkdel.cli import streams
from bulkdel.cli.options import Quiet, command_for, load
from bulkdel.cli.sitting import Choices, sit
from bulkdel.errors import Exit, WrongInput
from bulkdel.plain import escaped

EPILOG = """
\b
Exit codes:
  0   every pair is settled
  2   could not be done: the folder cannot be written, or holds other things
  75  stopped with work left: the same command continues

\b
Files in the folder:
  demo.toml       the job, with two targets, each an emulator of a provider
  demo/pairs.csv  its input
  runs/demo/      what the run leaves behind: plan, ledger, log, report

\b
Examples:
  bulkdel demo
  bulkdel demo /tmp/trial
"""

JOB: Final = "demo.toml"
ROWS: Final = "demo/pairs.csv"
"""The demo's files, as they lie in the package and in the folder that it runs in."""


def demo(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The folder, new or of an earlier demo."),
    ] = Path("bulkdel-demo"),
    *,
    no_progress: Quiet = False,
) -> int:
    """Try a whole run: no account, no network, nothing that could be lost.

    Writes a job and its input into a new folder and runs the job, as
    `bulkdel run` does: 508 pairs, the friendships of a known novel, are
    deleted at two providers that are emulated inside the process. It takes
    about five seconds. Afterwards try the other commands on it. Given again
    it continues, or shows how it ended.
    """
    job = write_demo(folder)
    command = command_for(job, None)
    code = sit(
        load(job, None),
        Choices(
            yes=False,
            limit=None,
            no_progress=no_progress,
            json_logs=False,
            command=command("run"),
            rest=command("run"),
            commands=command,
        ),
    )
    if code == Exit.DONE:
        streams.result(
            "\n"
            f"That was the job {escaped(str(job))}. Look at the file, then at its run:\n"
            f"  {command('status')}\n"
            f"  {command('report')}\n"
            f"  {command('verify')}\n"
            f"  {command('export', '--account', 'Valjean', '--full')}\n"
        )
    return code


def write_demo(folder: Path) -> Path:
    """The demo's job file in `folder`, written there with its input unless it is there already.

    Raises:
        WrongInput: the folder holds something else, or cannot be written. Nothing is overwritten.
    """
    job, rows = folder / JOB, folder / ROWS
    try:
        if not _is_demo(job):
            _ensure_free(folder)
            folder.mkdir(parents=True, exist_ok=True)
            streams.say(f"Writing {job} and {rows}")
            files.replace(job, _shipped(JOB))
        if not rows.exists():
            rows.parent.mkdir(exist_ok=True)
            files.replace(rows, _shipped(ROWS))
    except OSError as error:
        raise WrongInput(
            f"cannot be written ({files.reason(error)})", where=folder, mend="name another folder"
        ) from error
    return job


def _is_demo(job: Path) -> bool:
    """Whether the job was written by an earlier demo, whatever was changed in it since."""
    try:
        with job.open("rb") as file:
            return file.readline() == _shipped(JOB).splitlines(keepends=True)[0]
    except (FileNotFoundError, NotADirectoryError):
        return False


def _ensure_free(folder: Path) -> None:
    """Raises WrongInput if somebody else's files lie in the folder, or it is none."""
    if folder.is_dir():
        held = min((one.name for one in folder.iterdir()), default="")
        if not held:
            return
        what = f"holds {held}, which is not of this demo, and nothing is overwritten"
    elif folder.exists() or folder.is_symlink():
        what = "is there, and is no folder"
    else:
        return
    raise WrongInput(what, where=folder, mend="name another folder: `bulkdel demo DIR`")


def _shipped(name: str) -> bytes:
    return (resources.files("bulkdel.cli") / "demo_job" / name).read_bytes()
