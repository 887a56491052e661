"""The flow of `run`, over a run made by hand."""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from bulkdel.cli import streams
from bulkdel.cli.sending import Interrupted, NotAgreed
from bulkdel.cli.sitting import Choices, sit
from bulkdel.errors import BulkdelError, Corrupt, Guarded, StorageFailed, WrongInput
from bulkdel.job.job import Job, Notify, Reach
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, PlanMeta
from bulkdel.report.status import Status
from bulkdel.report.version import version
from bulkdel.runs.observers import Watch
from bulkdel.runs.run import Run
from bulkdel.runs.seams import Say, Show, TellStop
from bulkdel.send.selection import Selection
from bulkdel.send.view import End, Ending, LaneEnd
from tests.support import front

ROWS = front.books(read=100, pairs=100)
ALL_DELETED = Counters(deleted=100, calls=1)


@dataclass(kw_only=True)
class HandRun(Run):
    """A run that settles what it is told to, and remembers what was asked of it."""

    job: Job
    rows: Books = ROWS
    before: Counters = field(default_factory=Counters)
    after: Counters = ALL_DELETED
    end: End = End.FINISHED
    agreed_before: bool = False
    stop_while_sending: bool = False
    fails: Exception | None = None
    sends_first: bool = False
    done: list[str] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)

    @contextmanager
    def open(self, job: Job) -> Iterator[HandRun]:
        """Holds the run directory."""
        job.run_dir.mkdir(exist_ok=True)
        self.done.append("held")
        yield self
        self.done.append("let go")

    def plan(self, say: Say) -> PlanMeta:
        """A plan over the rows."""
        say("planned")
        return front.plan(self.job, self.rows, {target.name: 1 for target in self.job.targets})

    def _status(self, meta: PlanMeta, counters: Counters) -> Status:
        return front.status(self.job, meta, {target.name: counters for target in self.job.targets})

    def begin(self, meta: PlanMeta) -> Status:
        """As it was before."""
        return self._status(meta, self.before)

    @property
    def unsettled(self) -> int:
        """As it was before."""
        return self.rows.pairs - self.before.settled

    def agreed(self) -> bool:
        """As told."""
        return self.agreed_before

    def agree(self, consent: Consent) -> None:
        """Remembers it."""
        self.consents.append(consent)

    def send(
        self,
        _: PlanMeta,
        *,
        limit: int | None,
        show: Show,
        tell: TellStop,
        selection: Selection | None = None,
        used_s: float = 0.0,
    ) -> Ending:
        """Settles everything, or stops at a signal that it sends itself."""
        assert selection is None
        assert used_s < 60
        self.done.append(f"sent, limit {limit}")
        show([])
        if self.sends_first:
            tell(lambda _: None)
        if self.fails:
            raise self.fails
        end = self.end
        if self.stop_while_sending:
            came: list[str] = []
            tell(came.append)
            os.kill(os.getpid(), signal.SIGTERM)
            assert came == ["SIGTERM"]
            end = End.STOPPED
        names = (target.name for target in self.job.targets)
        return Ending(lanes=tuple(LaneEnd(target=name, end=end, words="") for name in names))

    def report(self, say: Say, command: Callable[..., str]) -> None:
        """Nothing to write."""

    def status(self) -> Status:
        """As it is after."""
        return self._status(self.plan(lambda _: None), self.after)


def choices(*, yes: bool = False, limit: int | None = None) -> Choices:
    """The options of a run."""
    return Choices(
        yes=yes,
        limit=limit,
        no_progress=True,
        json_logs=False,
        command="bulkdel run x.toml --limit 9",
        rest="bulkdel run x.toml",
        commands=lambda verb, *options: " ".join(("bulkdel", verb, "x.toml", *options)),
    )


def real(tmp_path: Path, max_pairs: int | None = None) -> Job:
    """A job at the real Tencent."""
    return front.job(front.tencent(), run_dir=tmp_path / "run", max_pairs=max_pairs)


def trial(tmp_path: Path, max_pairs: int | None = None) -> Job:
    """A job on an emulator."""
    target = front.tencent(reach=Reach.EMULATOR, address=None)
    return front.job(target, run_dir=tmp_path / "run", max_pairs=max_pairs)


def sat(run: HandRun, of: Choices) -> int:
    """The exit code of a sitting."""
    return sit(run.job, of, run.open)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, StringIO]:
    """A terminal on which a person types."""
    typed = StringIO()
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(streams, "terminal", lambda _: True)
    return {"typed": typed}


