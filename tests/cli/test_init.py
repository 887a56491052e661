"""`init`: the file it writes is the job that was asked for, and nothing is overwritten."""

from __future__ import annotations

import shlex
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bulkdel.cli import ask, streams
from bulkdel.cli.answers import Given, answers_of
from bulkdel.cli.app import app
from bulkdel.cli.new_file import write_new
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job, Reach
from bulkdel.job.keys import Table, keys_of
from bulkdel.job.problems import TABLES
from bulkdel.job.schema import JobTable
from bulkdel.job.target_table import TargetTable
from bulkdel.job.writer import Answers, TargetAnswers, job_text, toml_text
from bulkdel.plan.input.likely import propose
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import Provider
from bulkdel.words import Mode, Operation

FLAGS = Given(
    operation="delete_friends",
    mode="one_way",
    providers=("tencent",),
    regions=("singapore",),
    app_ids=(1400000000,),
    inputs=("pairs.csv",),
)
BOTH = Given(
    operation="delete_friends",
    mode="two_way",
    providers=("tencent", "zego"),
    regions=("tokyo", "global"),
    app_ids=(1400000000, 12345),
    secret_envs=("A_KEY", "B_KEY"),
    inputs=("pairs.csv",),
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with an input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\n")
    return tmp_path


def made(given: Given, file: Path, *, asking: bool = False) -> Job:
    """The job that `init` writes."""
    answers = answers_of(given, home=file.absolute().parent, asking=asking)
    return write_new(file, job_text(answers, file=file.name))


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> StringIO:
    """A person who types these lines; what is left of them is what was not asked for."""
    typing = StringIO("".join(f"{line}\n" for line in lines))
    monkeypatch.setattr(sys, "stdin", typing)
    monkeypatch.setattr(streams, "terminal", lambda _: True)
    return typing


def test_from_flags(home: Path) -> None:
    """Without a terminal the flags say it all."""
    job = made(FLAGS, home / "purge.toml")
    (target,) = job.targets
    assert (job.name, job.operation, job.mode) == (
        "purge",
        Operation.DELETE_FRIENDS,
        Mode.ONE_WAY,
    )
    assert job.input.files == (str(home / "pairs.csv"),)
    assert (target.provider, target.region, target.app_id) == ("tencent", "singapore", 1400000000)
    assert target.reach is Reach.REAL
    assert target.secret
    assert target.secret.env == "TENCENT_SECRET_KEY"
    assert (home / "purge.toml").stat().st_mode & 0o777 & ~0o644 == 0


def test_several_targets(home: Path) -> None:
    """What is given several times belongs together in its order."""
    job = made(BOTH, home / "purge.toml")
    assert [(t.name, t.region, t.app_id, t.secret and t.secret.env) for t in job.targets] == [
        ("tencent", "tokyo", 1400000000, "A_KEY"),
        ("zego", "global", 12345, "B_KEY"),
    ]


def test_input_is_relative_to_the_file(home: Path) -> None:
    """A file in another folder finds the input that was named from here."""
    (home / "jobs").mkdir()
    job = made(FLAGS, home / "jobs" / "purge.toml")
    assert Path(job.input.files[0]).resolve() == home / "pairs.csv"
    assert 'files = ["../pairs.csv"]' in (home / "jobs" / "purge.toml").read_text()


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_key_is_in_it(home: Path, operation: Operation, provider: str) -> None:
    """Each key of the job file stands in it, set or as a comment; no line over 100 columns."""
    given = Given(
        operation=operation,
        mode="two_way",
        providers=(provider,),
        app_ids=(5,),
        endpoint="emulator",
        inputs=("pairs.csv",),
        accounts_only=operation is Operation.DELETE_ALL_FRIENDS,
    )
    made(given, home / "purge.toml")
    lines = (home / "purge.toml").read_text("utf-8").splitlines()
    said = {line.lstrip("# ").partition(" = ")[0] for line in lines}
    tops = [line.removeprefix("# ") for line in lines]
    headings = {line.strip("[]").partition(".")[0] for line in tops if line.startswith("[")}
    tables: list[type[Table]] = [JobTable, TargetTable, *TABLES.values()]
    known = {key for table in tables for key in keys_of(table)}
    known -= set() if PROVIDERS[provider].needs_admin else {"admin"}

    assert known - said - headings == set()
    assert max(map(len, lines)) <= 100


def test_comments_are_right_when_uncommented(home: Path) -> None:
    """A key that stands there as a comment may be set as it stands, where nothing excludes it."""
    made(FLAGS, home / "purge.toml")
    lines = (home / "purge.toml").read_text("utf-8").splitlines()
    excluded = (
        "# secret_file",
        "# endpoint",
        "# accounts_only",
        "# format",
        "# slices",
        "# signing_key_env",
    )
    keys = [line for line in lines if line.startswith("# ") and (" = " in line or "[" in line[:3])]
    keys = [line for line in keys if not line.startswith(excluded)]
    text = "\n".join(line[2:] if line in keys else line for line in lines)
    assert len(keys) > 15
    write_new(home / "all.toml", text)


def test_never_overwrites(home: Path) -> None:
    """A file that is there stays as it is."""
    (home / "purge.toml").write_text("mine")
    with pytest.raises(WrongInput, match="is there already"):
        made(FLAGS, home / "purge.toml")
    assert (home / "purge.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"operation": None, "app_ids": ()}, "--operation, --app-id"),
        ({"regions": ()}, "missing: --region"),
        ({"mode": "both"}, "--mode both: there is none; it must be one of one_way, two_way"),
        ({"providers": ("qq",)}, "--provider qq: there is none"),
        ({"regions": ("tokyo", "seoul")}, "--region is given 2 times"),
        ({"regions": ("nowhere",)}, "targets.tencent.region"),
        ({"app_ids": (0,)}, "targets.tencent.app_id is 0"),
        (
            {"from_field": "user"},
            "no column 'user'; it has 'From_Account', 'To_Account'; did you mean",
        ),
        ({"inputs": ("gone.csv",)}, "gone.csv: no such file"),
        ({"inputs": ("rows.csv",)}, "put From_Account,To_Account above it; if it does name"),
        ({"inputs": ("semi.csv",)}, "separated by semicolons, not by commas; save it"),
        ({"inputs": ("tabs.csv",)}, 'separated by tabs, not by commas; set --format "tsv"'),
        ({"inputs": ("like.csv",)}, 'Then set --from-field "user id" and --to-field "friend"'),
        ({"secret_envs": ("9193cc662a4c0ec135ec71fb57194b38",)}, "secret"),
    ],
)
def test_wrong_flags(home: Path, keys: dict[str, object], words: str) -> None:
    """One sentence that names the option or the key, exit 2, and nothing is written."""
    (home / "rows.csv").write_text("alice,bob\n")
    (home / "semi.csv").write_text("From_Account;To_Account\na;b\n")
    (home / "tabs.csv").write_text("From_Account\tTo_Account\na\tb\n")
    (home / "like.csv").write_text("user id,friend\na,b\n")
    given = Given(**{**{name: getattr(FLAGS, name) for name in FLAGS.__slots__}, **keys})
    with pytest.raises(WrongInput) as refused:
        made(given, home / "purge.toml")
    assert words in str(refused.value)
    assert "9193cc" not in str(refused.value)
    assert not (home / "purge.toml").exists()


