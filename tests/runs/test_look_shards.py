"""A run that is cut is looked at as one: its books, its targets, its shards."""

from __future__ import annotations

import os
import platform
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.ledger.history import snapshot
from bulkdel.ledger.lock import hold
from bulkdel.ledger.values import Counters
from bulkdel.plan.cut import Shard, shard_dir
from bulkdel.report.shards import ShardState
from bulkdel.report.status import State, at_rest, wrongs
from bulkdel.report.sums import one_lane
from bulkdel.runs import look_shards
from bulkdel.runs.live import Live, LiveLane
from bulkdel.runs.look_shards import Looks
from bulkdel.runs.status import look
from bulkdel.send.state import Doing, End, LaneState
from tests.support.cut_runs import cut_run, send

SENT = Counters(deleted=3, calls=3)


def say(
    job: Job, shard: Shard, *, host: str = "far", ago_s: float = 1, ended: bool = False
) -> None:
    """What the owner of a shard says: 3 of its 4 pairs are deleted, at 50 calls/s."""
    at_ms = time.time_ns() // 1_000_000 - round(ago_s * 1000)
    lane = LiveLane(
        target=shard.targets[0],
        pace=200.0,
        rate=50.0,
        in_flight=2,
        state=LaneState(doing=Doing.SENDING),
        pairs=4,
        counters=SENT,
    )
    live = Live(
        pid=os.getpid(),
        began_ms=at_ms - 5000,
        at_ms=at_ms,
        lanes=(lane,),
        host=host,
        hands=3,
        ended=ended,
    )
    (shard_dir(job, shard) / files.STATUS).write_bytes(orjson.dumps(live))


async def test_life(tmp_path: Path) -> None:
    """Planned, partly sent, finished: the books balance each time, slices are one target."""
    job, cut = cut_run(tmp_path, targets=3, slices={"app-3": 2})
    status = look(job)
    assert [one.targets[0] for one in status.shards] == ["app-1", "app-3", "app-3", "app-2"]
    assert status.state is State.PLANNED
    assert {one.state for one in status.shards} == {ShardState.WAITING}
    whole, one_slice, other_slice, last = (one.pairs for one in status.shards)
    assert (whole, one_slice + other_slice, last) == (4, 4, 4)
    assert 0 < one_slice < 4

    await send(job, cut.shards[0])
    await send(job, cut.shards[1])
    status = look(job)
    assert not wrongs(status)
    assert (status.state, status.reason) == (State.STOPPED, "work is left")
    assert [one.counters.settled for one in status.targets] == [4, 0, one_slice]
    assert [one.state.doing for one in status.targets] == [
        Doing.ENDED,
        Doing.PLANNED,
        Doing.PLANNED,
    ]
    settled, waiting = ShardState.SETTLED, ShardState.WAITING
    assert [one.state for one in status.shards] == [settled, settled, waiting, waiting]

    for shard in cut.shards:
        await send(job, shard)
    status = look(job)
    assert status.state is State.FINISHED
    assert [one.counters.deleted for one in status.targets] == [4, 4, 4]
    assert not wrongs(status)


async def test_end_with_work_left(tmp_path: Path) -> None:
    """A shard that came to an end by itself is not one that waits, and says why."""
    job, cut = cut_run(tmp_path, targets=2)
    await send(job, cut.shards[0], limit=1)
    first, second = look(job).shards
    assert (first.state, first.settled) == (ShardState.ENDED, 1)
    assert first.why == "stopped at --limit"
    assert second.state is ShardState.WAITING


def test_nothing_of_a_shard_that_was_never_begun(tmp_path: Path) -> None:
    """The cut alone says how much is in a shard that is not there yet."""
    job, _ = cut_run(tmp_path, targets=2, plans=False)
    status = look(job)
    assert [one.pairs for one in status.shards] == [4, 4]
    assert status.unsettled == 8
    assert not status.beside.unreadable


