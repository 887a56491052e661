"""The journal of a shard: fenced, held alone where machines share its folder, with its epoch."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkdel.errors import Busy, WrongInput
from bulkdel.ledger import reader, tables
from bulkdel.ledger.history import open_history, snapshot
from bulkdel.ledger.reader import connect_to_read
from bulkdel.ledger.values import Counters
from tests.support.ledger import IDENTITY, ZEGO, deleted, intent, lines, open_journal, tick
from tests.support.warm import ROOT, environment


class ShutError(BaseException):
    """What stands for the end of the process: nothing that handles errors handles it."""


class Gate:
    """A fence that a test shuts, at once or when it is asked for the n-th time from now."""

    def __init__(self) -> None:
        self.left: float = float("inf")

    def __call__(self) -> None:
        """Return, or end what asks."""
        self.left -= 1
        if self.left < 0:
            raise ShutError


def content(run_dir: Path) -> dict[str, bytes]:
    """All files but the one that SQLite shares between processes, which holds nothing of its own.

    To be asked only where no other process has the journal: it lets go of SQLite's locks.
    """
    return {
        one.name: one.read_bytes() for one in run_dir.iterdir() if not one.name.endswith("-shm")
    }


@pytest.mark.parametrize("alone", [False, True], ids=["shared", "alone"])
@pytest.mark.parametrize("step", ["commit", "publish", "note a death", "end", "close", "open"])
def test_nothing_is_written_behind_the_fence(tmp_path: Path, step: str, alone: bool) -> None:
    """Once the lease is over no byte of journal or ledger changes, whatever would come next."""
    gate = Gate()
    journal = open_journal(tmp_path, fence=gate, alone=alone)
    tick(journal, intent(1), intent(2))
    tick(journal, deleted(1))
    if step == "open":
        journal.close()
        with (tmp_path / "ledger.jsonl").open("ab") as torn:
            torn.write(b'{"target":"ten')
    elif step == "publish":
        journal.commit([deleted(2)])
    before = content(tmp_path)
    steps: dict[str, Callable[[], object]] = {
        "commit": lambda: journal.commit([deleted(2)]),
        "publish": journal.publish,
        "note a death": lambda: journal.end_dead(0, 0, "stopped", []),
        "end": lambda: journal.end_sitting(1, "stopped", []),
        "close": journal.close,
        "open": lambda: open_journal(tmp_path, fence=gate, alone=alone),
    }
    gate.left = 0
    with pytest.raises(ShutError):
        steps[step]()
    assert content(tmp_path) == before
    gate.left = float("inf")
    if step == "open":
        journal = open_journal(tmp_path, alone=alone)
    journal.close()


def test_a_commit_asks_before_its_end_too(tmp_path: Path) -> None:
    """A process that stood still in mid transaction commits nothing: each statement asks."""
    gate = Gate()
    with open_journal(tmp_path, fence=gate) as journal:
        asked = 0
        while True:
            before = content(tmp_path)
            gate.left = asked
            try:
                journal.commit([intent(1)])
            except ShutError:
                assert content(tmp_path) == before
                gate.left = float("inf")
                if journal._db.in_transaction:
                    journal._db.execute("ROLLBACK")
                journal._sound = True  # a test goes on where a process would be gone
                asked += 1
            else:
                break
        gate.left = float("inf")
    assert asked > 2, "BEGIN, COMMIT, and what is between them"


def test_who_has_it_alone_shares_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no -shm, and neither a second opener nor a reader gets in, and soon hears why."""
    monkeypatch.setattr(tables, "ALONE_S", 0.05)
    monkeypatch.setattr(reader, "ALONE_S", 0.05)
    with open_journal(tmp_path, alone=True) as journal:
        tick(journal, intent(1))
        assert not (tmp_path / "journal.db-shm").exists()
        with pytest.raises(Busy, match=r"journal\.db: is in use .*; wait for it or stop it"):
            open_journal(tmp_path, alone=True)
        with pytest.raises(Busy, match="is in use"):
            connect_to_read(tmp_path)
        seen = snapshot(tmp_path)  # its own process reads by the one connection
        assert seen is not None
        assert seen.counters["tencent"] == Counters(calls=1)
        tick(journal, deleted(1))
        assert not (tmp_path / "journal.db-shm").exists()
    assert not (tmp_path / "journal.db-wal").exists()
    seen = snapshot(tmp_path)
    assert seen is not None
    assert seen.counters["tencent"] == Counters(calls=1, deleted=2)


