"""`backup` and `forget` as a user gives them: what they say and leave, and with which code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.backing_up import lines_of
from tests.support.judge import Judge, Pair
from tests.support.process import Done, Place, csv_text, ledger, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAIRS = [("a", "b"), ("c", "d"), ("ghost", "e")]
FRIENDS = [pair for one in PAIRS for pair in (one, one[::-1])]
QUICK = "[retry]\nmax_attempts = 2\nbase_delay_s = 0.01\nmax_delay_s = 0.02\n"


@contextmanager
def place_of(tmp_path: Path, *faults: str, backup: str = "") -> Iterator[tuple[Place, Judge]]:
    """A two-way job with a backup, beside its provider."""
    with Judge({"tencent": FRIENDS}, faults=faults) as judge:
        place = Place(tmp_path)
        place.write("pairs.csv", csv_text(PAIRS))
        tail = f"[backup]\nenabled = true\n{backup}{QUICK}"
        place.write("job.toml", toml(judge.address, mode="two_way", tail=tail))
        yield place, judge


def kept(run_dir: Path) -> set[Pair]:
    """Whose entries of whom the backup holds."""
    return {(line["account"], line["friend"]) for line in lines_of(run_dir)}


def said(done: Done) -> str:
    """What stood on both, on one line."""
    return " ".join((done.out + done.err).split())


def test_a_backup_is_made_once_and_changes_nothing(tmp_path: Path) -> None:
    """It asks nobody; given again it pulls nothing again."""
    with place_of(tmp_path, backup='keep = "30d"\n') as (place, judge):
        done = place.run("backup", "job.toml", "--no-progress")
        assert done.code == 0, done.err
        assert "6 pulled, 0 failed" in done.out
        run_dir = tmp_path / "runs/job"
        assert kept(run_dir) == {*FRIENDS}
        assert {line["status"] for line in ledger(run_dir / "backup")} == {"pulled"}
        note = json.loads((run_dir / "backup/backup.json").read_text())
        assert (note["state"], note["friends"], note["kept_until"] is None) == ("whole", 6, False)
        calls = judge.calls
        assert place.run("backup", "job.toml").code == 0
        assert judge.calls == calls == 6
        assert judge.seen("tencent").left == {*FRIENDS}
        assert not (run_dir / "ledger.jsonl").exists()


def test_accounts_that_cannot_be_pulled_are_named_and_their_pairs_kept(tmp_path: Path) -> None:
    """Exit 1, and what follows is said; the run then leaves 75, and the pair is as it was."""
    with place_of(tmp_path, "30003:1,account=ghost") as (place, judge):
        done = place.run("backup", "job.toml", "--no-progress", "--log-ids")
        assert done.code == 1
        assert "ghost tencent 30003" in said(done)
        assert "could not be pulled, for good: their pairs are not sent" in said(done)
        done = place.run("run", "job.toml", "--no-progress", "--log-ids")
        assert done.code == 75
        assert "1 pair kept back: ghost could not be pulled for the backup" in said(done)
        assert judge.seen("tencent").left == {("ghost", "e"), ("e", "ghost")}
        text = (tmp_path / "job.toml").read_text()
        place.write("job.toml", text.replace("enabled", 'on_failure = "go"\nenabled'))
        judge.break_with()
        assert place.run("run", "job.toml", "--no-progress").code == 0
        assert judge.seen("tencent").left == frozenset()


def test_nothing_is_deleted_while_a_list_is_left_to_pull(tmp_path: Path) -> None:
    """The tries are used up for one list: 75, and the same command goes on."""
    with place_of(tmp_path, "30006:1,account=ghost") as (place, judge):
        done = place.run("backup", "job.toml", "--no-progress")
        assert (done.code, "1 friend list left to pull" in said(done)) == (75, True)
        assert place.run("run", "job.toml", "--no-progress").code == 75
        assert judge.seen("tencent").left == {*FRIENDS}
        judge.break_with()
        assert place.run("run", "job.toml", "--no-progress").code == 0
        assert kept(tmp_path / "runs/job") == {*FRIENDS}


def test_a_refused_key(tmp_path: Path) -> None:
    """77, as of a run: an account that is no admin is refused at once."""
    with place_of(tmp_path) as (place, _):
        job = place.folder / "job.toml"
        job.write_text(job.read_text().replace("app_id =", 'admin = "nobody"\napp_id =', 1))
        assert place.run("backup", "job.toml", "--no-progress").code == 77


def test_to_forget_is_asked_for(tmp_path: Path) -> None:
    """Without a terminal --yes is needed; afterwards nothing more is deleted or put back."""
    with place_of(tmp_path) as (place, judge):
        assert place.run("forget", "job.toml").complaint.startswith(str(tmp_path))
        assert place.run("backup", "job.toml").code == 0
        assert place.run("run", "job.toml", "--limit", "1", "--no-progress").code == 75
        left = judge.seen("tencent").left
        refused = place.run("forget", "job.toml")
        assert refused.code == 2
        assert "no terminal to ask on" in refused.err
        assert (tmp_path / "runs/job/backup/friends.jsonl.zst").exists()
        assert place.run("forget", "job.toml", "--yes").code == 0
        assert not list((tmp_path / "runs").rglob("friends*"))
        for command in ("run", "undo"):
            done = place.run(command, "job.toml", "--yes", "--no-progress")
            assert done.code == 2
            assert "the backup was destroyed" in done.complaint
        assert judge.seen("tencent").left == left


def test_forgotten_after_an_undo(tmp_path: Path) -> None:
    """No friend data is left anywhere, what was done is known, and the rest is verified."""
    with place_of(tmp_path) as (place, judge):
        assert place.run("run", "job.toml", "--no-progress").code == 0
        assert place.run("undo", "job.toml", "--yes", "--no-progress").code == 0
        assert judge.seen("tencent").left == {*FRIENDS}
        run_dir = tmp_path / "runs/job"
        assert b"Tag_SNS_IM_AddTime" in (run_dir / "undo/plan.parquet").read_bytes()
        assert place.run("forget", "job.toml", "--yes").code == 0
        for path in run_dir.rglob("*"):
            assert path.is_dir() or b"Tag_SNS_IM_AddTime" not in path.read_bytes(), path
        status = place.run("status", "job.toml")
        assert "6 entries put back" in said(status)
        verified = place.run("verify", "job.toml")
        assert verified.code == 0, verified.out
        assert "not checked: its plan held friend data" in said(verified)
        again = place.run("undo", "job.toml", "--yes", "--no-progress")
        assert (again.code, "nothing was sent this time" in said(again)) == (0, True)
        assert judge.seen("tencent").left == {*FRIENDS}


def test_what_is_due_is_destroyed_unasked(tmp_path: Path) -> None:
    """For cron: whatever runs lie there; what cannot be looked at is said, and is exit 1."""
    with place_of(tmp_path, backup='keep = "1s"\n') as (place, _):
        assert place.run("backup", "job.toml").code == 0
        done = place.run("forget", "--expired", ".")
        while "No backup is due" in done.out:
            done = place.run("forget", "--expired", ".")
        assert done.code == 0
        assert "was destroyed" in done.out
        assert not list(tmp_path.rglob("friends*"))
        (tmp_path / "runs/other/backup").mkdir(parents=True)
        (tmp_path / "runs/other/backup/backup.json").write_text("no JSON")
        wrong = place.run("forget", "--expired", ".")
        assert wrong.code == 1
        assert "is not what was written" in wrong.err
    assert place.run("forget").code == 2
    assert place.run("forget", "job.toml", "--expired", ".").code == 2
    assert place.run("forget", "--expired", "nowhere").code == 2
