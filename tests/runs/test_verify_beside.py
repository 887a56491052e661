"""`verify` checks the files of the runs beside a run as it checks the run's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bulkdel import rundir
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.audit.verify import Checked
from bulkdel.ledger.friends_file import measured
from bulkdel.plan.entries import DATA
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import Origin
from bulkdel.report.backup import BackupNote, write_note
from bulkdel.report.text.verification import KEYS, verification_json, verification_text
from bulkdel.runs.verify import verify_run
from bulkdel.words import Errand
from tests.support.beside import Said, gone, planned, pulled, settled
from tests.support.json_keys import undocumented, unwritten

PAIRS = [("a", ["b", "c", "d"]), ("e", ["f"])]
LISTS = [("a", ["b", "c"])]
DATED = [("a", ["b" + DATA + '{"x":1}', "c" + DATA + "{}"])]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A planned run of four pairs with a backup, two verifications, and an undo in two steps."""
    tmp_path = tmp_path_factory.mktemp("made")
    (tmp_path / "pairs.csv").write_text("From_Account,To_Account\na,b\na,c\na,d\ne,f\n")
    path = tmp_path / "job.toml"
    path.write_text(
        'operation = "delete_friends"\nmode = "two_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n'
        '[targets.tencent]\nprovider = "tencent"\napp_id = 1\nendpoint = "emulator"\n'
    )
    job = load_job(path)
    job.run_dir.mkdir(mode=0o700)
    make_plan(job)
    beside(job, "backup", Errand.PULL, LISTS, pulled)
    beside(job, "verification", Errand.ASK, PAIRS)
    beside(job, "verification-2", Errand.ASK, PAIRS)
    beside(job, "undo", Errand.PUT_BACK, DATED)
    beside(job, "undo/before", Errand.ASK, PAIRS)
    return tmp_path


@pytest.fixture
def job(made: Path, tmp_path: Path) -> Job:
    """A copy of that run."""
    shutil.copytree(made, tmp_path / "copy")
    return load_job(tmp_path / "copy/job.toml")


def beside(
    job: Job,
    folder: str,
    errand: Errand,
    entries: list[tuple[str, list[str]]],
    said: Said = gone,
) -> None:
    """A finished run beside the run."""
    run = read_plan_meta(job.run_dir)
    assert run is not None
    at = job.run_dir / folder
    origin = Origin(plan_digest=run.digest, whole_lists=False)
    settled(at, planned(at, errand, {"tencent": list(entries)}, origin=origin), said)


def found(job: Job) -> dict[str, Checked]:
    """What is found in the runs beside the run."""
    _, verified, checked = verify_run(job)
    assert not verified.count
    return {one.folder: one for one in checked}


def test_every_run_beside_it_is_read_to_its_end(job: Job) -> None:
    """Each kind, the second of a kind, and what lies in a folder of its folder."""
    checked = found(job)
    assert list(checked) == ["backup", "verification", "verification-2", "undo", "undo/before"]
    assert [one.verified.lines for one in checked.values()] == [1, 4, 4, 2, 4]
    assert not any(one.verified.findings for one in checked.values())


def test_a_json_form_has_them_by_folder(job: Job) -> None:
    """With how many lines say what, in the words of their ledgers."""
    meta, verified, checked = verify_run(job)
    told = json.loads(verification_json(job, meta, verified, checked))
    assert told["ok"]
    assert told["beside"]["undo"]["counts"] == {"restored": 2, "already_there": 0, "failed": 0}
    assert told["beside"]["backup"]["counts"] == {"pulled": 1, "failed": 0}
    assert not undocumented(told, KEYS)
    assert not {one for one in unwritten(told, KEYS) if one.startswith("beside")}


@pytest.mark.parametrize("folder", ["backup", "verification-2", "undo", "undo/before"])
def test_a_changed_line_is_found_and_its_folder_named(job: Job, folder: str) -> None:
    """Wherever it is, and whatever the kind of its run."""
    ledger = job.run_dir / folder / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"attempts":1', b'"attempts":2', 1))
    meta, verified, checked = verify_run(job)
    told = json.loads(verification_json(job, meta, verified, checked))
    assert not told["ok"]
    assert told["findings_count"] == 1
    assert told["findings"][0]["file"] == f"{folder}/ledger.jsonl"
    text = verification_text(job, meta, verified, 100, beside=checked)
    assert "DAMAGED, 1 finding" in text
    assert f"{folder}/ledger.jsonl, line 1" in text


