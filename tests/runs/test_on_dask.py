"""Which of a cluster's machines get a worker, and what is known of how it ended.

With a real cluster: tests/e2e/test_on_dask.py, where Dask is installed.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from bulkdel.errors import StoreAway, WrongInput
from bulkdel.runs import on_dask
from bulkdel.runs.on_dask import Came, Workers, end, work, workers_on

WORDS = ("worker", "job.toml")


@dataclass
class Task:
    """What Dask says of a task."""

    at: str
    status: str = "pending"
    came: tuple[int, str] = (0, "")

    def done(self) -> bool:
        """Whether it has ended."""
        return self.status != "pending"

    def result(self) -> tuple[int, str]:
        """What it returned."""
        return self.came

    def exception(self) -> Exception:
        """What it raised."""
        return ModuleNotFoundError("bulkdel")

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self.status = "cancelled"


@dataclass
class Dask:
    """A cluster's client, as far as it is used."""

    there: list[str]
    tasks: list[Task] = field(default_factory=list)
    away: bool = False

    def nthreads(self) -> dict[str, int]:
        """The Dask workers that the scheduler knows."""
        if self.away:
            raise OSError("no scheduler")
        return dict.fromkeys(self.there, 1)

    def run(self, task: object, words: tuple[str, ...], **how: Any) -> None:
        """Carry something out in each of them."""
        assert (task, words, how) == (end, WORDS, {"on_error": "ignore"})

    def submit(self, task: object, words: tuple[str, ...], **how: Any) -> Task:
        """Begin a task."""
        assert (task, words) == (work, WORDS)
        assert how["retries"] == 0
        (at,) = how["workers"]
        self.tasks.append(Task(at))
        return self.tasks[-1]


def test_each_has_one_and_no_more_than_wanted() -> None:
    """A worker in each of the cluster's, once; a bound bounds them; who joins gets one."""
    dask = Dask(["a", "b"])
    workers = Workers(dask, WORDS, 3)
    assert workers.at_work() == 2
    dask.there += ["c", "d"]
    assert workers.at_work() == 3
    assert workers.at_work() == 3
    assert [task.at for task in dask.tasks] == ["a", "b", "c"]


def test_where_one_is_gone_another_takes_its_place() -> None:
    """Its task, which Dask would begin again elsewhere, is cancelled."""
    dask = Dask(["a", "b"])
    workers = Workers(dask, WORDS, 1)
    assert workers.at_work() == 1
    dask.there.remove("a")
    assert workers.at_work() == 1
    assert [(task.at, task.status) for task in dask.tasks] == [("a", "cancelled"), ("b", "pending")]


def test_how_they_ended_is_known_and_none_is_begun_again() -> None:
    """A worker ends when nothing is left to take: then nobody needs another."""
    dask = Dask(["a", "b"])
    workers = Workers(dask, WORDS, None)
    workers.at_work()
    dask.tasks[0].status, dask.tasks[0].came = "finished", (75, "said")
    dask.there.append("c")
    assert workers.at_work() == 1
    dask.tasks[1].status = "error"
    assert workers.at_work() == 0
    assert len(dask.tasks) == 2
    assert workers.came == [
        Came(at="a", code=75, said="said"),
        Came(at="b", code=2, said="ModuleNotFoundError('bulkdel')"),
    ]


def test_none_is_begun_when_all_are_told_to_stop() -> None:
    """Dask begins its own workers anew where they end: those get none, and nobody waits."""
    dask = Dask(["a"])
    workers = Workers(dask, WORDS, None)
    workers.at_work()
    workers.stop()
    dask.there = ["b"]
    assert workers.at_work() == 0
    assert len(dask.tasks) == 1


def test_a_scheduler_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one without Dask workers, after a while."""
    dask = Dask(["a"])
    workers = Workers(dask, WORDS, None)
    workers.at_work()
    dask.away = True
    with pytest.raises(StoreAway, match="the Dask scheduler is gone"):
        workers.at_work()
    empty = Workers(Dask([]), WORDS, None)
    assert empty.at_work() == 1, "one may come yet"
    monkeypatch.setattr(on_dask, "_WAIT_S", 0.0)
    with pytest.raises(StoreAway, match="no Dask worker"):
        empty.at_work()


def test_a_task_is_a_process_that_can_be_ended() -> None:
    """It returns the exit code and the last words; `end` ends the one with these words alone."""
    assert work(("status", "no-such-job.toml"))[0] == 2
    words = ("emulator", "--port", "0")  # for ever
    thread = threading.Thread(target=work, args=(words,), daemon=True)
    thread.start()
    end(("emulator",))
    patience_ends_s = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < patience_ends_s:
        end(words)
        thread.join(0.05)
    assert not thread.is_alive()


@pytest.mark.parametrize("where", ["", "dask://", "dask:x", "ray", "ray://host:1"])
def test_what_is_no_cluster_is_refused(where: str) -> None:
    """The two forms are told."""
    with pytest.raises(WrongInput, match="dask://HOST:PORT"), workers_on(where, WORDS, None):
        pass


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is missing."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WrongInput, match=r"bulkdel\[dask\]"), workers_on("dask", WORDS, None):
        pass