def test_a_trial_runs_without_a_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An emulator needs no --yes; results go to stdout, everything else to stderr."""
    run = HandRun(job=trial(tmp_path))
    assert sat(run, choices(limit=7)) == 0
    assert run.done == ["held", "sent, limit 7", "let go"]
    out, err = capsys.readouterr()
    assert out.startswith("Finished: all 100 pairs settled, nothing failed.")
    assert "A trial: no target of this job is a real provider." in err
    assert "planned" in err


def test_real_without_terminal_is_refused(tmp_path: Path) -> None:
    """Without a terminal and without --yes nothing is sent to a real provider: exit 2."""
    run = HandRun(job=real(tmp_path))
    with pytest.raises(WrongInput, match="add --yes") as raised:
        sat(run, choices())
    assert raised.value.exit_code == 2
    assert run.done == ["held"]


def test_yes_asks_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--yes sends without a question, after showing what is done."""
    run = HandRun(job=real(tmp_path))
    assert sat(run, choices(yes=True)) == 0
    assert "the real Tencent Chat" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["yes\n", " yes \n", "yes\r\n"])
def test_a_person_agrees(tmp_path: Path, answers: Mapping[str, StringIO], answer: str) -> None:
    """On a terminal the word yes is enough."""
    answers["typed"].write(answer)
    answers["typed"].seek(0)
    run = HandRun(job=real(tmp_path))
    assert sat(run, choices()) == 0
    assert run.done == ["held", "sent, limit None", "let go"]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "\n",
        "no\n",
        "yess\n",
        "1\n",
        "y\n",
        "Y\n",
        "ye\n",
        "Yes\n",
        "YES\n",
        "yes please\n",
        "yes",
        "'yes'\n",
        "yes" + " " * 5000 + "\n",
        "\u00a0yes\n",
        "yes\u200b\n",
    ],
)
def test_anything_else_is_no(tmp_path: Path, answers: Mapping[str, StringIO], answer: str) -> None:
    """Whatever is not the whole word yes, an end of input too, sends nothing: exit 75."""
    answers["typed"].write(answer)
    answers["typed"].seek(0)
    run = HandRun(job=real(tmp_path))
    with pytest.raises(NotAgreed, match="nothing was sent") as raised:
        sat(run, choices())
    assert raised.value.exit_code == 75
    assert run.done == ["held"]


def test_continuing_does_not_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that was agreed to is continued without a question, even with no terminal."""
    run = HandRun(job=real(tmp_path), agreed_before=True, before=Counters(deleted=40, calls=1))
    assert sat(run, choices()) == 0
    assert run.done == ["held", "sent, limit None", "let go"]
    assert "Continuing purge-2026-11: 60 pairs left." in capsys.readouterr().err


def test_max_pairs_is_a_guard(tmp_path: Path) -> None:
    """A plan over guards.max_pairs is not sent, not even with --yes: exit 3, naming the key."""
    run = HandRun(job=real(tmp_path, max_pairs=99))
    with pytest.raises(Guarded, match=r"guards\.max_pairs = 99") as raised:
        sat(run, choices(yes=True))
    assert raised.value.exit_code == 3
    assert run.done == ["held"]


def test_no_rows(tmp_path: Path) -> None:
    """An input without rows is an error: exit 2, nothing sent."""
    run = HandRun(job=trial(tmp_path), rows=front.books(read=0, pairs=0))
    with pytest.raises(WrongInput, match="no rows at all"):
        sat(run, choices())
    assert run.done == ["held"]


def test_nothing_to_send(tmp_path: Path) -> None:
    """Where every row was rejected nothing is asked or sent: exit 1."""
    rows = front.books(read=4, pairs=0, rejected=4)
    run = HandRun(job=real(tmp_path), rows=rows, after=Counters())
    assert sat(run, choices()) == 1
    assert run.done == ["held", "let go"]


def test_finished_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finished run is shown again, without a question, a secret or a call."""
    run = HandRun(job=real(tmp_path), before=ALL_DELETED)
    assert sat(run, choices()) == 0
    assert run.done == ["held", "let go"]
    assert capsys.readouterr().out.startswith("Finished")


