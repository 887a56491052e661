"""What people type in other words is understood, or told in the words that are right."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bulkdel.cli.app import COMMANDS, app
from bulkdel.cli.program import program
from bulkdel.cli.typed import in_plain_words, instead_of
from tests.support.process import ROOT, environment

RUNNER = CliRunner()


@pytest.mark.parametrize("command", ["", "run", "export"])
def test_help_is_a_word_too(command: str) -> None:
    """Rule: `help` and `help COMMAND` print what --help prints."""
    words = [command] if command else []
    wanted = RUNNER.invoke(app, [*words, "--help"])
    done = RUNNER.invoke(app, ["help", *words])
    assert (done.exit_code, done.stdout) == (0, wanted.stdout)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["purge.toml"], "To run it: bulkdel run purge.toml"),
        (["my job.toml", "--limit", "5"], "bulkdel run 'my job.toml' --limit 5"),
        (["purge.toml", "status", "--json"], "bulkdel status purge.toml --json"),
        (["pairs.csv"], "bulkdel init purge.toml --input pairs.csv"),
        (["pairs.jsonl.gz"], "bulkdel init purge.toml --input pairs.jsonl.gz"),
        (["list.xlsx"], "bulkdel init purge.toml --input list.xlsx"),
    ],
)
def test_a_file_in_place_of_a_command(words: list[str], meant: str) -> None:
    """Rule: exit 2, and the command line that was meant, ready to paste."""
    done = RUNNER.invoke(app, words)
    assert done.exit_code == 2
    assert meant in instead_of(words, COMMANDS, program="bulkdel")
    assert meant.split("bulkdel ", 1)[1] in done.output


@pytest.mark.parametrize("word", ["stat", "purge", "toml", ".toml"])
def test_another_word_is_no_file(word: str) -> None:
    """Rule: what is called like no file is not taken for one."""
    assert instead_of([word], COMMANDS, program="bulkdel") == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu", "x.toml"], "Did you mean 'run'?"),
        (["run", "x.toml", "--limt", "5"], "--limit"),
        (["run", "x.toml", "--limit", "many"], "'--limit': it must be a whole number"),
        (["run", "x.toml", "--limit", "0"], "'--limit': it must be 1 or more"),
        (["run", "x.toml", "--metrics-port", "99999"], "it must be 65535 or less"),
        (["export", "x.toml", "--status", "Already-Gone"], "did you mean already_gone?"),
        (["init", "x.toml", "--app-id", "1.5"], "'--app-id': it must be a whole number"),
    ],
)
def test_wrong_words_are_told_in_plain_ones(words: list[str], said: str) -> None:
    """Rule: a typing error is answered by what was meant, and by no sentence of a library."""
    done = RUNNER.invoke(app, words)
    assert done.exit_code == 2
    assert said in done.output
    assert "Input should" not in done.output
    assert "Value error" not in done.output


def test_other_sentences_of_the_library_lose_its_words() -> None:
    """Rule: what was not foreseen is at least not told in the library's own words."""
    assert in_plain_words("Input should be a valid boolean") == "it must be a valid boolean"
    assert in_plain_words("Value error, no such thing") == "no such thing"
    assert in_plain_words("Missing argument 'JOB'.") == "Missing argument 'JOB'."


@pytest.mark.parametrize("flag", ["-n", "--dry-run"])
def test_a_dry_run_is_a_plan(tmp_path: Path, flag: str) -> None:
    """Rule: it plans, shows and sends nothing, whatever stands beside it."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    job = tmp_path / "job.toml"
    job.write_text(
        'operation = "delete_friends"\nmode = "two_way"\n[input]\nfiles = ["pairs.csv"]\n'
        '[targets.t]\nprovider = "tencent"\napp_id = 1\nendpoint = "emulator"\n'
    )
    done = RUNNER.invoke(app, ["run", str(job), flag, "--yes", "-q"])
    assert done.exit_code == 0
    assert "To send it:" in done.stdout
    assert sorted(one.name for one in (tmp_path / "runs/job").iterdir()) == [
        "lock",
        "log.key",
        "plan.parquet",
        "rejects.jsonl",
    ]


def test_short_version() -> None:
    """Rule: -V is --version."""
    done = RUNNER.invoke(app, ["-V"])
    assert (done.exit_code, done.stdout) == (0, RUNNER.invoke(app, ["--version"]).stdout)


BASH = shutil.which("bash")
CALLED = "import sys; sys.argv = ['bulkdel']; import bulkdel.cli.app as a; a.main()"


def answered(**variables: str) -> str:
    """What the command, called bulkdel, answers a shell that asks by these variables."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", CALLED],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(**variables),
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("bulkdel", "stat"), ["status"]),
        (("bulkdel", "run", "--li"), ["--limit"]),
        (("bulkdel", "run", "purge.to"), []),  # none, so the shell completes names of files
    ],
)
def test_a_shell_completes(words: tuple[str, ...], known: list[str]) -> None:
    """Rule: commands and options come from the program, names of files from the shell."""
    told = answered(
        _BULKDEL_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(words),
        COMP_CWORD=f"{len(words) - 1}",
    )
    assert told.split() == known


@pytest.mark.skipif(BASH is None, reason="there is no bash to complete in")
def test_bash_takes_the_script(tmp_path: Path) -> None:
    """Rule: the script that is shown is a completion of bash, for files where nothing else fits."""
    script = tmp_path / "script"
    script.write_text(answered(_BULKDEL_COMPLETE="source_bash"))
    shown = subprocess.run(  # noqa: S603 - our own arguments
        [BASH or "", "--norc", "-c", 'source "$0"; complete -p bulkdel', str(script)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert shown.stdout.split()[-1] == "bulkdel"
    assert "-o default" in shown.stdout


@pytest.mark.parametrize(
    ("called", "found", "said"),
    [
        ("/usr/bin/bulkdel", "/usr/bin/bulkdel", "bulkdel"),
        (".venv/bin/bulkdel", None, ".venv/bin/bulkdel"),
        (".venv/bin/bulkdel", "/usr/bin/bulkdel", ".venv/bin/bulkdel"),
        ("my tools/bulkdel", None, "'my tools/bulkdel'"),
        ("/lib/bulkdel/__main__.py", None, "my/python -m bulkdel"),
        ("pytest", None, "bulkdel"),
    ],
)
def test_a_hint_names_the_program_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, found: str | None, said: str
) -> None:
    """Rule: a command that is printed can be pasted, also where the program is not on the path."""
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(sys, "orig_argv", ["my/python", "-m", "bulkdel"])
    monkeypatch.setattr(shutil, "which", lambda _: found)
    assert program() == said
    whole = said.replace("'my tools", f"'{Path.cwd()}/my tools")
    if said[0] not in "'b":
        whole = f"{Path.cwd()}/{said}"
    assert program(anywhere=True) == whole
