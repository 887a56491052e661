"""Live control and schedules: the running process acts within a second and keeps to its hours."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

JOB = """
operation = "delete_friends"
mode = "one_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
[targets.zego]
provider = "zego"
app_id = 7
endpoint = "emulator"
{more}
"""


def job(folder: Path, *, pairs: int = 400, more: str = "") -> Path:
    """A job of so many one-pair calls at 20 a second."""
    rows = "".join(f"from{number},to{number}\n" for number in range(pairs))
    (folder / "pairs.csv").write_text("From_Account,To_Account\n" + rows)
    path = folder / "job.toml"
    path.write_text(JOB.format(more=more))
    return path


def bulkdel(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    command = [sys.executable, "-m", "bulkdel", *map(str, arguments)]
    return subprocess.run(  # noqa: S603  # our own command
        command, capture_output=True, text=True, timeout=60, check=False
    )


def calls(path: Path) -> int:
    """Calls so far, as `status` tells them."""
    shown = bulkdel("status", path, "--json")
    return int(json.loads(shown.stdout)["targets"]["zego"]["calls"]) if not shown.returncode else 0


def standing(path: Path) -> dict[str, Any]:
    """What `status --json` says."""
    said: dict[str, Any] = json.loads(bulkdel("status", path, "--json").stdout)
    return said


def until_it_sends(path: Path) -> None:
    """Returns when the first calls were made."""
    give_up = time.monotonic() + 30
    while calls(path) < 5:
        assert time.monotonic() < give_up


def test_pause_resume_and_rate_act_on_the_running_process(tmp_path: Path) -> None:
    """A paused run sends nothing, a resumed one goes on, and a set rate outlives the process."""
    path = job(tmp_path)
    command = [sys.executable, "-m", "bulkdel", "run", str(path), "--no-progress"]
    with subprocess.Popen(  # noqa: S603  # our own command
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        until_it_sends(path)
        paused = bulkdel("pause", path)
        assert (paused.returncode, paused.stdout[:6]) == (0, "Paused")
        before = calls(path)
        time.sleep(1.5)  # the rule is about what does not happen meanwhile
        assert calls(path) - before <= 1
        said = standing(path)
        assert said["verdict"]["headline"].startswith("Paused: ")
        assert said["left_s"] is None
        state = said["targets"]["zego"]["state"]
        assert (state["doing"], state["by"]) == ("paused", getpass.getuser())
        assert state["since"] < said["at"]
        refused = bulkdel("rate", path, "zego", "500")
        assert refused.returncode == 2
        assert "at most its qps in the job file, 20" in refused.stderr
        assert bulkdel("rate", path, "zego", "2").returncode == 0
        resumed_at = time.monotonic()
        assert bulkdel("resume", path).returncode == 0
        time.sleep(2)
        made = calls(path) - before
        assert 1 <= made <= 4 + 2 * (time.monotonic() - resumed_at)
        state = standing(path)["targets"]["zego"]["state"]
        assert (state["doing"], state["slower"]) == ("sending", "operator")
        run.terminate()
        assert run.wait(20) == 75
    assert not (tmp_path / "run" / "control.sock").exists()
    assert json.loads((tmp_path / "run" / "rates.json").read_text()) == {"zego": 2.0}
    assert (tmp_path / "run" / "rates.json").stat().st_mode & 0o777 == 0o600
    again = bulkdel("run", path, "--no-progress", "--max-duration", "3s")
    assert again.returncode == 75
    assert "Stopped after max_duration" in again.stdout


def test_nobody_to_pause(tmp_path: Path) -> None:
    """Without a running process each of the three is one sentence and exit 2."""
    path = job(tmp_path)
    for arguments in (("pause", path), ("resume", path), ("rate", path, "zego", "5")):
        done = bulkdel(*arguments)
        assert done.returncode == 2
        assert "no process works on the run" in done.stderr
        assert done.stdout == ""


def test_outside_the_window_nothing_is_sent(tmp_path: Path) -> None:
    """A run that begins outside its window ends with 75, says when it opens, and sent nothing."""
    now = time.gmtime(time.time() + 7200)
    begin, end = now.tm_hour, (now.tm_hour + 1) % 24
    more = f'[schedule]\nwindow = "{begin:02}:00-{end:02}:00"\ntimezone = "UTC"\n'
    path = job(tmp_path, more=more)
    done = bulkdel("run", path, "--no-progress")
    assert done.returncode == 75
    assert "outside the window of the schedule" in done.stdout
    assert f"opens {time.strftime('%Y-%m-%d %H:00 UTC', now)}" in done.stdout
    assert calls(path) == 0