def test_questions(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is asked for everything, may answer by number or name, and again if need be."""
    (home / "list.csv").write_text("Id,User,Friend\n1,a,b\n")
    left = typed(
        monkeypatch,
        *("1", "three", "two_way", "1", "2", "no number", "1400000000", "", "list.csv", "", ""),
    )
    job = made(Given(), home / "purge.toml", asking=True)
    assert left.read() == ""
    assert (job.operation, job.mode) == (Operation.DELETE_FRIENDS, Mode.TWO_WAY)
    assert (job.input.from_field, job.input.to_field) == ("User", "Friend")
    assert (job.targets[0].region, job.targets[0].app_id) == ("singapore", 1400000000)


def test_a_file_that_is_not_there_is_asked_for_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule: the questions go on only with an input that can be read."""
    (home / "sheet.csv").write_bytes(b"PK\x03\x04")
    left = typed(monkeypatch, "gone.csv", "sheet.csv", ".", "pairs.csv")
    keys = {name: getattr(FLAGS, name) for name in FLAGS.__slots__}
    given = Given(**{**keys, "inputs": (), "secret_envs": ("KEY",)})
    assert made(given, home / "purge.toml", asking=True).input.files == (str(home / "pairs.csv"),)
    assert left.read() == ""


def test_a_first_row_is_not_asked_away(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rule: before columns are chosen among what may be a row, the way that loses none is told."""
    (home / "rows.csv").write_text("alice,bob\ncarl,dan\n")
    typed(monkeypatch, "alice", "bob")
    keys = {name: getattr(FLAGS, name) for name in FLAGS.__slots__}
    given = Given(**{**keys, "inputs": ("rows.csv",), "secret_envs": ("KEY",)})
    made(given, home / "purge.toml", asking=True)
    said = capsys.readouterr().err
    assert "If that is a row already, stop here (Ctrl-C)" in said
    assert "  From_Account,To_Account" in said


def test_only_what_is_not_said_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options are not asked for again."""
    left = typed(monkeypatch, "1", "not asked")
    keys = {name: getattr(FLAGS, name) for name in FLAGS.__slots__}
    given = Given(**{**keys, "mode": None, "secret_envs": ("KEY",)})
    assert made(given, home / "purge.toml", asking=True).mode is Mode.ONE_WAY
    assert left.read() == "not asked\n"


@pytest.mark.parametrize(
    ("answer", "wanted"), [("yes", True), ("y", False), ("Yes", False), ("no", False), ("", False)]
)
def test_whole_lists_are_agreed_to(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, wanted: bool
) -> None:
    """Input of pairs for delete_all_friends: accounts_only only if a person says yes."""
    typed(monkeypatch, answer)
    keys = {name: getattr(FLAGS, name) for name in FLAGS.__slots__}
    given = Given(**{**keys, "operation": "delete_all_friends", "secret_envs": ("KEY",)})
    assert made(given, home / "purge.toml", asking=True).input.accounts_only is wanted


def test_nobody_answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed terminal, or nonsense again and again, ends it; nothing is written."""
    for lines in ((), ("?",) * 50):
        left = typed(monkeypatch, *lines)
        with pytest.raises(WrongInput, match="nothing was written"):
            made(Given(), home / "purge.toml", asking=True)
        assert left.read().count("?") == max(0, len(lines) - ask.TRIES)
    assert not (home / "purge.toml").exists()


@pytest.mark.parametrize(
    ("columns", "proposed"),
    [
        (("From_Account", "To_Account"), ("From_Account", "To_Account")),
        (("To_Account", "From_Account"), ("From_Account", "To_Account")),
        (("id", "user_id", "friend_id"), ("user_id", "friend_id")),
        (("FromUserId", "ToUserId"), ("FromUserId", "ToUserId")),
        (("a", "b"), ("", "")),
        ((), ("", "")),
    ],
)
def test_proposals(columns: tuple[str, ...], proposed: tuple[str, str]) -> None:
    """A column is proposed by its name alone, wherever it stands; none where none looks like it."""
    assert propose(columns) == proposed


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_quoted(text: str) -> None:
    """Whatever a file or column is called, TOML reads it as it is."""
    assert tomllib.loads(f"x = {toml_text(text)}") == {"x": text}


def test_the_same_provider_twice(home: Path) -> None:
    """Two apps of one provider get names of their own."""
    target = TargetAnswers(
        provider="zego",
        region="global",
        app_id=1,
        secret_env="A",
        secret_file="",
        admin="",
        endpoint="",
    )
    other = TargetAnswers(
        provider="zego",
        region="global",
        app_id=2,
        secret_env="B",
        secret_file="",
        admin="",
        endpoint="",
    )
    answers = Answers(
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.ONE_WAY,
        files=("pairs.csv",),
        format=None,
        from_field="f",
        to_field="t",
        accounts_only=False,
        targets=(target, other),
    )
    job = write_new(home / "purge.toml", job_text(answers, file="purge.toml"))
    assert [one.name for one in job.targets] == ["zego", "zego-2"]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda one: one.name)
def test_where_the_key_is_shown_and_goes(home: Path, provider: Provider) -> None:
    """Rule: the closing words name the variable or the file, the console's word, and no key."""
    words = ["init", "purge.toml", "--operation", "delete_friends", "--mode", "one_way"]
    words += ["--provider", provider.name, "--region", provider.example_region]
    words += ["--app-id", "77", "--input", "pairs.csv"]
    said = CliRunner().invoke(app, words).stdout
    plain = " ".join(said.split())
    assert f"the key of app 77 into the variable {provider.secret_env}" in plain
    assert f"{provider.vendor}'s console shows it as {provider.secret_place}." in plain
    assert f"  export {provider.secret_env}='...'\n" in said
    assert f"# Shown in {provider.app_id_place}." in (home / "purge.toml").read_text()
    words[1:2] = ["other.toml", "--secret-file", "the key"]
    said = " ".join(CliRunner().invoke(app, words).stdout.split())
    assert f"into the file {home / 'the key'} (`chmod 600`) and nothing else" in said


@pytest.mark.usefixtures("home")
def test_each_command_that_follows_can_be_run() -> None:
    """Rule: what is printed as the next command does what is said of it."""
    words = ["init", "my job.toml", "--operation", "delete_friends", "--mode", "one_way"]
    words += ["--provider", "zego", "--app-id", "7", "--endpoint", "emulator"]
    said = CliRunner().invoke(app, [*words, "--input", "pairs.csv"]).stdout
    commands = [shlex.split(line)[1:] for line in said.splitlines() if line.startswith("  bulkdel")]
    assert [one[0] for one in commands] == ["check", "plan", "run", "verify"]
    for command in commands:
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0 or command == ["verify", "my job.toml", "--remote"], done.output


@pytest.mark.usefixtures("home")
def test_a_rehearsal_stands_before_a_first_real_run() -> None:
    """Rule: where a provider is real, what it does is tried out first; the line is understood."""
    words = ["init", "real.toml", "--operation", "delete_friends", "--mode", "two_way"]
    words += ["--provider", "zego", "--region", "global", "--app-id", "7"]
    said = CliRunner().invoke(app, [*words, "--secret-env", "UNSET", "--input", "pairs.csv"]).stdout
    commands = [shlex.split(line)[1:] for line in said.splitlines() if line.startswith("  bulkdel")]
    assert [one[0] for one in commands] == ["check", "plan", "rehearse", "run", "verify"]
    refused = CliRunner().invoke(app, commands[2])
    assert refused.exit_code == 2
    assert "Usage" not in refused.output