async def test_sent_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard of another machine is read from that one's word alone, as long as that is fresh."""
    job, cut = cut_run(tmp_path, targets=2)
    say(job, cut.shards[0])
    with monkeypatch.context() as patched:
        patched.setattr(look_shards, "snapshot", _refuse(cut.shards[0].name))
        status = look(job)
    shard = status.shards[0]
    assert shard.state is ShardState.SENDING
    assert shard.owner == f"process {os.getpid()} on far"
    assert (shard.changed_hands, shard.rate, shard.settled) == (2, 50.0, 3)
    assert status.targets[0].counters == SENT
    assert status.state is State.RUNNING
    assert status.reason == f"process {os.getpid()} on far works on it"

    olds: list[dict[str, Any]] = [{"ended": True}, {"ago_s": 60}, {"host": platform.node()}]
    for old in olds:
        say(job, cut.shards[0], **old)
        assert look(job).state is State.PLANNED, old


def _refuse(name: str) -> object:

    def refusing(run_dir: Path) -> object:
        assert run_dir.name != name, "the journal of a shard that is sent was opened"
        return snapshot(run_dir)

    return refusing


def test_sent_here(tmp_path: Path) -> None:
    """On this machine the lock says whether a shard is sent; one that says nothing is named."""
    job, cut = cut_run(tmp_path, targets=2)
    with hold(shard_dir(job, cut.shards[0])):
        assert look(job).targets[0].state.doing is Doing.OPENING
        say(job, cut.shards[0], host=platform.node())
        status = look(job)
        assert status.shards[0].owner == f"process {os.getpid()} on {platform.node()}"
        assert status.targets[0].state.doing is Doing.SENDING
        say(job, cut.shards[0], host=platform.node(), ago_s=60)
        assert look(job).targets[0].state.doing is Doing.UNKNOWN
    assert look(job).state is State.PLANNED


async def test_seen_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard at rest is read again where its files have changed, and else never."""
    job, cut = cut_run(tmp_path, targets=2)
    await send(job, cut.shards[0], limit=1)
    looks = Looks()
    look(job, looks=looks)
    with monkeypatch.context() as patched:
        patched.setattr(look_shards, "snapshot", _refuse(cut.shards[0].name))
        assert look(job, looks=looks).unsettled == 7
    await send(job, cut.shards[0])
    assert look(job, looks=looks).unsettled == 4


async def test_damage(tmp_path: Path) -> None:
    """A shard that cannot be read is named, and the others are shown."""
    job, cut = cut_run(tmp_path, targets=2)
    await send(job, cut.shards[0])
    await send(job, cut.shards[1])
    (shard_dir(job, cut.shards[1]) / files.JOURNAL).write_bytes(b"no database at all" * 400)
    for name in files.JOURNAL_FILES[1:3]:
        (shard_dir(job, cut.shards[1]) / name).unlink(missing_ok=True)
    status = look(job)
    (sentence,) = status.beside.unreadable
    assert sentence.startswith("shard 2 cannot be read, and is not in the figures: ")
    assert status.unsettled == 4
    assert status.state is not State.FINISHED


@pytest.mark.parametrize(
    ("ends", "first"),
    [
        ((End.STOPPED, None), Doing.SENDING),
        ((End.REFUSED, None), Doing.ENDED),
        ((None, None), Doing.SENDING),
    ],
)
def test_first_to_know(ends: tuple[End | None, ...], first: Doing) -> None:
    """Of slices, a person must know first who needs somebody, then what is sent."""
    lanes = [
        replace(
            at_rest("big", qps=10),
            pairs=5,
            state=LaneState(doing=Doing.ENDED if end else Doing.SENDING, end=end),
        )
        for end in ends
    ]
    whole = one_lane("big", lanes)
    assert whole.state.doing is first
    assert (whole.pairs, whole.qps) == (10, 20)


async def test_folders_that_are_gone(tmp_path: Path) -> None:
    """A shard whose results are gone is not taken for settled."""
    job, cut = cut_run(tmp_path, targets=2)
    for shard in cut.shards:
        await send(job, shard)
    shutil.rmtree(shard_dir(job, cut.shards[0]))
    assert look(job).unsettled == 4
