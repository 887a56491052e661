"""How the runs beside a run stand, read from their folders: the latest of each kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.lock import hold
from bulkdel.plan.make import make_plan
from bulkdel.plan.values import Origin
from bulkdel.report.backup import BackupNote, write_note
from bulkdel.report.status import State
from bulkdel.runs.side_facts import side_facts
from bulkdel.runs.status import look
from bulkdel.words import Errand, Verdict
from tests.support.beside import Said, gone, planned, pulled, settled
from tests.support.ledger import rest

PAIRS = [("a", ["b", "c", "d"])]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A planned run."""
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\na,c\na,d\n")
    path = tmp_path / "job.toml"
    path.write_text(
        'operation = "delete_friends"\nmode = "two_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n'
        '[targets.tencent]\nprovider = "tencent"\napp_id = 1\nendpoint = "emulator"\n'
    )
    job = load_job(path)
    job.run_dir.mkdir(mode=0o700)
    make_plan(job)
    return job


def beside(job: Job, folder: str, errand: Errand, said: Said = gone, *, most: int = 9) -> None:
    """A run beside the run; `most` of its entries are settled."""
    at = job.run_dir / folder
    origin = Origin(plan_digest="d", whole_lists=False, population=(3,))
    meta = planned(at, errand, {"tencent": list(PAIRS)}, origin=origin)
    if most:
        settled(at, meta, said, most=most)


def test_a_run_alone_has_nothing_beside_it(job: Job) -> None:
    """No folder, no word."""
    assert not look(job).beside.sides
    assert look(job).beside.backup is None


def test_the_latest_of_each_kind_is_shown(job: Job) -> None:
    """In the order in which they are made, whatever their names sort as."""
    beside(job, "undo", Errand.PUT_BACK, most=0)
    beside(job, "backup", Errand.PULL, pulled)
    for folder in ("verification", "verification-2", "verification-10"):
        beside(job, folder, Errand.ASK)
    found = look(job).beside.sides
    assert [one.folder for one in found] == ["backup", "verification-10", "undo"]


def test_a_process_that_works_on_one_is_seen(job: Job) -> None:
    """For as long as it holds the folder; nothing of the run itself is sent then."""
    beside(job, "backup", Errand.PULL, most=0)
    with hold(job.run_dir), hold(job.run_dir / "backup"):
        status = look(job)
        assert status.beside.sides[0].at_work
        assert status.state is State.RUNNING
    assert not look(job).beside.sides[0].at_work


def test_an_undo_finishes_the_run_once_it_has_put_something_back(job: Job) -> None:
    """A plan of one is none."""
    beside(job, "undo", Errand.PUT_BACK, most=0)
    assert look(job).state is State.PLANNED
    beside(job, "undo", Errand.PUT_BACK)
    assert look(job).state is State.FINISHED


@pytest.mark.parametrize("file", ["plan.parquet", "journal.db"])
def test_one_that_cannot_be_read_hides_nothing_else(job: Job, file: str) -> None:
    """It is named, and the others and the run itself are shown."""
    beside(job, "backup", Errand.PULL, pulled)
    beside(job, "undo", Errand.PUT_BACK)
    write_note(job.run_dir, BackupNote(plan_digest="d", state="whole", at="", friends=3))
    path = job.run_dir / "undo" / file
    path.write_bytes(b"torn" * (path.stat().st_size // 4))
    told = look(job).beside
    assert [one.folder for one in told.sides] == ["backup"]
    assert told.backup is not None
    (sentence,) = told.unreadable
    assert sentence.startswith("undo/ cannot be read")
    (job.run_dir / "backup/backup.json").write_bytes(b"[]")
    assert len(look(job).beside.unreadable) == 2


def test_the_report_names_what_is_still_there(job: Job) -> None:
    """And where; one whose ledger cannot be read is shown with its figures."""
    there = replace(rest(Verdict.ALREADY_GONE), note="both")
    beside(job, "verification", Errand.ASK, lambda _, __: there)
    (facts,) = side_facts(replace(job, log_ids=True), look(job))
    assert facts.first[0] == ("tencent", "a → b, on both lists")
    (facts,) = side_facts(job, look(job))
    assert facts.first[0] == ("tencent", "(an account) → (an account), on both lists")
    assert facts.more == 0
    ledger = job.run_dir / "verification/ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"from_account"', b'"form_account"'))
    (facts,) = side_facts(job, look(job))
    assert "cannot be read" in facts.notes[0]
    assert facts.status.count("remains") == 3
