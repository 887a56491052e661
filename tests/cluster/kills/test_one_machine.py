"""The processes of one machine, killed and stopped at many moments: all promises hold."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.cluster.scene import FIRST_APP, Scale, owners, scene, senders, signal_all

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

FEW_APPS = Scale(apps=6, accounts=50)
"""Some five seconds of calls."""


def test_a_killed_sender_is_followed_by_another(tmp_path: Path) -> None:
    """The shards that it sent go on; no call of it, nothing twice, nothing lost, exit code 0."""
    with scene(tmp_path, FEW_APPS, owners=True) as one:
        run = one.run(2)
        one.until_sent(60)
        victim = max(owners(one.calls()).items(), key=lambda item: len(item[1]))[0]
        assert victim in senders(run.pid)
        signal_all(signal.SIGKILL, victim)
        killed_at = time.time()
        its = owners(one.calls())[victim]
        one.until("its shards go on", lambda: its <= {call.app for call in one.calls(killed_at)})
        assert one.ended(run).code == 0
        assert victim not in owners(one.calls(killed_at))
        one.settled()


def test_when_the_supervisor_is_killed_its_senders_leave_by_themselves(tmp_path: Path) -> None:
    """They finish their calls in flight and end; the same command again goes on."""
    with scene(tmp_path, FEW_APPS) as one:
        run = one.run(2)
        one.until_sent(60)
        children = senders(run.pid)
        assert len(children) == 2
        signal_all(signal.SIGKILL, run.pid)
        one.until_over(children)
        assert one.ended(run).code == -signal.SIGKILL
        assert one.ended(one.run(2)).code == 0
        one.settled()


def test_all_of_them_are_killed_at_once(tmp_path: Path) -> None:
    """As when the power fails; three times, and then the same command ends it."""
    with scene(tmp_path, FEW_APPS) as one:
        for calls in (20, 60, 120):
            run = one.run(2)
            one.until_sent(calls)
            signal_all(signal.SIGKILL, run.pid, *senders(run.pid))
            one.ended(run)
        assert one.ended(one.run(3)).code == 0
        one.settled()


def test_a_stopped_sender_is_ended_or_goes_on(tmp_path: Path) -> None:
    """Whoever is stopped for long is ended, and others send what it had; nobody does before."""
    with scene(tmp_path, FEW_APPS, owners=True) as one:
        run = one.run(2)
        one.until_sent(40)
        victim = senders(run.pid)[0]
        signal_all(signal.SIGSTOP, victim)
        stopped_at = time.time()
        one.until_over([victim])
        signal_all(signal.SIGCONT, victim)
        assert one.ended(run).code == 0
        assert victim not in owners(one.calls(stopped_at + 0.05))
        one.settled()


def test_a_stopped_supervisor_changes_nothing(tmp_path: Path) -> None:
    """Its senders keep what they have; once it is continued it hears what they said."""
    with scene(tmp_path, FEW_APPS, owners=True) as one:
        run = one.run(2)
        one.until_sent(40)
        before = senders(run.pid)
        signal_all(signal.SIGSTOP, run.pid)
        time.sleep(30)
        signal_all(signal.SIGCONT, run.pid)
        assert one.ended(run).code == 0
        assert set(owners(one.calls())) == set(before)
        one.settled()


def test_who_is_told_to_leave_waits_for_hanging_calls_and_no_longer(tmp_path: Path) -> None:
    """SIGTERM while a provider hangs: exit 75, what hung is a lost answer, and it goes on later."""
    with scene(tmp_path, FEW_APPS) as one:
        run = one.run(2)
        one.until_sent(40)
        apps = [FIRST_APP, FIRST_APP + 1, FIRST_APP + 4]
        one.judge.break_with({"kind": "lose", "apps": apps})
        hung_at = time.time()
        one.until("calls hang", lambda: any(c.app in apps for c in one.calls(hung_at)))
        time.sleep(0.5)
        signal_all(signal.SIGTERM, run.pid)
        assert one.ended(run).code == 75
        assert all(seen.open == 0 for seen in one.judge.seen().values())
        one.judge.break_with()
        assert one.ended(one.run(2)).code == 0
        one.settled()


def test_a_slice_is_killed_and_the_rate_stays(tmp_path: Path) -> None:
    """One app over four shards and two processes: never a second over its rate, no pair twice."""
    scale = Scale(apps=2, accounts=160, qps=60, slices=4, mixed=False)
    with scene(tmp_path, scale, owners=True) as one:
        run = one.run(2)
        one.until_sent(100)
        signal_all(signal.SIGKILL, senders(run.pid)[0])
        assert one.ended(run).code == 0
        one.settled()


def test_random_kills(tmp_path: Path, kills_seed: int) -> None:
    """Signals to whom chance names, when it names them; then the same command ends the run."""
    rng = random.Random(kills_seed)
    scale = Scale(apps=10, accounts=80, slices=rng.choice((0, 3)))
    with scene(tmp_path, scale, owners=True) as one:
        for _ in range(rng.randint(1, 4)):
            run = one.run(rng.choice((1, 2, 3)))
            for _ in range(rng.randint(1, 5)):
                time.sleep(rng.choice((0.05, 0.3, 1, 2)) * rng.random())
                victims = rng.sample([run.pid, *senders(run.pid)], 1)
                if rng.random() < 0.4:
                    signal_all(signal.SIGSTOP, *victims)
                    time.sleep(rng.choice((0.1, 3, 9)))
                    signal_all(signal.SIGCONT, *victims)
                else:
                    signal_all(signal.SIGKILL, *victims)
            one.kept()
            children = senders(run.pid)
            signal_all(signal.SIGKILL, run.pid)
            if rng.random() < 0.5:
                signal_all(signal.SIGKILL, *children)
            one.ended(run)
            one.until_over(children)
        assert one.ended(one.run(2)).code == 0
        one.settled()
