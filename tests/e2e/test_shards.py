"""Runs that are cut into shards, by several processes of one machine, as a user sees them."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster.scene import Scale, Scene, scene, senders
from tests.support.process import KEY, Place

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SMALL = Scale(apps=4, accounts=10, friends=2, qps=100, mixed=False, lease="5s")
LONG = replace(SMALL, accounts=60, qps=1000, shard_qps=500)
SLOWLY_S = (0.2, 0.3)
"""How long answers take where a run is to last some seconds, whatever the rate."""


def settled_of(one: Scene) -> Counter[str]:
    """Lines in the ledgers, by target."""
    return Counter(line["target"] for line in one.lines())


def test_a_run_by_two_processes_ends_as_any_run_does(tmp_path: Path) -> None:
    """Exit 0, every promise kept; the same command again has nothing to do and says so."""
    with scene(tmp_path, SMALL) as one:
        done = one.ended(one.run(2))
        assert done.code == 0, done.err
        assert "Finished: all 20 pairs settled" in done.out
        one.settled()
        calls = len(one.calls())
        again = one.ended(one.run(2))
        assert again.code == 0, again.err
        assert len(one.calls()) == calls


def test_limit_is_shared_by_the_shards(tmp_path: Path) -> None:
    """Exactly N pairs over all shards, each its part, exit 75; without it the rest follows."""
    with scene(tmp_path, replace(SMALL, batch_size=1)) as one:
        done = one.ended(one.run(2, "--limit", "10"))
        assert done.code == 75, done.out + done.err
        assert "Stopped at --limit" in done.out
        assert sorted(settled_of(one).values()) == [2, 2, 3, 3]
        done = one.ended(one.run(2))
        assert done.code == 0, done.err
        one.settled()


def test_a_shard_that_is_refused_ends_and_the_others_finish(tmp_path: Path) -> None:
    """Exit 77, naming the target; when the key is put right, the same command does the rest."""
    with scene(tmp_path, SMALL) as one:
        job = one.place.folder / "job.toml"
        right = job.read_text()
        head, app, tail = right.partition("[targets.app002]")
        job.write_text(head + app + tail.replace(KEY, "WRONG_KEY", 1))
        wrong = {**one.place.more, "WRONG_KEY": "f" * 32}
        one.place = replace(one.place, more=wrong)
        done = one.ended(one.run(2))
        assert done.code == 77, done.out + done.err
        assert "app002" in done.out
        assert settled_of(one) == {"app000": 20, "app001": 20, "app003": 20}
        job.write_text(right)
        done = one.ended(one.run(2))
        assert done.code == 0, done.out + done.err
        assert sorted(settled_of(one).values()) == [20] * 4


def test_what_is_wrong_before_anything_is_sent(tmp_path: Path) -> None:
    """Exit 2, one sentence, and no call: a key or a store that is missing, options out of place."""
    with scene(tmp_path, SMALL) as one:
        job = one.place.folder / "job.toml"
        text = job.read_text()

        def complaint(*command: str, **more: str) -> str:
            place = replace(one.place, more=more)
            done = place.run(*command, "--yes")
            assert done.code == 2, done.out + done.err
            return done.complaint

        assert "no store" not in complaint("worker", "job.toml")
        assert "names none" in complaint("worker", "job.toml")
        job.write_text(text.replace("[cluster]", '[cluster]\nstore_env = "TRIAL_STORE"'))
        assert "TRIAL_STORE is not set" in complaint("worker", "job.toml")
        assert "TRIAL_STORE is not set" in complaint("run", "job.toml")
        said = complaint("worker", "job.toml", TRIAL_STORE="mysql://me:hidden@there/x")
        assert "postgresql://" in said
        assert "hidden" not in said
        said = complaint("worker", "job.toml", TRIAL_STORE="postgresql://me:hidden@127.0.0.1:9/x")
        assert "hidden" not in said
        job.write_text(text.replace(KEY, "MISSING_KEY", 1))
        assert "MISSING_KEY is not set" in complaint("run", "job.toml")
        head, _, tail = text.partition("[cluster]")
        job.write_text(head + "[retry]" + tail.partition("[retry]")[2])
        assert "--processes" in complaint("run", "job.toml", "--processes", "2", "--run-dir", "x")
        assert one.calls() == []


def test_a_process_that_does_not_answer_is_replaced(tmp_path: Path) -> None:
    """Stopped for longer than the lease it is ended, and its shards are sent by others."""
    with scene(tmp_path, LONG, latency_s=SLOWLY_S) as one:
        command = one.run(2)
        one.until_sent(20)
        stopped = senders(command.pid)[0]
        os.kill(stopped, signal.SIGSTOP)
        one.until_over([stopped])
        done = one.ended(command)
        assert done.code == 0, done.err
        one.settled()


def test_the_second_signal_leaves_at_once(tmp_path: Path) -> None:
    """Exit 75 with calls that hang in flight, and no process is left behind."""
    with scene(tmp_path, replace(SMALL, timeout_s=60)) as one:
        one.judge.break_with({"kind": "hang"})
        command = one.run(2)
        one.until_sent(4)
        children = senders(command.pid)
        assert len(children) == 2
        os.kill(command.pid, signal.SIGTERM)
        one.until("it is stopping", lambda: is_stopping(one))
        os.kill(command.pid, signal.SIGTERM)
        done = one.ended(command)
        assert done.code == 75, done.err
        assert "left at once" in done.err
        one.until_over(children)
        one.judge.break_with()


def is_stopping(one: Scene) -> bool:
    """Whether some shard says that it stops."""
    live = [json.loads(path.read_bytes()) for path in one.run_dir.glob("shards/*/status.json")]
    return any(lane["state"]["doing"] == "stopping" for said in live for lane in said["lanes"])


def test_a_shard_that_cannot_be_read_ends_alone(tmp_path: Path) -> None:
    """Its plan is damaged: exit 75, said by name; the others are settled, and it is later."""
    with scene(tmp_path, SMALL) as one:
        place: Place = one.place
        assert place.run("plan", "job.toml").code == 0
        plan = one.run_dir / "shards/2/plan.parquet"
        whole = plan.read_bytes()
        plan.write_bytes(whole[:-1000])
        done = one.ended(one.run(2))
        assert done.code == 75, done.out + done.err
        assert "Shard 2 ends with work left" in done.err
        assert settled_of(one) == {"app000": 20, "app002": 20, "app003": 20}
        plan.write_bytes(whole)
        done = one.ended(one.run(2))
        assert done.code == 0, done.out + done.err
        one.settled()


def test_more_shards_than_a_process_takes_at_once(tmp_path: Path) -> None:
    """Each is settled once, by one process after the other shards it had."""
    many = Scale(apps=24, accounts=2, friends=2, qps=200, mixed=False)
    with scene(tmp_path, many) as one:
        done = one.ended(one.run(1))
        assert done.code == 0, done.err
        one.settled()
