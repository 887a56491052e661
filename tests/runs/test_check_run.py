"""`check` has a cross wherever `run` would refuse before its first call: asked one by one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bulkdel import files
from bulkdel.cli.sitting import Choices, sit
from bulkdel.errors import BulkdelError, Corrupt, Exit
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.lock import hold
from bulkdel.ledger.tables import connect
from bulkdel.report.checks import Check, Grade
from bulkdel.report.status import State
from bulkdel.runs import check_run
from bulkdel.runs.check import preflight
from bulkdel.runs.run import plan_only
from bulkdel.runs.status import look
from bulkdel.words import Mode
from tests.support.process import csv_text

PAIRS = [(f"from{at}", f"to{at}") for at in range(6)]
JOB = """
operation = "delete_friends"
mode = "one_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
[guards]
protect_files = ["protect.txt"]
[targets.it]
provider = "tencent"
region = "singapore"
app_id = 1400000000
endpoint = "emulator"
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a job, its input, and perhaps a run."""

    folder: Path
    held: ExitStack

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.folder / "run"

    def edit(self, old: str, new: str) -> None:
        """Changes the job file."""
        path = self.folder / "job.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def rows(self, text: str) -> None:
        """Another input."""
        (self.folder / "pairs.csv").write_text(text)

    def seen(self) -> dict[str, Check]:
        """What `check` finds, without the network."""
        before = self.files()
        sections = preflight(load_job(self.folder / "job.toml"), offline=True)
        assert self.files() == before
        return {one.name: one for section in sections for one in section.checks}

    def files(self) -> dict[str, bytes]:
        """Every file in the place; SQLite's own beside the journal come and go with a reader."""
        passing = (files.JOURNAL_FILES[1], files.JOURNAL_FILES[2])
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name not in passing
        }

    def sent(self, limit: int | None = None) -> int:
        """The exit code of `run --yes`."""
        choices = Choices(
            yes=True,
            limit=limit,
            no_progress=True,
            json_logs=False,
            command="bulkdel run job.toml",
            rest="bulkdel run job.toml",
            commands=lambda verb, *options: " ".join(("bulkdel", verb, "job.toml", *options)),
        )
        try:
            return sit(load_job(self.folder / "job.toml"), choices)
        except BulkdelError as error:
            return error.exit_code


def made(folder: Path) -> None:
    """A job and its input."""
    (folder / "job.toml").write_text(JOB)
    (folder / "pairs.csv").write_text(csv_text(PAIRS))
    (folder / "protect.txt").write_text("boss\n")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """One secret is there, others are not."""
    monkeypatch.setenv("A_KEY", "0123456789abcdef0123456789abcdef")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which two pairs are settled."""
    folder = tmp_path_factory.mktemp("begun")
    made(folder)
    with ExitStack() as held:
        assert Place(folder, held).sent(limit=2) == Exit.LEFT
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A job that nothing was done of."""
    made(tmp_path)
    with ExitStack() as held:
        yield Place(tmp_path, held)


@pytest.fixture
def begun_place(begun: Path, tmp_path: Path) -> Iterator[Place]:
    """The run that has begun, in a place of its own."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    with ExitStack() as held:
        yield Place(tmp_path, held)


Spoil = Callable[[Place], object]


def _bytes(name: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Changes what stands in a file of the run."""

    def spoil(place: Place) -> None:
        path = place.run / name
        before = path.read_bytes()
        assert change(before) != before
        path.write_bytes(change(before))

    return spoil


def _journal(statement: str) -> Spoil:
    """Changes what stands in the journal, which stays a sound database."""

    def spoil(place: Place) -> None:
        with closing(connect(place.run)) as db:
            db.execute(statement)

    return spoil


def _without(*names: str) -> Spoil:
    """Takes files of the run away."""

    def spoil(place: Place) -> None:
        for name in names:
            (place.run / name).unlink(missing_ok=True)

    return spoil


def _edited(old: str, new: str) -> Spoil:
    return lambda place: place.edit(old, new)


def _rows(text: str) -> Spoil:
    return lambda place: place.rows(text)


def _held(place: Place) -> None:
    place.held.enter_context(hold(place.run))


def _no_protect_file(place: Place) -> None:
    (place.folder / "protect.txt").unlink()


def _no_input(place: Place) -> None:
    (place.folder / "pairs.csv").unlink()


def _stranger(place: Place) -> None:
    place.run.mkdir()
    (place.run / "holiday.jpg").write_text("x")


def _planned(place: Place) -> None:
    plan_only(load_job(place.folder / "job.toml"), lambda _: None)


