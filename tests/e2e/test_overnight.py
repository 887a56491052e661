"""The README's samples for nights without anybody: they run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.judge import Judge
from tests.support.process import KEY, ROOT, Place, csv_text, ledger, toml

pytestmark = pytest.mark.e2e

README = (ROOT / "README.md").read_text("utf-8")
CRON = next(line for line in README.splitlines() if line.startswith("0 1 * * * ")).split(None, 5)[5]
PAIRS = [("alice", "bob"), ("alice", "carol")]


def night(place: Place, program: str) -> str:
    """What cron mails of one night in which `program` is the bulkdel of the installation."""
    script = place.folder / ".venv/bin/bulkdel"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(0o755)
    (place.folder / "purge.toml").touch()
    line = CRON.replace("/srv/purge", str(place.folder))
    done = subprocess.run(  # noqa: S603  # our own README
        ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "HOME=/", "/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_a_good_night_under_cron_mails_nothing(place: Place) -> None:
    """The secret of the file that systemd reads as well reaches the run, and nothing is mailed."""
    place.write("pairs.csv", csv_text(PAIRS))
    place.write("env", f"# for cron and systemd\n{KEY}='{place.secret}'\n")
    with Judge({"tencent": PAIRS}, secret=place.secret) as judge:
        place.write("purge.toml", toml(judge.address))
        mailed = night(place, f'PYTHONPATH="{ROOT}" exec {sys.executable} -m bulkdel "$@"')
    assert mailed == ""
    assert len(ledger(place.folder / "runs/purge")) == len(PAIRS)
    assert "deleted" in (place.folder / "purge.out").read_text()


@pytest.mark.parametrize(
    ("code", "silent"), [(0, True), (75, True), (1, False), (2, False), (3, False), (77, False)]
)
def test_a_code_that_needs_a_person_is_mailed(place: Place, code: int, silent: bool) -> None:
    """75 goes on by itself the next night; all others but 0 are told, with their number."""
    place.write("env", "")
    mailed = night(place, f"exit {code}")
    assert (mailed == "") is silent
    assert silent or f"exit {code}, " in mailed


def test_a_night_without_the_file_is_mailed(place: Place) -> None:
    """Where the secrets' file is gone the shell or bulkdel says so; it is no silent night."""
    assert night(place, "exit 2") != ""


def test_nothing_is_run_where_the_folder_is_gone(place: Place, tmp_path: Path) -> None:
    """Nothing is run in another folder."""
    line = CRON.replace("/srv/purge", str(tmp_path / "gone"))
    done = subprocess.run(  # noqa: S603  # our own README
        ["/bin/sh", "-c", line], cwd=place.folder, capture_output=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert done.stderr
    assert list(place.folder.iterdir()) == []


def test_kubernetes_keeps_the_run_directory() -> None:
    """The run directory lies on the volume that is mounted, and the container is not root's."""
    sample = README[README.index("apiVersion: batch/v1") :].partition("```")[0]
    (run_dir,) = re.findall(r"--run-dir, ([^,\]]+)", sample)
    mounted = re.findall(r"mountPath: ([^,}]+)", sample)
    claims = re.findall(r"{name: (\w+), persistentVolumeClaim", sample)
    assert f"{{name: {claims[0]}, mountPath: {Path(run_dir).parent}}}" in sample
    assert str(Path(run_dir).parent) in mounted
    assert "runAsNonRoot: true" in sample
    assert "fsGroup: " in sample