def test_alone_waits_for_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that somebody reads is not taken alone, and not damaged: it is said."""
    monkeypatch.setattr(tables, "ALONE_S", 0.05)
    with open_journal(tmp_path) as journal:
        tick(journal, intent(1), deleted(1))
    with open_history(tmp_path) as history:
        assert history is not None
        with pytest.raises(Busy, match="is in use"):
            open_journal(tmp_path, alone=True)
        assert history.begun()
    open_journal(tmp_path, alone=True).close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.support.ledger import deleted, intent, open_journal, tick

journal = open_journal(Path(sys.argv[1]), alone=sys.argv[2] == "alone", epoch=3)
tick(journal, intent(1), intent(2))
tick(journal, deleted(1))
journal.commit([deleted(2), intent(3)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("then", ["alone", "shared"])
@pytest.mark.parametrize("first", ["alone", "shared"])
def test_after_a_kill_the_next_one_has_it_all(tmp_path: Path, first: str, then: str) -> None:
    """What a killed owner committed is there for the next, whichever way each of them has it."""
    ended = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", _KILLED, str(tmp_path), first],
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "journal.db-wal").stat().st_size
    with open_journal(tmp_path, alone=then == "alone", epoch=4) as journal:
        assert journal.counters(0) == Counters(calls=3, deleted=5, lost_answers=1)
        assert len(lines(tmp_path)) == 5
        assert (tmp_path / "journal.db-shm").exists() is (then == "shared")
        tick(journal, intent(4))
    with open_journal(tmp_path, epoch=5) as journal:
        assert journal.counters(0).calls == 4


def test_reads_beside_commits_see_whole_ticks(tmp_path: Path) -> None:
    """Alone too, lanes read from threads of theirs: they find what is committed, and no half."""
    seen: list[int] = []
    over = threading.Event()
    with open_journal(tmp_path, alone=True) as journal:

        def read() -> None:
            while not over.is_set():
                with journal.history() as history:
                    seen.append(len(list(history.open_entries(0, 10_000))))

        thread = threading.Thread(target=read)
        thread.start()
        for first in range(0, 80, 2):
            tick(journal, intent(first), intent(first + 1))
            assert journal.open_entries(0, 100, 100) == [], "their calls are in flight"
        over.set()
        thread.join()
        with journal.history() as history:
            assert history.snapshot().counters["tencent"].calls == 80
    assert seen == sorted(seen)
    assert all(count % 2 == 0 for count in seen)


def test_only_a_higher_epoch_opens(tmp_path: Path) -> None:
    """A store that counts lower than the journal is another one, or lost: nothing goes on by it."""
    open_journal(tmp_path, epoch=2).close()
    with open_journal(tmp_path, epoch=3) as journal:
        tick(journal, intent(1))
    for epoch in (1, 2, 3):
        with pytest.raises(WrongInput, match=rf"given this shard out {epoch} times .* 3 times be"):
            open_journal(tmp_path, epoch=epoch)
    open_journal(tmp_path).close()  # nobody leases it: as ever
    with open_history(tmp_path) as history:
        assert history is not None
        assert history.epoch() == 3
    open_journal(tmp_path, epoch=4).close()


def test_an_epoch_outlives_a_plan_that_is_made_anew(tmp_path: Path) -> None:
    """Before the first call the journal is made anew for another plan; its epoch is the new one."""
    open_journal(tmp_path, epoch=7).close()
    changed = type(IDENTITY)(plan_digest="d2", targets=(ZEGO,))
    with pytest.raises(WrongInput, match="nothing was sent"):
        open_journal(tmp_path, changed, epoch=7)
    open_journal(tmp_path, changed, epoch=8).close()
    with open_history(tmp_path) as history:
        assert history is not None
        assert history.epoch() == 8


def test_an_unleased_journal_has_no_epoch(tmp_path: Path) -> None:
    """What no store gave is 0, and costs no row."""
    open_journal(tmp_path).close()
    with open_history(tmp_path) as history:
        assert history is not None
        assert history.epoch() == 0
