"""Workers over PostgreSQL, killed, stopped, cut off and told to leave, with a store that dies."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.cluster.forwarder import Forwarder, through
from tests.cluster.scene import (
    FIRST_APP,
    Scale,
    Scene,
    everything,
    owners,
    scene,
    senders,
    signal_all,
)
from tests.support.postgres import Server
from tests.support.process import Process

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

APPS = Scale(apps=8, accounts=60)
"""Some eight seconds of calls by two workers."""
LEASE_S = 5.0
GRACE_S = 5.0
ANOTHER_VERSION = """
import bulkdel.runs.leases
from bulkdel.__main__ import main
bulkdel.runs.leases.version = lambda: "9.9"
main()
"""


def test_workers_share_the_shards_and_each_says_how_it_ended(tmp_path: Path, store: str) -> None:
    """Two that begin at once plan once, send each shard once, and both end with 0."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        workers = [one.worker(), one.worker()]
        assert [one.ended(worker).code for worker in workers] == [0, 0]
        by_app: dict[int, set[int]] = {}
        for call in one.calls():
            by_app.setdefault(call.app, set()).add(call.pid)
        assert len(set().union(*by_app.values())) == 2
        one.settled()


def test_a_killed_sender_a_killed_worker_and_both(tmp_path: Path, store: str) -> None:
    """Each time the shards go on elsewhere, or here again; nothing twice, nothing lost."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        first, second = one.worker(), one.worker()
        one.until_sent(60)
        signal_all(signal.SIGKILL, *senders(first.pid))
        one.until_sent(160)
        orphans = senders(second.pid)
        signal_all(signal.SIGKILL, second.pid)
        one.until_over(orphans)
        one.ended(second)
        one.until_sent(240)
        third = one.worker()
        signal_all(signal.SIGKILL, *everything(first))
        one.ended(first)
        assert one.ended(third).code == 0
        one.settled()


def test_nothing_is_sent_by_who_was_stopped(tmp_path: Path, store: str) -> None:
    """A worker and its sender, stopped for longer than the lease: its shards go on elsewhere."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        first, second = one.worker(), one.worker()
        one.until_sent(60)
        stopped = senders(first.pid)
        signal_all(signal.SIGSTOP, first.pid, *stopped)
        stopped_at = time.time()
        its = {call.app for call in one.calls() if call.pid in stopped}
        one.until("its shards go on", lambda: its <= {c.app for c in one.calls(stopped_at)})
        signal_all(signal.SIGCONT, first.pid, *stopped)
        assert [one.ended(worker).code for worker in (first, second)] == [0, 0]
        assert [call for call in one.calls(stopped_at) if call.pid in stopped] == []
        one.settled()


def test_a_store_that_dies_is_not_noticed_for_a_while(
    tmp_path: Path, store: str, postgres: Server
) -> None:
    """Killed and back soon: nobody stops; away for longer: all stop, and go on by themselves."""
    scale = replace(APPS, accounts=300, lease="15s")
    with scene(tmp_path, scale, store=store, owners=True) as one:
        workers = [one.worker(), one.worker()]
        one.until_sent(40)
        before = everything(*workers)
        postgres.kill()
        postgres.start()
        one.until_sent(40, after=time.time() + 3)
        assert everything(*workers) == before
        postgres.kill()
        away_at = time.time()
        one.until_over(before[2:])
        assert one.calls(away_at + 15) == []
        postgres.start()
        assert [one.ended(worker).code for worker in workers] == [0, 0]
        one.settled()


def test_who_is_cut_off_from_the_store_stops_before_another_begins(
    tmp_path: Path, store: str
) -> None:
    """Its calls end within the lease, its shards go on elsewhere; healed, it works again."""
    with (
        through(store) as (cable, by_cable),
        scene(tmp_path, APPS, store=store, owners=True) as one,
    ):
        first, second = one.worker(store=by_cable), one.worker()
        one.until("both send", lambda: len(owners(one.calls())) == 2)
        cut_off = senders(first.pid)
        cable.swallow()
        cut_at = time.time()
        its = {call.app for call in one.calls() if call.pid in cut_off}
        one.until_over(cut_off)
        last = max(call.arrived for call in one.calls() if call.pid in cut_off)
        assert last < cut_at + LEASE_S
        one.until("its shards go on", lambda: its <= {c.app for c in one.calls(last)})
        cable.let_through()
        assert [one.ended(worker).code for worker in (first, second)] == [0, 0]
        one.settled()


def test_who_is_told_to_leave_gives_its_shards_back(tmp_path: Path, store: str) -> None:
    """SIGTERM while a provider hangs: 75, and the others go on at once with what it had."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        first, second = one.worker(), one.worker()
        one.until_sent(60)
        one.judge.break_with({"kind": "lose", "apps": [FIRST_APP, FIRST_APP + 4]})
        time.sleep(0.5)
        signal_all(signal.SIGTERM, first.pid)
        assert one.ended(first).code == 75
        one.judge.break_with()
        assert one.ended(second).code == 0
        one.settled()


def test_two_jobs_on_one_app_never_send_to_it_together(tmp_path: Path, store: str) -> None:
    """The second waits until the first has let the app go."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        first = one.worker()
        one.until_sent(40)
        text = (tmp_path / "job.toml").read_text()
        one.place.write("other.toml", text.replace("runs/job", "runs/other"))
        other = one.start("worker", "other.toml", "--yes")
        assert one.ended(first).code == 0
        one.settled()
        assert one.ended(other).code == 0
        one.kept()