def _each(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(place: Place) -> None:
        for one in spoils:
            one(place)

    return spoil


def _another_job(place: Place) -> None:
    """The same run directory, with another job's pairs."""
    (place.folder / "others.csv").write_text(csv_text([("x", "y")]))
    place.edit('files = ["pairs.csv"]', 'files = ["others.csv"]')


MAX_PAIRS = _edited("[guards]", "[guards]\nmax_pairs = 5")

BEGUN: dict[str, Spoil] = {
    "input": _rows(csv_text([*PAIRS, ("new", "pair")])),
    "input_of_the_same_size": _rows(csv_text(PAIRS).replace("to5", "to6")),
    "mode": _edited("one_way", "two_way"),
    "batch_size": _edited('endpoint = "emulator"', 'endpoint = "emulator"\nbatch_size = 7'),
    "protected": lambda place: (place.folder / "protect.txt").write_text("from3\n") and None,
    "app_id": _edited("1400000000", "1400000001"),
    "region": _edited("singapore", "tokyo"),
    "provider": _edited('provider = "tencent"\nregion = "singapore"', 'provider = "zego"'),
    "target": _edited("[targets.it]", "[targets.other]"),
    "real": _edited('endpoint = "emulator"', 'secret_env = "NO_SUCH_KEY"'),
    "another_job": _another_job,
    "protect_file": _no_protect_file,
    "journal_gone": _without(*files.JOURNAL_FILES),
    "journal_gone_and_input_changed": _each(
        _without(*files.JOURNAL_FILES), _rows(csv_text([("x", "y")]))
    ),
    "journal_empty": _each(
        _without(*files.JOURNAL_FILES), lambda place: (place.run / files.JOURNAL).touch()
    ),
    "journal_damaged": _bytes(files.JOURNAL, lambda old: b"no database" + old[11:]),
    "journal_of_another_version": _journal("UPDATE meta SET value = '9' WHERE key = 'version'"),
    "journal_row_damaged": _journal("UPDATE head SET chain = x'00'"),
    "plan_gone": _without(files.PLAN),
    "plan_damaged": _bytes(files.PLAN, lambda old: old[: len(old) // 2]),
    "plan_changed": _bytes(files.PLAN, lambda old: old[:20] + b"\xff" + old[21:]),
    "ledger_gone": _without(files.LEDGER),
    "ledger_short": _bytes(files.LEDGER, lambda old: old[:-20]),
    "ledger_changed": _bytes(files.LEDGER, lambda old: old.replace(b"from", b"fram")),
    "ledger_goes_on": _bytes(files.LEDGER, lambda old: old + b'{"target":"it"}\n'),
    "max_pairs": MAX_PAIRS,
    "held": _held,
}
"""What makes a begun run one that cannot go on."""

NEW: dict[str, Spoil] = {
    "no_rows": _rows("From_Account,To_Account\n"),
    "empty": _rows(""),
    "column": _rows("From_Account,To\na,b\n"),
    "column_twice": _rows("From_Account,To_Account,To_Account\na,b,c\n"),
    "no_input": _no_input,
    "protect_file": _no_protect_file,
    "max_pairs": MAX_PAIRS,
    "max_pairs_of_a_plan": _each(_planned, MAX_PAIRS),
    "no_rows_any_more": _each(_planned, _rows("From_Account,To_Account\n")),
    "stranger": _stranger,
    "no_directory": lambda place: place.run.touch(),
    "held": _held,
    "secret": _edited('endpoint = "emulator"', 'secret_env = "NO_SUCH_KEY"'),
    "proxy": _edited(
        'endpoint = "emulator"',
        'secret_env = "A_KEY"\nproxy = "http://127.0.0.1:1"\nproxy_env = "NO_SUCH_LOGIN"',
    ),
    "plan_damaged": _each(_planned, _bytes(files.PLAN, lambda old: old[: len(old) // 2])),
    "plan_changed": _each(_planned, _bytes(files.PLAN, lambda old: old.replace(b"to3", b"tx3"))),
    "ledger_of_another": _each(
        _planned, lambda place: (place.run / files.LEDGER).write_text('{"target":"it"}\n')
    ),
}
"""What makes a job one that cannot begin."""


def both_refuse(place: Place, spoil: Spoil, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Before it is spoiled `check` has no cross; then it has one, and `run` exits 2 or 3.

    Returns the names of what is crossed.
    """
    assert not [one for one in place.seen().values() if one.grade is Grade.CROSSED]
    spoil(place)
    ledger = place.run / files.LEDGER
    before = ledger.read_bytes() if ledger.exists() else b""
    crosses = [one for one in place.seen().values() if one.grade is Grade.CROSSED]
    assert place.sent() in {Exit.WRONG, Exit.GUARDED}
    assert (ledger.read_bytes() if ledger.exists() else b"") == before
    assert crosses
    assert all(one.mend for one in crosses)
    capsys.readouterr()
    return {one.name for one in crosses}


@pytest.mark.parametrize("spoil", BEGUN.values(), ids=BEGUN)
def test_a_begun_run_that_cannot_go_on(
    begun_place: Place, spoil: Spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever keeps a begun run from going on is a cross beside the run, and no call leaves."""
    crossed = both_refuse(begun_place, spoil, capsys)
    assert crossed & {"run directory", "plan"}


@pytest.mark.parametrize("spoil", NEW.values(), ids=NEW)
def test_a_job_that_cannot_begin(
    place: Place, spoil: Spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever keeps a job from beginning is a cross, and no call leaves."""
    both_refuse(place, spoil, capsys)


FINE: dict[str, Spoil] = {
    "input_gone": _no_input,
    "input_moved": _each(
        lambda place: (place.folder / "pairs.csv").rename(place.folder / "moved.csv"),
        _edited("pairs.csv", "moved.csv"),
    ),
    "rate": _edited('endpoint = "emulator"', 'endpoint = "emulator"\nqps = 7'),
    "ledger_torn": _bytes(files.LEDGER, lambda old: old + b'{"target":"i'),
}
"""What a begun run goes on with."""


@pytest.mark.parametrize("spoil", FINE.values(), ids=FINE)
def test_a_begun_run_that_goes_on_has_no_cross(
    begun_place: Place, spoil: Spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `run` goes on with is no cross, so that a cross is believed."""
    spoil(begun_place)
    crosses = [one for one in begun_place.seen().values() if one.grade is Grade.CROSSED]
    assert begun_place.sent(limit=1) == Exit.LEFT
    assert not crosses
    capsys.readouterr()


def test_a_finished_run_needs_no_guard(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a run that has nothing left to send no guard is asked, by neither."""
    assert place.sent() in {Exit.DONE, Exit.FAILED}
    MAX_PAIRS(place)
    assert place.seen()["plan"].grade is Grade.GOOD
    assert place.sent() in {Exit.DONE, Exit.FAILED}
    capsys.readouterr()


def test_a_plan_that_changes_before_it_is_sent_is_made_anew(place: Place) -> None:
    """As `run` does: that is worth a word and no cross."""
    _planned(place)
    place.rows(csv_text([("x", "y")]))
    seen = place.seen()
    assert seen["run directory"].grade is Grade.WARNING
    assert "anew" in seen["run directory"].words
    assert "content differs" in seen["run directory"].mend
    assert seen["plan"].words == "1 row: 1 pair to send"


def test_a_large_input_is_not_read_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is planned for a trial, and a bound that may be crossed is a warning."""
    monkeypatch.setattr(check_run, "TRIED_ROWS", 5)
    assert place.seen()["plan"].grade is Grade.SKIPPED
    MAX_PAIRS(place)
    seen = place.seen()["plan"]
    assert seen.grade is Grade.WARNING
    assert "guards.max_pairs = 5" in seen.mend


def test_status_says_that_the_journal_is_gone(begun_place: Place) -> None:
    """Results without a journal are not "nothing was sent yet"; nor is a run with another plan."""
    job = load_job(begun_place.folder / "job.toml")
    assert look(job).state is State.STOPPED
    _without(*files.JOURNAL_FILES)(begun_place)
    with pytest.raises(
        Corrupt, match=r"is gone, or empty, but ledger\.jsonl beside it holds"
    ) as gone:
        look(job)
    assert "restore it from a backup" in gone.value.mend
    assert str(begun_place.run / files.JOURNAL) == gone.value.where


def test_status_says_that_the_plan_is_another(begun_place: Place) -> None:
    """The counters of a begun run are never shown beside a plan that they are not of."""
    job = load_job(begun_place.folder / "job.toml")
    elsewhere = replace(job, run_dir=begun_place.folder / "elsewhere", mode=Mode.TWO_WAY)
    plan_only(elsewhere, lambda _: None)
    (elsewhere.run_dir / files.PLAN).replace(job.run_dir / files.PLAN)
    with pytest.raises(Corrupt, match="not the plan that this run has begun"):
        look(job)
