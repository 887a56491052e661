"""The manual is in step with the code: every command, option, key, exit code and file is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bulkdel.job.keys import keys_of
from bulkdel.job.problems import TABLES
from bulkdel.job.schema import JobTable
from bulkdel.job.target_table import TargetTable
from tests.support.commands import COMMANDS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
KEYS = {
    "": {*keys_of(JobTable)} - {"targets"} - {*TABLES},
    "targets.NAME": {*keys_of(TargetTable)},
    **{name: {*keys_of(table)} for name, table in TABLES.items()},
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    """The table of commands names it, and its own manual says what its exit codes mean."""
    table = README[README.index("## Every command") : README.index("## The job file")]
    assert re.search(rf"^\| [^|]*`{name}`", table, re.MULTILINE)
    assert "Exit codes" in COMMANDS[name].epilog or name in {"init", "schema"}
    assert COMMANDS[name].help


def test_no_command_of_the_readme_is_missing() -> None:
    """What the README tells a reader to type exists."""
    shown = re.findall(r"`([^`\n]+)`", README) + README.splitlines()
    told = {word for text in shown for word in re.findall(r"^(?:\S*/)?bulkdel ([a-z]+)", text)}
    prose = {"removes", "signs", "connects"}
    assert told - {*COMMANDS, "help"} - prose == set()


@pytest.mark.parametrize("table", sorted(KEYS))
def test_every_key_is_in_the_readme(table: str) -> None:
    """The table of keys names each key of the job file, and no other."""
    part = README[README.index("## The job file") : README.index("## As a library")]
    title = f"`[{table}]`" if table else "(top)"
    row = next(line for line in part.splitlines() if line.startswith(f"| {title} |"))
    assert set(re.findall(r"`([a-z_]+)`", row.split("|")[2])) == KEYS[table]


def test_every_exit_code_is_in_the_readme() -> None:
    """The table of exit codes is the contract's, highest first."""
    codes = re.findall(r"^\| (\d+) \|", README, re.MULTILINE)
    assert codes == ["2", "3", "77", "75", "1", "0"]


def test_the_first_two_blocks_are_the_demo_and_the_tests() -> None:
    """Each is one line to paste: a virtual environment, an installation, one command."""
    demo, tests = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)[:2]
    assert "\n" not in demo
    assert "\n" not in tests
    assert demo.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert demo.endswith("bulkdel run jobs/demo.toml")
    assert tests.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    ci = (Path(__file__).parent.parent / ".ci" / "run").read_text("utf-8")
    assert tests.rsplit(" && ", 1)[1] in ci
