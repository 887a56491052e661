"""A fault of our own while calls are out: later screens know of it."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bulkdel.errors import StorageFailed
from bulkdel.job.job import Event, Job, Notify
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.values import Outcome
from bulkdel.report.ending import why
from bulkdel.runs.observers import Observers
from bulkdel.runs.run import held_run
from bulkdel.runs.status import look
from bulkdel.send.sitting import Sitting
from bulkdel.send.view import End, Ending, LaneEnd


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Three pairs for an emulator."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\nc,d\ne,f\n")
    path = tmp_path / "job.toml"
    path.write_text(
        'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n'
        '[targets.tencent]\nprovider = "tencent"\napp_id = 1\nendpoint = "emulator"\nqps = 2\n'
    )
    return load_job(path)


def fails(job: Job, error: Exception) -> None:
    """A sitting in which `error` is raised once something is settled."""

    async def on_settled(_: Outcome) -> None:
        raise error

    def started(_: Sitting) -> None:
        """Nothing to keep."""

    with held_run(job) as run:
        meta = run.plan(lambda _: None)
        run.begin(meta)
        run.agree(Consent(how=Agreement.TRIAL, at_ms=1, command=""))
        asyncio.run(run.sending(meta, limit=None, started=started, on_settled=on_settled))


def test_a_crash_is_the_end_of_its_sitting(job: Job) -> None:
    """`status` says what happened, and not that the process is gone without a word."""
    with pytest.raises(ExceptionGroup):
        fails(job, KeyError("oops"))
    status = look(job)
    assert status.last is not None
    assert status.last.ended_ms is not None
    assert status.reason.startswith("tencent: this should not have happened: KeyError at test_cra")
    assert "oops" not in status.reason


def test_an_error_of_ours_is_told_in_its_own_words(job: Job) -> None:
    """It stopped the run, whatever part of it raised it."""
    fails(job, StorageFailed("the disk is full"))
    assert look(job).reason == "tencent: the disk is full"


def test_who_is_told_of_a_crash_hears_how_the_run_stands(job: Job) -> None:
    """Not how it stood before it sent."""
    with held_run(job) as run:
        before = run.begin(run.plan(lambda _: None))
    keep = "import sys; open('told', 'wb').write(sys.stdin.buffer.read())"
    notify = Notify.model_construct(command=(sys.executable, "-c", keep), on=(Event.STOP,))
    others = Observers(replace(job, notify=notify), None)
    others.looked(before)
    others.started(before)
    with pytest.raises(ExceptionGroup):
        fails(job, KeyError("oops"))
    others.ended(75, "it broke")
    told = orjson.loads((job.source.parent / "told").read_bytes())
    assert (told["event"], told["exit_code"], told["text"]) == ("stop", 75, "job: it broke")
    assert "KeyError" in told["reason"]
    assert told["targets"]["tencent"]["calls"] > 0


def test_what_stopped_all_lanes_is_said_once() -> None:
    """The same words for every target are no news of one of them."""
    lanes = [LaneEnd(target=name, end=End.CRASHED, words="it broke.") for name in ("a", "b")]
    assert why(Ending(lanes=tuple(lanes))) == "it broke"