def test_a_target_in_slices_while_workers_come_and_go(tmp_path: Path, store: str) -> None:
    """Never a second over its rate, whoever holds how much of it; no account twice at once."""
    scale = Scale(apps=2, accounts=400, qps=60, slices=4, mixed=False)
    with scene(tmp_path, scale, store=store, owners=True) as one:
        first = one.worker()
        one.until_sent(60)
        second = one.worker()
        one.until_sent(240)
        signal_all(signal.SIGTERM, first.pid)
        assert one.ended(first).code == 75
        third = one.worker()
        one.until_sent(400)
        signal_all(signal.SIGKILL, *everything(second))
        one.ended(second)
        assert one.ended(third).code == 0
        one.settled()


def test_lost_tables_are_noticed(tmp_path: Path, store: str) -> None:
    """Dropped in the middle: everybody stops, nobody begins anew with what others may be at."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        worker = one.worker()
        one.until_sent(60)
        before = senders(worker.pid)
        with psycopg.connect(store, autocommit=True) as connection:
            connection.execute("DROP SCHEMA bulkdel CASCADE")
        one.until_over(before)
        lost_at = time.time()
        assert one.ended(worker).code == 75
        for _ in range(3):  # as often as somebody tries
            assert "--new-store" in one.ended(one.worker()).err
        assert one.calls(lost_at) == []
        time.sleep(LEASE_S + GRACE_S)
        assert one.ended(one.worker("--new-store")).code == 0
        one.settled()


def test_two_hundred_shards_over_workers_that_die(tmp_path: Path, store: str) -> None:
    """Four workers, one of whom is killed with its sender every few seconds and begun again."""
    rng = random.Random(1)
    scale = Scale(apps=200, accounts=40, qps=5, in_flight=4)
    with scene(tmp_path, scale, store=store) as one:
        workers = [one.worker() for _ in range(4)]
        one.until("half is sent", lambda: kill_one(rng, one, workers), 240)
        codes = [one.ended(worker).code for worker in workers]
        assert codes == [0, 0, 0, 0]
        one.settled()


def kill_one(rng: random.Random, one: Scene, workers: list[Process]) -> bool:
    """Kill a worker and begin another; whether half of all calls were sent."""
    time.sleep(10)
    victim = workers.pop(rng.randrange(4))
    signal_all(signal.SIGKILL, *everything(victim))
    one.ended(victim)
    workers.append(one.worker())
    return one.judge.count() > one.scale.apps * len(one.pairs) / 2


def test_another_version_beside_is_refused(tmp_path: Path, store: str) -> None:
    """Exit 2, both versions named, nothing sent."""
    with scene(tmp_path, APPS, store=store, owners=True) as one:
        worker = one.worker()
        one.until_sent(20)
        done = one.place.run("worker", "job.toml", "--yes", program=("-c", ANOTHER_VERSION))
        assert done.code == 2
        assert "9.9" in done.complaint
        assert one.ended(worker).code == 0
        assert len(owners(one.calls())) == 1
        one.settled()


def test_random_kills(tmp_path: Path, store: str, postgres: Server, kills_seed: int) -> None:
    """Workers, senders and the store, killed and stopped as chance has it."""
    rng = random.Random(kills_seed)
    with (
        through(store) as (cable, by_cable),
        scene(tmp_path, Scale(apps=10, accounts=100), store=store, owners=True) as one,
    ):
        workers = [one.worker(), one.worker(store=by_cable)]
        for _ in range(rng.randint(6, 12)):
            time.sleep(rng.random() * 2)
            act(rng, workers, cable, postgres)
            one.kept()
            for worker in [worker for worker in workers if worker.poll() is not None]:
                workers.remove(worker)
                one.ended(worker)
            while len(workers) < 2:
                workers.append(one.worker(store=rng.choice((store, by_cable))))
        codes = [one.ended(worker).code for worker in workers]
        assert 0 in codes
        one.settled()


def act(rng: random.Random, workers: list[Process], cable: Forwarder, postgres: Server) -> None:
    """One thing that goes wrong."""
    worker = rng.choice(workers)
    pids = everything(worker)
    victims = rng.choice((pids, pids[:1], pids[1:]))
    match rng.choice(("kill", "kill", "stop", "store", "cable", "leave")):
        case "kill":
            signal_all(signal.SIGKILL, *victims)
        case "stop":
            signal_all(signal.SIGSTOP, *victims)
            time.sleep(rng.choice((0.5, 4, 12)))
            signal_all(signal.SIGCONT, *victims)
        case "store":
            postgres.kill()
            time.sleep(rng.choice((0.5, 2, 8)))
            postgres.start()
        case "cable":
            cable.swallow()
            time.sleep(rng.choice((1, 4, 12)))
            cable.let_through()
        case _:
            signal_all(signal.SIGTERM, worker.pid)
