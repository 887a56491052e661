"""The processes of one machine, killed, stopped and told to leave; the long stories are in kills/.

Every promise is asked for over all shards: by the judge's graph, rates and overlaps, by the ledgers
and by `verify`.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.cluster.scene import FIRST_APP, Scale, is_alive, owners, scene, senders, signal_all

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

SMALL = Scale(apps=5, accounts=40, qps=30, slices=2)


def test_whoever_is_killed_or_stopped(tmp_path: Path) -> None:
    """A sender killed, one stopped for a while, the supervisor killed, and at last all at once.

    The shards of a killed sender go on while others send; the senders of a killed supervisor leave
    by themselves; and the same command ends what any of it left.
    """
    with scene(tmp_path, SMALL, owners=True) as one:
        run = one.run(2)
        one.until("both send", lambda: len(owners(one.calls())) == 2)
        killed, stopped = senders(run.pid)
        its = owners(one.calls())[killed]
        signal_all(signal.SIGKILL, killed)
        killed_at = time.time()
        signal_all(signal.SIGSTOP, stopped)
        one.until("its shards go on", lambda: its <= {call.app for call in one.calls(killed_at)})
        signal_all(signal.SIGCONT, stopped)
        left = senders(run.pid)
        signal_all(signal.SIGKILL, run.pid)
        one.until_over(left)
        one.ended(run)
        assert killed not in owners(one.calls(killed_at))
        run = one.run(2)
        one.until_sent(20, after=time.time())
        signal_all(signal.SIGKILL, run.pid, *senders(run.pid))
        one.ended(run)
        assert one.ended(one.run(2)).code == 0
        one.settled()


def test_who_is_told_to_leave_while_a_provider_hangs(tmp_path: Path) -> None:
    """Exit 75 once what hung is a lost answer; nobody else sends to these apps meanwhile."""
    with scene(tmp_path, SMALL, owners=True) as one:
        run = one.run(2)
        one.until("both send", lambda: len(owners(one.calls())) == 2)
        apps = [FIRST_APP, FIRST_APP + 1, FIRST_APP + 4]
        one.judge.break_with({"kind": "lose", "apps": apps})
        hung_at = time.time()
        one.until("calls hang", lambda: any(call.app in apps for call in one.calls(hung_at)))
        assert one.place.run("run", "job.toml", "--yes", "--processes", "2").code == 2
        text = (tmp_path / "job.toml").read_text()
        one.place.write("other.toml", text.replace("runs/job", "runs/other"))
        other = one.start("run", "other.toml", "--yes", "--processes", "1")
        shards = tmp_path / "runs/other/shards"
        one.until("it has tried", lambda: len(list(shards.glob("*/run.log"))) > 1)
        signal_all(signal.SIGTERM, other.pid)
        waited = one.ended(other)
        assert waited.code == 75
        assert "one sender" in waited.err
        assert len(owners(one.calls())) == 2
        children = senders(run.pid)
        signal_all(signal.SIGTERM, run.pid)
        assert one.ended(run).code == 75
        assert not any(map(is_alive, children))
        assert all(seen.open == 0 for seen in one.judge.seen().values())
        one.judge.break_with()
        assert one.ended(one.run(2)).code == 0
        one.settled()