@pytest.mark.parametrize("folder", ["backup", "verification", "undo"])
def test_lines_that_were_cut_off_are_found(job: Job, folder: str) -> None:
    """They were synced, so no crash took them."""
    ledger = job.run_dir / folder / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-30])
    assert found(job)[folder].verified.count


def whole(job: Job) -> Path:
    """The friend data of the backup, of which a note has the hash."""
    path = job.run_dir / "backup/friends.jsonl.zst"
    path.write_bytes(b"data")
    size, sha256 = measured(path)
    note = BackupNote(plan_digest="", state="whole", at="", bytes=size, sha256=sha256)
    write_note(job.run_dir, note)
    return path


@pytest.mark.parametrize("content", [b"dara", b"data and more", b"", None])
def test_changed_friend_data_is_found(job: Job, content: bytes | None) -> None:
    """Nothing can be put back from it."""
    path = whole(job)
    assert not found(job)["backup"].verified.count
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    (finding,) = found(job)["backup"].verified.findings
    assert finding.file == "friends.jsonl.zst"


def test_a_note_of_a_backup_that_cannot_be_read_is_found(job: Job) -> None:
    """And friend data that was destroyed, or is not whole yet, is not missed."""
    whole(job).unlink()
    for state in ("begun", "destroyed"):
        write_note(job.run_dir, BackupNote(plan_digest="", state=state, at=""))
        assert not found(job)["backup"].verified.count
    (job.run_dir / "backup/backup.json").write_bytes(b"{}")
    (finding,) = found(job)["backup"].verified.findings
    assert finding.file == "backup.json"


def test_a_run_of_another_plan_is_found(job: Job) -> None:
    """Such as one that was copied here from beside another run."""
    at = job.run_dir / "verification-3"
    origin = Origin(plan_digest="of another", whole_lists=False)
    planned(at, Errand.ASK, {"tencent": PAIRS}, origin=origin)
    (finding,) = found(job)["verification-3"].verified.findings
    assert "not made of the plan of the run that it lies beside" in finding.what


def test_a_plan_that_is_gone_is_found(job: Job) -> None:
    """Its results are there, so there was one."""
    (job.run_dir / "undo/plan.parquet").unlink()
    (finding,) = found(job)["undo"].verified.findings
    assert finding.file == "plan.parquet"


@pytest.mark.parametrize(
    ("errand", "entries"),
    [
        (Errand.ASK, [("a", ["b", "c"]), ("e", ["f"]), ("a", ["d", "b"])]),
        (Errand.PUT_BACK, [("a", ["b" + DATA + "{}"]), ("a", ["b" + DATA + '{"x":1}'])]),
        (Errand.PULL, [("a", ["b"]), ("a", ["c"])]),
    ],
)
def test_what_a_plan_has_twice_is_found(
    job: Job, errand: Errand, entries: list[tuple[str, list[str]]]
) -> None:
    """A pair, whatever its data, and a list, whoever is wanted of it."""
    shutil.rmtree(job.run_dir / "verification")
    beside(job, "verification", errand, entries, pulled)
    (finding,) = found(job)["verification"].verified.findings
    assert "stands in the plan before as well" in finding.what


def test_ranges_of_ids_may_overlap(job: Job) -> None:
    """A run beside a run has its pairs in whatever order; only the same pair is one too many."""
    shutil.rmtree(job.run_dir / "verification")
    beside(job, "verification", Errand.ASK, [("a", ["b", "d"]), ("a", ["c"])])
    assert not found(job)["verification"].verified.findings


def test_other_folders_are_none_of_its_business(job: Job) -> None:
    """Whoever made them; and a folder in which nothing was planned yet is no run."""
    for name in ("verification-x", "backups", "undo-", "canary"):
        (job.run_dir / name).mkdir()
        if name != "canary":
            (job.run_dir / name / "ledger.jsonl").write_bytes(b"x")
    assert rundir.sides(job.run_dir) == tuple(found(job))
    assert "canary" not in rundir.sides(job.run_dir)
