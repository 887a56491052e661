"""An option that limits, names or confirms says one thing, or the command does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.core import TyperOption
from typer.testing import CliRunner

from bulkdel.cli.app import app
from tests.support.commands import COMMANDS

VALUED = [
    (name, max(option.opts, key=len))
    for name, command in COMMANDS.items()
    for option in command.params
    if isinstance(option, TyperOption) and not option.is_flag and not option.multiple
]


def test_there_are_options() -> None:
    """The walk over the commands finds what it is for."""
    assert ("run", "--limit") in VALUED
    assert ("close", "--run-dir") in VALUED


@pytest.mark.parametrize(("command", "option"), VALUED)
def test_given_twice(tmp_path: Path, command: str, option: str) -> None:
    """No order of two values says which was meant: exit 2, naming the option."""
    job = str(tmp_path / "none.toml")
    done = CliRunner().invoke(app, [command, job, option, "1", f"{option}=2"])
    assert done.exit_code == 2
    assert f"{option} is given 2 times" in done.output


@pytest.mark.parametrize(("command", "option"), VALUED)
def test_given_empty(tmp_path: Path, command: str, option: str) -> None:
    """An empty value, as of a variable that is not set, is no value: exit 2, naming the option."""
    done = CliRunner().invoke(app, [command, str(tmp_path / "none.toml"), option, ""])
    assert done.exit_code == 2
    assert f"{option} is given an empty text" in done.output


PATHS = [
    (name, max(option.opts, key=len))
    for name, command in COMMANDS.items()
    for option in command.params
    if option.metavar in {"DIR", "FILE", "JOB"}
]


@pytest.mark.parametrize(("command", "name"), PATHS)
def test_a_tilde_that_no_shell_replaced(command: str, name: str) -> None:
    """`--run-dir=~/x` reaches us as it stands: exit 2, rather than a folder that is called ~."""
    option = name.startswith("-")
    done = CliRunner().invoke(app, [command, f"{name}=~/x"] if option else [command, "~/x"])
    assert done.exit_code == 2
    assert f"{name if option else ''} is given ~/x" in done.output


@pytest.mark.parametrize(
    "words",
    [
        ("--limit", "0"),
        ("--limit", "-1"),
        ("--limit", "1.5"),
        ("--limit", "nan"),
        ("--max-duration", "0s"),
        ("--max-duration", "5"),
        ("--max-duration", "inf"),
        ("--yes=no",),
        ("--ye",),
        ("--no-yes",),
        ("-yes",),
        ("--yes", "more"),
    ],
)
def test_what_limits_or_agrees_is_understood_or_refused(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """What cannot be a limit or an agreement is refused: exit 2, and nothing is planned."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    job = tmp_path / "job.toml"
    job.write_text(
        'operation = "delete_friends"\nmode = "two_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n'
        '[targets.t]\nprovider = "tencent"\napp_id = 1\nendpoint = "emulator"\n'
    )
    done = CliRunner().invoke(app, ["run", str(job), *words])
    assert done.exit_code == 2
    assert not (tmp_path / "run").exists()
