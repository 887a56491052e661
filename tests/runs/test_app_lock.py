"""One app has one sender on one machine: who is kept out, who is not, and what is left behind."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulkdel import files, load_job
from bulkdel.errors import Busy
from bulkdel.job.job import Reach, Target
from bulkdel.runs import app_lock
from bulkdel.runs.app_lock import one_sender
from bulkdel.runs.run import held_run
from tests.support.build import target
from tests.support.warm import ROOT, environment

APP = target("tencent", address="http://127.0.0.1:9", app_id=7, reach=Reach.LOOPBACK)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files are: what other tests send to is not in the way."""
    folder = tmp_path / "locks"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(app_lock, "_folder", lambda: folder)
    monkeypatch.setattr(app_lock, "_PATIENCE_S", 0.1)
    return folder


def never(words: str) -> None:
    """Nothing is to be warned of."""
    raise AssertionError(words)


def is_kept_out(run_dir: Path, *targets: Target) -> bool:
    """Whether this run may not send now."""
    try:
        with one_sender(targets or (APP,), run_dir, never):
            return False
    except Busy:
        return True


@pytest.mark.parametrize(
    ("other", "kept_out"),
    [
        (APP, True),
        (replace(APP, name="another name", qps=1, region="x"), True),
        (replace(APP, app_id=8), False),
        (replace(APP, address="http://127.0.0.1:10"), False),
        (replace(APP, provider="zego"), False),
        (replace(APP, address=None, reach=Reach.EMULATOR), False),
    ],
)
def test_a_second_run_is_kept_out_of_the_same_app(
    tmp_path: Path, place: Path, other: Target, kept_out: bool
) -> None:
    """By provider, address and app; until the first one has ended, and nothing is left of it."""
    with one_sender((APP,), tmp_path / "a", never):
        assert is_kept_out(tmp_path / "b", other) is kept_out
        assert is_kept_out(tmp_path / "b", replace(APP, app_id=99), other) is kept_out
    assert not is_kept_out(tmp_path / "b", other)
    assert list(place.iterdir()) == []


def test_who_is_kept_out_hears_of_whom(tmp_path: Path) -> None:
    """Its target, the other run's directory and process, and what to do."""
    with (
        one_sender((APP,), tmp_path / "a", never),
        pytest.raises(Busy) as kept_out,
        one_sender((APP,), tmp_path / "b", never),
    ):
        raise AssertionError
    assert str(kept_out.value) == (
        f"targets.tencent: the run in {tmp_path / 'a'} (process {os.getpid()}) sends to this app, "
        "and an app has one sender at a time, since its rate would not hold; nothing was sent; "
        "wait for it or stop it, then run the same command again"
    )


def test_shards_of_one_run_are_one_sender(tmp_path: Path) -> None:
    """All at once, and what is beside them; the last one of them lets another run in."""
    shards = [tmp_path / "a" / files.SHARDS / name for name in ("1", "2")]
    with ExitStack() as last:
        with ExitStack() as first:
            first.enter_context(one_sender((APP,), shards[0], never))
            last.enter_context(one_sender((APP,), shards[1], never))
            first.enter_context(one_sender((APP,), tmp_path / "a", never))
            assert is_kept_out(tmp_path / "b")
        assert is_kept_out(tmp_path / "b" / files.SHARDS / "1")
        assert not is_kept_out(shards[0])
    assert not is_kept_out(tmp_path / "b")


_KILLED = """
import os, signal, sys
from pathlib import Path
from bulkdel.runs import app_lock
from tests.runs.test_app_lock import APP, never

app_lock._folder = lambda: Path(sys.argv[1])
with app_lock.one_sender((APP,), Path("/a"), never):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_keeps_nobody_out(tmp_path: Path, place: Path) -> None:
    """The kernel lets go; the file that it left is in nobody's way, and goes when it is old."""
    ended = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", _KILLED, str(place)], cwd=ROOT, env=environment(), check=False
    )
    assert ended.returncode == -signal.SIGKILL
    [left] = place.iterdir()
    assert not is_kept_out(tmp_path / "b", replace(APP, app_id=8))
    assert list(place.iterdir()) == [left]
    os.utime(left, (0, 0))
    assert not is_kept_out(tmp_path / "b", replace(APP, app_id=8))
    assert list(place.iterdir()) == []


def test_an_old_file_that_is_held_stays(tmp_path: Path, place: Path) -> None:
    """A run may take days."""
    with one_sender((APP,), tmp_path / "a", never):
        [held] = place.iterdir()
        os.utime(held, (0, 0))
        assert not is_kept_out(tmp_path / "b", replace(APP, app_id=8))
        assert is_kept_out(tmp_path / "b")
        assert list(place.iterdir()) == [held]


def test_two_runs_never_send_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins when, and however files come and go: all who are in are of one run."""
    monkeypatch.setattr(app_lock, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(app_lock, "_LEFT_FOR_S", -1.0)  # all that is idle is swept at once
    inside: list[str] = []
    both: list[list[str]] = []
    taken = {"a": 0, "b": 0}
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        for _ in range(150):
            try:
                with one_sender((APP,), tmp_path / name, never):
                    inside.append(name)
                    now = list(inside)
                    if len(set(now)) > 1:
                        both.append(now)
                    taken[name] += 1
                    time.sleep(0)
                    inside.remove(name)
            except Busy:
                continue

    threads = [threading.Thread(target=work, args=(name,)) for name in "abab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert both == []
    assert min(taken.values()) > 0


def test_without_a_place_it_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept out then, and nobody is stopped either."""

    def nowhere() -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(app_lock, "_folder", nowhere)
    said: list[str] = []
    with one_sender((APP, replace(APP, app_id=8)), tmp_path / "a", said.append):
        pass
    assert said == [
        "nothing keeps another run from sending to the same app meanwhile: Permission denied"
    ]


@pytest.mark.parametrize("trap", ["none", "a link", "open to others", "a file", "no home"])
def test_the_place_is_this_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    """At home, whatever the environment says; else in the folder for passing files."""
    monkeypatch.undo()
    home, state = tmp_path / "home", tmp_path / "home" / ".local" / "state"
    if trap != "no home":
        state.mkdir(parents=True)
    at = state / "bulkdel"
    if trap == "a link":
        (tmp_path / "elsewhere").mkdir()
        at.symlink_to(tmp_path / "elsewhere")
    elif trap == "open to others":
        at.mkdir()
        at.chmod(0o777)
    elif trap == "a file":
        at.touch()
    with monkeypatch.context() as patch:
        patch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir=str(home)))
        patch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
        folder = app_lock._folder()
    assert folder == (at if trap == "none" else tmp_path / f"bulkdel-{os.geteuid()}")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_run_takes_it_before_anything_is_asked(tmp_path: Path) -> None:
    """A second job on the same app is refused where its journal is opened: nothing is sent."""
    jobs = []
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("From_Account,To_Account\na,b\n")
        (tmp_path / f"{name}.toml").write_text(
            f'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "{name}"\n'
            f'[input]\nfiles = ["{name}.csv"]\n[targets.tencent]\nprovider = "tencent"\n'
            'app_id = 7\nsecret_file = "key"\nendpoint = "http://127.0.0.1:9"\n'
        )
        jobs.append(load_job(tmp_path / f"{name}.toml"))
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    with held_run(jobs[0]) as first:
        first.begin(first.plan(lambda _: None))
        with held_run(jobs[1]) as second, pytest.raises(Busy, match="sends to this app"):
            second.begin(second.plan(lambda _: None))
    with held_run(jobs[1]) as second:
        second.begin(second.plan(lambda _: None))
