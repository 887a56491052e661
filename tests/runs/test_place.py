"""A job finds its run from every directory: beside the job file, or where it lay before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bulkdel.cli.app import app
from bulkdel.errors import WrongInput
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.runs.place import find_run
from bulkdel.runs.run import plan_only

ROWS = "From_Account,To_Account\na,b\nb,c\n"


def job_in(folder: Path, *, name: str = "purge", rows: str = ROWS, app_id: int = 5) -> Job:
    """A job file of its own folder, with its input beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.csv").write_text(rows)
    file = folder / f"{name}.toml"
    file.write_text(
        'operation = "delete_friends"\nmode = "one_way"\n[input]\nfiles = ["pairs.csv"]\n'
        f'[targets.t]\nprovider = "zego"\napp_id = {app_id}\nendpoint = "emulator"\n'
    )
    return load_job(file)


def planned(file: Path, run_dir: Path) -> Path:
    """A run of the job in this directory."""
    plan_only(load_job(file, run_dir=run_dir), lambda _: None)
    return run_dir


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working directory that no job lies in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def test_a_new_run_is_beside_the_job_file(tmp_path: Path, here: Path) -> None:
    """Rule: the working directory decides nothing about where a run begins."""
    job = job_in(tmp_path / "job")
    assert find_run(job, here) == (job, "")
    assert job.run_dir == tmp_path / "job/runs/purge"


def test_a_run_of_the_working_directory_is_found(tmp_path: Path, here: Path) -> None:
    """Rule: a run of this job that lies in runs/NAME here, and not beside, is gone on with."""
    job = job_in(tmp_path / "job")
    old = planned(job.source, here / "runs/purge")
    found, words = find_run(job, here)
    assert found.run_dir == old
    assert f"Found the run of this job in {old}; continuing it" in words


def test_a_changed_job_is_still_this_job(tmp_path: Path, here: Path) -> None:
    """Rule: other settings make no other run of it: the run itself says what must not change."""
    job = job_in(tmp_path / "job")
    old = planned(job.source, here / "runs/purge")
    job.source.write_text(job.source.read_text().replace("one_way", "two_way"))
    assert find_run(load_job(job.source), here)[0].run_dir == old


def test_a_changed_input_is_still_this_jobs(tmp_path: Path, here: Path) -> None:
    """Rule: rows that were added begin no second run in silence."""
    job = job_in(tmp_path / "job")
    old = planned(job.source, here / "runs/purge")
    job_in(tmp_path / "job", rows=ROWS + "c,d\n")
    assert find_run(job, here)[0].run_dir == old


def test_a_folder_that_was_renamed_is_still_this_jobs(tmp_path: Path, here: Path) -> None:
    """Rule: where the input lies now makes no difference, its content does."""
    old = planned(job_in(tmp_path / "job").source, here / "runs/purge")
    shutil.move(tmp_path / "job", tmp_path / "moved")
    assert find_run(load_job(tmp_path / "moved/purge.toml"), here)[0].run_dir == old


def test_a_run_of_another_job_is_left_alone(tmp_path: Path, here: Path) -> None:
    """Rule: the name alone makes no run this job's: other rows in another folder are another's."""
    planned(job_in(tmp_path / "other", rows=ROWS + "x,y\n").source, here / "runs/purge")
    job = job_in(tmp_path / "job")
    assert find_run(job, here) == (job, "")


def test_beside_the_job_file_wins(tmp_path: Path, here: Path) -> None:
    """Rule: of two runs the one beside the job file counts, and the other is named."""
    job = job_in(tmp_path / "job")
    planned(job.source, here / "runs/purge")
    planned(job.source, job.run_dir)
    found, words = find_run(job, here)
    assert found == job
    assert words.startswith("Warning: ")
    assert str(job.run_dir) in words
    assert str(here / "runs/purge") in words


@pytest.mark.parametrize("plan", [b"", b"PAR1 and no more", None])
def test_what_cannot_be_told_is_not_guessed(tmp_path: Path, here: Path, plan: bytes | None) -> None:
    """Rule: a run that may be this job's is neither gone on with nor begun again beside it."""
    job = job_in(tmp_path / "job")
    old = planned(job.source, here / "runs/purge")
    if plan is None:
        (old / "plan.parquet").rename(old / "ledger.jsonl")
    else:
        (old / "plan.parquet").write_bytes(plan)
    with pytest.raises(WrongInput, match="cannot be told") as refused:
        find_run(job, here)
    assert "--run-dir" in str(refused.value)
    planned(job.source, job.run_dir)
    assert find_run(job, here) == (job, "")


def test_what_is_named_is_what_is_meant(tmp_path: Path, here: Path) -> None:
    """Rule: run_dir and --run-dir beat every run that lies elsewhere."""
    job = job_in(tmp_path / "job")
    planned(job.source, here / "runs/purge")
    named = load_job(job.source, run_dir=tmp_path / "named")
    assert find_run(named, here) == (named, "")


def test_one_directory_by_two_names(tmp_path: Path) -> None:
    """Rule: a working directory that is a link to the job's own has no second run."""
    job = job_in(tmp_path / "job")
    planned(job.source, job.run_dir)
    (tmp_path / "link").symlink_to(tmp_path / "job")
    assert find_run(job, tmp_path / "link") == (job, "")


@pytest.mark.parametrize("command", ["status", "verify", "export", "report", "plan", "check"])
def test_every_command_finds_it(
    tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Rule: all commands look for a run in the same places, and say so where it was found."""
    job = job_in(tmp_path / "job")
    old = planned(job.source, here / "runs/purge")
    monkeypatch.chdir(here)
    done = CliRunner().invoke(app, [command, str(job.source)])
    assert f"Found the run of this job in {old}" in done.stderr
    assert not job.run_dir.exists()
