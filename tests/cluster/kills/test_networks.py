"""Workers in networks of their own: what a network swallowed never comes late."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.cluster.cables import PROVIDER, machines
from tests.cluster.forwarder import through
from tests.cluster.scene import Scale, scene, senders, signal_all

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def test_calls_of_a_dead_worker_do_not_come_out_of_its_network(tmp_path: Path, store: str) -> None:
    """Cut off from the provider, then killed; healed when others send its shards."""
    scale = Scale(apps=6, accounts=200, qps=20)
    with (
        machines(2) as (there, elsewhere),
        through(store) as (_, near),  # the server takes clients of this machine alone
        scene(tmp_path, scale, store=near, listens=(PROVIDER, 0)) as one,
    ):
        first, second = one.worker(prefix=there.prefix), one.worker(prefix=elsewhere.prefix)
        one.until("both send", lambda: len({call.host for call in one.calls()}) == 2)
        its = {call.app for call in one.calls() if call.host == there.address}
        there.provider.swallow()
        cut_at = time.time()
        time.sleep(1)
        signal_all(signal.SIGKILL, first.pid, *senders(first.pid))
        one.ended(first)
        one.until("its shards go on", lambda: its <= {call.app for call in one.calls(cut_at)})
        there.provider.let_through()
        assert one.ended(second).code == 0
        late = [call for call in one.calls(cut_at + 0.1) if call.host == there.address]
        assert late == []
        one.settled()
