"""Workers that a Dask cluster starts: it says where they begin, and the store who sends what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster.scene import Scale, Scene, scene
from tests.support.postgres import a_postgres
from tests.support.process import KEY, Process, environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SMALL = Scale(apps=4, accounts=10, friends=2, qps=100, mixed=False, lease="5s")
LONG = replace(SMALL, accounts=60, qps=1000)
SLOWLY_S = (0.2, 0.3)
"""How long answers take where a run is to last some seconds, whatever the rate."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a store that all tests of this module share, where there is a cluster to try."""
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    try:
        with a_postgres(fsync=False) as server:
            yield server.database()
    except LookupError as error:
        pytest.skip(str(error))


def test_a_cluster_of_this_machine(tmp_path: Path, address: str) -> None:
    """Two workers do all of it, and the command ends as any run does."""
    with scene(tmp_path, SMALL, store=address) as one:
        done = one.ended(asked(one, "dask", "--workers", "2"))
        assert done.code == 0, done.out + done.err
        assert "Finished: all 20 pairs settled" in done.out
        one.settled()


def asked(one: Scene, where: str, *more: str) -> Process:
    """The command that has Dask start the workers, as a terminal starts it, from nothing."""
    words = ["run", "job.toml", "--yes", "--no-progress", "--on", where, *more]
    return one.start(*words, prefix=["setsid"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--on", "dask"), "share a store"),
        (("--on", "dask", "--limit", "1"), "--limit"),
        (("--on", "dask", "--processes", "2"), "--processes"),
        (("--workers", "2"), "only with --on"),
    ],
)
def test_what_does_not_go_with_it_is_refused(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    """Exit 2 in one sentence, before anything is planned; Dask is not needed for that."""
    with scene(tmp_path, SMALL) as one:
        done = one.place.run("run", "job.toml", "--yes", *words)
        assert done.code == 2
        assert why in done.complaint
        assert not one.run_dir.exists()
        assert one.judge.count(0) == 0


def test_told_to_stop_all_give_their_shards_back(tmp_path: Path, address: str) -> None:
    """Ctrl-C, which Dask's processes hear too, ends all with 75; the same command does the rest."""
    with scene(tmp_path, LONG, store=address, latency_s=SLOWLY_S) as one:
        command = asked(one, "dask", "--workers", "2")
        one.until_sent(8)
        os.killpg(command.pid, signal.SIGINT)
        done = one.ended(command)
        assert done.code == 75, done.out + done.err
        assert "SIGINT" in done.out
        calls = len(one.calls())
        assert calls < LONG.apps * LONG.accounts
        assert one.place.status()["state"] == "stopped"
        done = one.ended(asked(one, "dask", "--workers", "2"))
        assert done.code == 0, done.out + done.err
        one.settled()


def test_workers_need_neither_scheduler_nor_command(tmp_path: Path, address: str) -> None:
    """Both are killed, and the workers do the rest."""
    with scene(tmp_path, LONG, store=address, latency_s=SLOWLY_S) as one, cluster(one) as scheduler:
        where = "dask://" + scheduler_address(one).partition("://")[2]
        command = asked(one, where)
        one.until_sent(8)
        command.kill()
        scheduler.kill()
        assert one.judge.count(0) < LONG.apps * LONG.accounts, "there was nothing left to do"
        one.ended(command)
        one.until("all is settled", lambda: one.place.status()["state"] == "finished")
        one.settled()


def asked_of(one: Scene, module: str, *words: str) -> subprocess.Popen[bytes]:
    """A part of Dask, which has what the job's workers need in its environment."""
    return subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, "-m", f"distributed.cli.{module}", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=one.place.folder,
        env=environment(**{KEY: one.place.secret, **one.place.more}),
    )


def scheduler_address(one: Scene) -> str:
    """Where the scheduler listens."""
    note = one.place.folder / "scheduler.json"
    one.until("the scheduler listens", note.exists)
    return str(json.loads(note.read_text())["address"])


@contextmanager
def cluster(one: Scene) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler, which is given, and two Dask workers."""
    note = ("--scheduler-file", str(one.place.folder / "scheduler.json"))
    quiet = ("--no-dashboard", "--host", "127.0.0.1")
    scheduler = asked_of(one, "dask_scheduler", *note, *quiet, "--port", "0")
    parts = [scheduler]
    try:
        scheduler_address(one)
        worker = ("dask_worker", *note, *quiet, "--nthreads", "1")
        parts += [asked_of(one, *worker), asked_of(one, *worker)]
        yield scheduler
    finally:
        for part in parts:
            part.terminate()
            part.wait()