def test_a_signal_while_sending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first signal is told to who sends; the summary still comes, and the exit is 75."""
    run = HandRun(job=trial(tmp_path), stop_while_sending=True, after=Counters(deleted=30, calls=1))
    assert sat(run, choices()) == 75
    out = capsys.readouterr().out
    assert out.startswith(
        "Stopped with work left: 30.0% is settled.\nStopped by a signal. 70 pairs left."
    )
    assert out.endswith("To continue:\n  bulkdel run x.toml --limit 9\n")


def test_the_hint_after_a_limit_is_for_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where --limit stopped it, the command without it is what goes on."""
    run = HandRun(job=trial(tmp_path), end=End.LIMIT, after=Counters(deleted=30, calls=1))
    assert sat(run, choices(limit=30)) == 75
    out = capsys.readouterr().out
    assert "\nStopped at --limit. 70 pairs left. The same command without --limit" in out
    assert out.endswith("To continue:\n  bulkdel run x.toml\n")


def test_a_signal_before_sending(tmp_path: Path) -> None:
    """A signal while planning ends the sitting with 75, before anything is sent."""

    class Slow(HandRun):
        def plan(self, say: Say) -> PlanMeta:
            os.kill(os.getpid(), signal.SIGINT)
            return super().plan(say)

    run = Slow(job=trial(tmp_path))
    with pytest.raises(Interrupted, match="SIGINT before anything was sent this time") as raised:
        sat(run, choices())
    assert raised.value.exit_code == 75
    assert run.done == ["held"]


@pytest.mark.parametrize(("sends_first", "code"), [(False, 2), (True, 75)])
def test_nothing_was_sent_is_not_said_of_what_was(
    tmp_path: Path, *, sends_first: bool, code: int
) -> None:
    """What is wrong with a file is 2 as long as no call has left, and 75 from then on."""
    wrong = Corrupt("plan.parquet: is damaged")
    run = HandRun(job=trial(tmp_path), fails=wrong, sends_first=sends_first)
    with pytest.raises(BulkdelError, match="is damaged") as raised:
        sat(run, choices())
    assert raised.value.exit_code == code


def test_handlers_come_back(tmp_path: Path) -> None:
    """After a sitting the signals do what they did before."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    sat(HandRun(job=trial(tmp_path)), choices())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_what_should_not_happen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected error is one sentence on the screen and a traceback in run.log: exit 75.

    Neither shows the value of a variable.
    """
    job = trial(tmp_path)
    run = HandRun(job=job, fails=KeyError("oops"))
    assert sat(run, choices()) == 75
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert "this should not have happened: KeyError at test_sitting.py" in err
    assert str(job.run_dir / "run.log") in err
    lines = [orjson.loads(line) for line in (job.run_dir / "run.log").read_bytes().splitlines()]
    assert [line["event"] for line in lines] == ["command.started", "command.crashed"]
    assert lines[0]["bulkdel"] == version()
    assert (lines[0]["pid"], lines[0]["host"]) == (os.getpid(), platform.node())
    assert lines[0]["python"] == platform.python_version()
    assert lines[0]["platform"].startswith(platform.system())
    assert "KeyError" in lines[1]["traceback"]
    assert "oops" not in lines[1]["traceback"]  # a key may be an account's


def test_errors_of_tasks_are_told_apart(tmp_path: Path) -> None:
    """What tasks raise comes in groups; a user error inside keeps its sentence and exit code."""
    full = ExceptionGroup("lanes", [ExceptionGroup("lane", [StorageFailed("the disk is full")])])
    with pytest.raises(StorageFailed, match="the disk is full") as raised:
        sat(HandRun(job=trial(tmp_path), fails=full), choices())
    assert raised.value.exit_code == 75


