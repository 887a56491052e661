"""`bulkdel demo`: a whole run in a folder of its own, and nothing of anybody else's is touched."""

from __future__ import annotations

import re
import shlex
from importlib import resources
from pathlib import Path

import pytest

from bulkdel.cli.demo import JOB, ROWS, write_demo
from bulkdel.errors import WrongInput
from tests.support.process import ROOT, Place, ledger

SHIPPED = {name: (ROOT / "jobs" / name).read_bytes() for name in (JOB, ROWS)}


@pytest.mark.e2e
@pytest.mark.timeout(180)
def test_it_runs_and_each_command_that_it_names_does(tmp_path: Path) -> None:
    """Rule: exit 0, every pair settled; what is printed at the end can be run as printed."""
    place = Place(tmp_path)
    done = place.run("demo")
    assert done.code == 0, done.err
    assert len(ledger(tmp_path / "bulkdel-demo/runs/demo")) == 2 * 508
    hints = re.findall(r"^  \S*python\S* -m bulkdel (.*)$", done.out, re.MULTILINE)
    assert [shlex.split(hint)[0] for hint in hints] == [
        "verify",
        "status",
        "report",
        "verify",
        "export",
    ]
    assert shlex.split(hints[0])[-1] == "--remote"
    for hint in hints:
        followed = place.run(*shlex.split(hint))
        assert followed.code == 0
        assert followed.out
        assert "--remote" in hint or not followed.err  # which shows its progress
    again = place.run("demo")
    assert again.code == 0
    assert len(ledger(tmp_path / "bulkdel-demo/runs/demo")) == 2 * 508


def test_the_checkout_and_the_package_have_one_demo() -> None:
    """Rule: the job of the README's first command is the one that every installation has."""
    package = resources.files("bulkdel.cli") / "demo_job"
    assert {name: (package / name).read_bytes() for name in (JOB, ROWS)} == SHIPPED


def test_what_was_changed_in_a_demo_stays(tmp_path: Path) -> None:
    """Rule: whoever tries things out in the demo's job keeps what they wrote."""
    job = write_demo(tmp_path / "new")
    assert job.read_bytes() == SHIPPED[JOB]
    job.write_bytes(job.read_bytes().replace(b"# [plan]", b"[plan]"))
    changed = job.read_bytes()
    job.with_name("demo").joinpath("pairs.csv").unlink()
    assert write_demo(tmp_path / "new") == job
    assert job.read_bytes() == changed
    assert (tmp_path / "new" / ROWS).read_bytes() == SHIPPED[ROWS]


@pytest.mark.parametrize("name", ["demo.toml", "notes.txt", "demo"])
def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path, name: str) -> None:
    """Rule: nothing is written where other files lie, whatever they are called."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(WrongInput, match=rf"holds {name}, which is not of this demo"):
        write_demo(tmp_path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(name, "mine")]


@pytest.mark.parametrize("folder", ["file", "link", "file/below"])
def test_what_can_be_no_folder_is_said(tmp_path: Path, folder: str) -> None:
    """Rule: one sentence that names it and what to do; nothing is replaced."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(WrongInput, match="name another folder"):
        write_demo(tmp_path / folder)
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
