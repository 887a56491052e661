"""Where a fault meets the command: the job, its input, how far its run is, and what is called."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from tests.support.process import KEY

Pair = tuple[str, str]

PAIRS: Final[tuple[Pair, ...]] = (
    ("ann", "bob"),
    ("ann", "cid"),
    ("ann", "dee"),
    ("bob", "cid"),
    ("bob", "eve"),
    ("cid", "fay"),
)
ABSENT: Final = ("cid", "gus")
"""Asked for, and nobody's friendship."""
GUARDED: Final = ("boss", "ann")
BYSTANDERS: Final[tuple[Pair, ...]] = (("ann", "zoe"), ("zoe", "ann"), ("boss", "ann"), ("x", "y"))
"""Friendships that nobody asked to remove."""
FRIENDS: Final[tuple[Pair, ...]] = PAIRS + BYSTANDERS
ACCOUNTS: Final = ("ann", "bob", "cid", "gus")

_INPUT: Final = {
    "1.csv": 'From_Account,To_Account\nann,bob\nann,cid\nann,"dee"\n',
    "2.tsv": "To_Account\tFrom_Account\ncid\tbob\neve\tbob\n\tbob\n",
    "3.jsonl.gz": '{"From_Account": "cid", "To_Account": ["fay", "gus"]}\n',
    "4.csv": "From_Account,To_Account\nann,bob\nboss,ann\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One command over one state of a run.

    Attributes:
        before: commands that bring the run there, each with its exit code.
        arguments: the command that meets the fault.
        clean: its exit code without one.
        job: whose run it is.
        settles: whether it settles what is left without a call.
        makes: a file that it writes and never overwrites.
    """

    name: str
    arguments: tuple[str, ...]
    clean: int
    before: tuple[tuple[tuple[str, ...], int], ...] = ()
    job: str = "job.toml"
    settles: bool = False
    makes: str = ""


def _run(job: str, *more: str) -> tuple[str, ...]:
    return ("run", job, "--no-progress", *more)


_PLANNED: Final = ((("plan", "job.toml"), 0),)
_STOPPED: Final = ((_run("job.toml", "--limit", "2"), 75),)
_FINISHED: Final = ((_run("job.toml"), 1),)

SITUATIONS: Final = (
    Situation(name="run", arguments=_run("job.toml"), clean=1),
    Situation(name="continued", arguments=_run("job.toml"), clean=1, before=_STOPPED),
    Situation(name="planned", arguments=_run("job.toml"), clean=1, before=_PLANNED),
    Situation(name="finished", arguments=_run("job.toml"), clean=1, before=_FINISHED),
    Situation(name="cleared", arguments=_run("all.toml"), clean=0, job="all.toml"),
    Situation(name="fewest", arguments=_run("few.toml"), clean=1, job="few.toml"),
    Situation(name="emulated", arguments=_run("emu.toml"), clean=1, job="emu.toml"),
    Situation(
        name="metrics",
        arguments=_run("job.toml", "--metrics-file", "m.prom", "--metrics-port", "0"),
        clean=1,
    ),
    Situation(name="plan", arguments=("plan", "job.toml"), clean=0),
    Situation(name="check", arguments=("check", "job.toml"), clean=0),
    Situation(name="status", arguments=("status", "job.toml"), clean=0, before=_STOPPED),
    Situation(name="verify", arguments=("verify", "job.toml"), clean=0, before=_STOPPED),
    Situation(
        name="export",
        arguments=("export", "job.toml", "--output", "out.csv"),
        clean=0,
        before=_STOPPED,
        makes="out.csv",
    ),
    Situation(
        name="rejects",
        arguments=("export", "job.toml", "--rejects", "--output", "out.csv"),
        clean=0,
        before=_STOPPED,
        makes="out.csv",
    ),
    Situation(name="report", arguments=("report", "job.toml"), clean=0, before=_STOPPED),
    Situation(
        name="close",
        arguments=("close", "job.toml", "--yes", "--all"),
        clean=0,
        before=_STOPPED,
        settles=True,
    ),
)


def write(folder: Path, address: str) -> None:
    """The job files and their input, for targets at `address`."""
    (folder / "input").mkdir()
    for name, text in _INPUT.items():
        content = text.encode()
        packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
        (folder / "input" / name).write_bytes(packed)
    again = "SELECT 'ann' AS From_Account, 'bob' AS To_Account"
    with duckdb.connect() as con:
        con.execute(f"COPY ({again}) TO '{folder / 'input' / '5.parquet'}' (FORMAT parquet)")
    (folder / "accounts.csv").write_text("From_Account\n" + "\n".join(ACCOUNTS) + "\n")
    (folder / "guarded.txt").write_text("boss\n")
    (folder / "job.toml").write_text(_job(address))
    (folder / "few.toml").write_text(_job(address, tail='[plan]\norient = "fewest_calls"\n'))
    (folder / "emu.toml").write_text(_job("emulator"))
    (folder / "all.toml").write_text(
        _job(address, operation="delete_all_friends", files="accounts.csv")
    )


def _job(
    address: str, *, operation: str = "delete_friends", files: str = "input/*", tail: str = ""
) -> str:
    secret = "" if address == "emulator" else f'secret_env = "{KEY}"\n'
    return (
        f'operation = "{operation}"\nmode = "two_way"\n[input]\nfiles = ["{files}"]\n'
        '[guards]\nprotect_files = ["guarded.txt"]\n[retry]\nbase_delay_s = 0.05\n'
        f'[targets.tencent]\nprovider = "tencent"\napp_id = 1400000000\nbatch_size = 2\n'
        f'endpoint = "{address}"\n{secret}'
        f'[targets.zego]\nprovider = "zego"\napp_id = 1234567890\n'
        f'endpoint = "{address}"\n{secret}{tail}'
    )