def test_a_bug_among_user_errors_is_a_bug(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a group holds something unexpected, that is what is told."""
    both = ExceptionGroup("lanes", [StorageFailed("the disk is full"), KeyError("oops")])
    assert sat(HandRun(job=trial(tmp_path), fails=both), choices()) == 75
    assert "this should not have happened: KeyError" in capsys.readouterr().err


def test_errors_are_logged(tmp_path: Path) -> None:
    """What ends a sitting is in run.log too, with the exit code."""
    job = real(tmp_path, max_pairs=1)
    with pytest.raises(Guarded):
        sat(HandRun(job=job), choices(yes=True))
    lines = [orjson.loads(line) for line in (job.run_dir / "run.log").read_bytes().splitlines()]
    assert lines[-1]["event"] == "command.ended"
    assert lines[-1]["exit"] == 3


def told_by(run: HandRun, of: Choices, folder: Path) -> list[dict[str, Any]]:
    """What a [notify] command is told of a sitting."""
    keep = "import sys; open('told', 'ab').write(sys.stdin.buffer.read())"
    notify = Notify(command=(sys.executable, "-c", keep))
    run.job = replace(run.job, source=folder / "x.toml", notify=notify)
    with suppress(BulkdelError):
        sat(run, of)
    file = folder / "told"
    return [orjson.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def test_start_and_finish_are_told(tmp_path: Path) -> None:
    """[notify] hears when calls begin and when all is done, with the keys of status --json."""
    told = told_by(HandRun(job=trial(tmp_path)), choices(), tmp_path)
    told.sort(key=lambda one: str(one["event"]), reverse=True)
    assert [(one["event"], one["exit_code"], one["state"]) for one in told] == [
        ("start", None, "running"),
        ("finish", 0, "finished"),
    ]
    assert all(one["job"] == "purge-2026-11" for one in told)
    assert all(one["run_dir"] == str(tmp_path / "run") for one in told)
    assert told[1]["targets"]["tencent"]["deleted"] == 100
    assert told[1]["text"].startswith("purge-2026-11: Finished: all 100 pairs settled")


@pytest.mark.parametrize(
    ("end", "event", "code"), [(End.REFUSED, "credentials", 77), (End.LEFT, "stop", 75)]
)
def test_trouble_is_told(tmp_path: Path, end: End, event: str, code: int) -> None:
    """Refused credentials and work that is left are told as such."""
    run = HandRun(job=trial(tmp_path), end=end, after=Counters(deleted=40))
    told = {one["event"]: one["exit_code"] for one in told_by(run, choices(), tmp_path)}
    assert told == {"start": None, event: code}


def test_a_guard_is_told(tmp_path: Path) -> None:
    """A plan that a guard holds back is told, and no start before it."""
    run = HandRun(job=trial(tmp_path, max_pairs=99))
    (told,) = told_by(run, choices(), tmp_path)
    assert (told["event"], told["exit_code"]) == ("guard", 3)
    assert "max_pairs" in told["text"]


def test_a_failing_disk_is_told(tmp_path: Path) -> None:
    """What stops the run by an error is told as a stop."""
    run = HandRun(job=trial(tmp_path), fails=StorageFailed("nothing more"))
    told = {one["event"]: one["exit_code"] for one in told_by(run, choices(), tmp_path)}
    assert told == {"start": None, "stop": 75}


def test_metrics_follow_the_sitting(tmp_path: Path) -> None:
    """The metrics file is there at the end, with the books and the exit code."""
    run = HandRun(job=trial(tmp_path))
    file = tmp_path / "b.prom"
    assert sat(run, replace(choices(), watch=Watch(file=file))) == 0
    text = file.read_text("utf-8")
    assert 'bulkdel_pairs{run="purge-2026-11",status="deleted",target="tencent"} 100.0' in text
    assert 'bulkdel_exit_code{run="purge-2026-11"} 0.0' in text


def test_metrics_that_cannot_be_kept_stop_it_first(tmp_path: Path) -> None:
    """A metrics file in no directory is exit 2, and nothing was planned or sent."""
    run = HandRun(job=trial(tmp_path))
    with pytest.raises(WrongInput, match="--metrics-file"):
        sat(run, replace(choices(), watch=Watch(file=tmp_path / "no" / "b.prom")))
    assert not [one for one in run.done if "sent" in one]


@pytest.mark.parametrize(
    ("is_real", "yes", "before", "how"),
    [
        (False, False, False, Agreement.TRIAL),
        (False, True, True, Agreement.TRIAL),
        (True, True, False, Agreement.OPTION),
        (True, True, True, Agreement.EARLIER),
        (True, False, True, Agreement.EARLIER),
    ],
)
def test_how_it_was_agreed_is_kept(
    tmp_path: Path, is_real: bool, yes: bool, before: bool, how: Agreement
) -> None:
    """What is sent says how somebody agreed, with the command as given; an earlier yes has none."""
    job = real(tmp_path) if is_real else trial(tmp_path)
    run = HandRun(job=job, agreed_before=before)
    of = choices(yes=yes)
    sat(run, of)
    (consent,) = run.consents
    assert (consent.how, consent.command) == (how, of.command)
    assert (consent.at_ms is None) == (how is Agreement.EARLIER)


def test_a_typed_yes_is_kept(tmp_path: Path, answers: Mapping[str, StringIO]) -> None:
    """A person who typed yes has agreed; one who did not has not, and nothing is sent."""
    run = HandRun(job=real(tmp_path))
    answers["typed"].write("yes\n")
    answers["typed"].seek(0)
    sat(run, choices())
    assert [consent.how for consent in run.consents] == [Agreement.TYPED]
    answers["typed"].truncate(0)
    with pytest.raises(BulkdelError):
        sat(run, choices())
    assert len(run.consents) == 1
