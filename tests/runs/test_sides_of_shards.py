"""What is beside shards is told as if it were beside the run."""

from __future__ import annotations

from pathlib import Path

from bulkdel.job.job import Job
from bulkdel.ledger.lock import hold
from bulkdel.plan.cut import Shard, shard_dir
from bulkdel.plan.values import Origin
from bulkdel.report.backup import BackupNote, write_note
from bulkdel.report.beside import SideStatus
from bulkdel.runs.look_shards import Looks
from bulkdel.runs.status import look
from bulkdel.words import Errand
from tests.support.beside import gone, planned, pulled, settled
from tests.support.cut_runs import cut_run, send


def beside(job: Job, shard: Shard, folder: str, errand: Errand, *, most: int = 9) -> None:
    """A run beside a shard, of three pairs of each of its targets; `most` entries are settled."""
    origin = Origin(plan_digest="d", whole_lists=False, population=(3,) * len(shard.targets))
    shares = {name: [("a", ["b", "c", "d"])] for name in shard.targets}
    meta = planned(shard_dir(job, shard) / folder, errand, shares, origin=origin)
    if most:
        said = pulled if errand is Errand.PULL else gone
        settled(shard_dir(job, shard) / folder, meta, said, most=most)


def only(job: Job) -> SideStatus:
    """What is beside the run; it is one."""
    (side,) = look(job).beside.sides
    return side


async def test_sums(tmp_path: Path) -> None:
    """Targets stand in the job's order, slices are added up, a shard without one is still to do."""
    job, cut = cut_run(tmp_path, targets=3, slices={"app-3": 2})
    for shard in cut.shards:
        await send(job, shard)
        beside(job, shard, "verification", Errand.ASK)
    side = only(job)
    assert [(one.name, one.pairs) for one in side.targets] == [
        ("app-1", 3),
        ("app-2", 3),
        ("app-3", 6),
    ]
    assert side.origin.population == (3, 3, 6)
    assert side.is_finished
    assert side.count("gone") == 12


async def test_one_that_is_missing(tmp_path: Path) -> None:
    """A verification that has not come to every shard is not finished; the rest is counted."""
    job, cut = cut_run(tmp_path, targets=2)
    for shard in cut.shards:
        await send(job, shard)
    beside(job, cut.shards[1], "verification", Errand.ASK)
    side = only(job)
    assert (side.is_finished, side.unsettled) == (False, 4)
    beside(job, cut.shards[0], "verification", Errand.ASK)
    beside(job, cut.shards[0], "verification-2", Errand.ASK)
    side = only(job)
    assert (side.folder, side.is_finished) == ("verification-2", False)


async def test_backup(tmp_path: Path) -> None:
    """A backup is whole where each shard's is."""
    job, cut = cut_run(tmp_path, targets=2)
    for number, shard in enumerate(cut.shards, 1):
        beside(job, shard, "backup", Errand.PULL)
        note = BackupNote(
            plan_digest="d", state="whole", at="2026-11-21T22:00:00Z", lists=3, friends=9
        )
        write_note(shard_dir(job, shard), note)
        told = look(job).beside.backup
        assert told is not None
        assert (told.is_whole, told.lists) == (number == 2, 3 * number)


async def test_one_at_work(tmp_path: Path) -> None:
    """A process at work beside a shard is seen, and its end without a word as well."""
    job, cut = cut_run(tmp_path, targets=2)
    looks = Looks()
    beside(job, cut.shards[0], "backup", Errand.PULL, most=0)
    folder = shard_dir(job, cut.shards[0])
    with hold(folder), hold(folder / "backup"):
        status = look(job, looks=looks)
        assert status.beside.sides[0].at_work
        assert status.shards[0].owner
    assert not look(job, looks=looks).beside.sides[0].at_work
    with hold(folder / "backup"):  # as of a verification, which leaves the shard itself alone
        assert look(job, looks=looks).beside.sides[0].at_work
    assert not look(job, looks=looks).beside.sides[0].at_work
