"""Workers over PostgreSQL; the long stories are in kills/."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.cluster.scene import Scale, is_alive, owners, scene, senders, signal_all
from tests.support.postgres import Server

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


def test_a_killed_sender_an_absent_store_and_a_stopped_worker(
    tmp_path: Path, store: str, postgres: Server
) -> None:
    """A worker joins one that sends, and gets shards of it; a short absence is not noticed.

    Who is stopped is dead when its lease ends: its shards go on elsewhere, it sends nothing more,
    and its supervisor begins another sender.
    """
    with scene(tmp_path, Scale(apps=5, accounts=100), store=store, owners=True) as one:
        first = one.worker()
        one.until_sent(20)
        second = one.worker()
        one.until("both send", lambda: len(owners(one.calls())) == 2)
        signal_all(signal.SIGKILL, *senders(first.pid))
        one.until_sent(60)
        one.until("another is there", lambda: len(senders(first.pid)) == 1)
        before = senders(first.pid, second.pid)
        postgres.pause()
        time.sleep(1)
        postgres.go_on()
        back_at = time.time()
        one.until_sent(20, after=back_at)
        assert senders(first.pid, second.pid) == before
        [stopped] = senders(second.pid)
        its = owners(one.calls())[stopped]
        signal_all(signal.SIGSTOP, second.pid, stopped)
        stopped_at = time.time()
        one.until("its shards go on", lambda: its <= {c.app for c in one.calls(stopped_at + 0.05)})
        assert not is_alive(stopped)
        signal_all(signal.SIGCONT, second.pid)
        assert [one.ended(worker).code for worker in (first, second)] == [0, 0]
        assert stopped not in owners(one.calls(stopped_at + 0.05))
        one.settled()
