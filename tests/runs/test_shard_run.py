"""A shard that was taken: opened without its input, sent, fenced, and let go of."""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bulkdel import files, load_job
from bulkdel.errors import BulkdelError, Busy, Corrupt, WrongInput
from bulkdel.job.job import Job
from bulkdel.lease.values import Taken
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.plan.cut import Cut
from bulkdel.plan.make_shards import make_shards
from bulkdel.runs.carrier import Carrier
from bulkdel.runs.live import read_live
from bulkdel.runs.phases import phases
from bulkdel.runs.shard_run import ShardRun, held_shard
from bulkdel.runs.shards import shard_job
from bulkdel.runs.waiting import Waiting
from bulkdel.send.view import End, Ending
from tests.support.judge import APP_IDS

ROWS = [(f"from{number}", f"to{other}") for number in range(8) for other in range(3)]
TRIAL = Consent(how=Agreement.TRIAL, at_ms=None, command="")


def nothing(_: object) -> None:
    """Takes what nobody is told."""


def made(folder: Path, more: str = "") -> tuple[Job, Cut]:
    """A job of two targets, each a shard of its own, as it is cut."""
    (folder / "pairs.csv").write_text(
        "From_Account,To_Account\n" + "".join(f"{a},{b}\n" for a, b in ROWS)
    )
    (folder / "key").write_text("0123456789abcdef0123456789abcdef")
    (folder / "job.toml").write_text(
        'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n[cluster]\nshard_qps = 100\n'
        + "".join(
            f'[targets.{name}]\nprovider = "{name}"\napp_id = {app}\nqps = 100\n'
            f'secret_file = "key"\nendpoint = "emulator"\nbatch_size = 1\n'
            for name, app in APP_IDS.items()
        )
        + more
    )
    job = load_job(folder / "job.toml")
    return job, make_shards(job)


async def sent(job: Job, run: ShardRun, *, limit: int | None = None) -> Ending:
    """All phases of a shard."""
    meta = await asyncio.to_thread(run.open)
    run.agree(TRIAL)
    carrier = Carrier(job, run, "", None, None)
    return await carrier.carry_out(phases(job, run, meta, say=nothing, limit=limit))


def ledger(job: Job) -> list[bytes]:
    """Its lines."""
    return (job.run_dir / files.LEDGER).read_bytes().splitlines()


@pytest.mark.parametrize("alone", [False, True], ids=["shared", "alone"])
async def test_a_shard_is_sent_and_continued(tmp_path: Path, alone: bool) -> None:
    """Stopped and taken again, without its input: each pair once, and its word says who had it."""
    job, cut = made(tmp_path)
    (tmp_path / "pairs.csv").unlink()
    shard = shard_job(job, cut.shards[1])
    for epoch, limit, lines in ((1, 7, 7), (2, None, 24)):
        asked = [0]

        def fence(asked: list[int] = asked) -> None:
            asked[0] += 1

        taken = Taken(shard="2", epoch=epoch)
        with held_shard(shard, taken, fence, alone=alone) as run:
            ending = await sent(shard, run, limit=limit)
            live = read_live(shard.run_dir)
            assert live is not None
            assert (live.hands, live.ended) == (epoch, False)
            assert (shard.run_dir / "journal.db-shm").exists() is not alone
        assert ending.lanes[0].end is (End.LIMIT if limit else End.FINISHED)
        assert len(set(ledger(shard))) == len(ledger(shard)) == lines
        assert asked[0] > 10
        live = read_live(shard.run_dir)
        assert live is not None
        assert live.ended
        assert live.host
        assert (live.lanes[0].pairs, live.lanes[0].counters.deleted) == (24, lines)
    assert not (shard.run_dir / files.SOCKET).exists()
    assert b"zego" in ledger(shard)[0]
    assert not (shard_job(job, cut.shards[0]).run_dir / files.LEDGER).exists()


BESIDE = '[backup]\nenabled = true\n[canary]\naccounts = 2\nthen = "go"\n'


async def test_what_is_beside_a_shard_is_owned_as_it_is(tmp_path: Path) -> None:
    """Backup and canary of a shard that is held alone share no memory, and ask its fence."""
    job, cut = made(tmp_path, BESIDE)
    shard = shard_job(job, cut.shards[0])
    seen: set[str] = set()

    def fence() -> None:
        for one in shard.run_dir.rglob("*-wal"):
            seen.add(one.parent.name)
            if one.stat().st_size and (one.parent / "journal.db-shm").exists():
                seen.add("shared memory beside what is written")

    with held_shard(shard, Taken(shard="1", epoch=1), fence, alone=True) as run:
        ending = await sent(shard, run)
    assert ending.lanes[0].end is End.FINISHED
    assert len(ledger(shard)) == len(ROWS)
    assert seen == {"1", files.BACKUP, files.CANARY}


class ShutError(BaseException):
    """What stands for the end of the process."""


async def test_a_shard_whose_lease_is_over_is_not_opened(tmp_path: Path) -> None:
    """Nothing at all is written in its directory."""
    job, cut = made(tmp_path)
    shard = shard_job(job, cut.shards[0])
    before = sorted(shard.run_dir.iterdir())

    def shut() -> None:
        raise ShutError

    with (
        pytest.raises(ShutError),
        held_shard(shard, Taken(shard="1", epoch=1), shut, alone=False),
    ):
        raise AssertionError
    assert sorted(shard.run_dir.iterdir()) == before


def test_what_is_wrong_with_a_shard_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """A plan that is gone or damaged, a lower epoch, another process."""
    job, cut = made(tmp_path)
    shard = shard_job(job, cut.shards[0])

    def opened(epoch: int = 1) -> None:
        with held_shard(shard, Taken(shard="1", epoch=epoch), lambda: None, alone=True) as run:
            run.open()

    opened(3)
    with pytest.raises(WrongInput, match="nothing was sent"):
        opened(3)
    opened(4)
    with (
        held_shard(shard, Taken(shard="1", epoch=5), lambda: None, alone=True),
        pytest.raises(Busy, match="works in"),
    ):
        opened(6)
    plan = shard.run_dir / files.PLAN
    whole = plan.read_bytes()
    at = whole.index(b"from3")
    plan.write_bytes(whole[:at] + b"from9" + whole[at + 5 :])
    with pytest.raises(Corrupt):
        opened(7)
    plan.unlink()
    with pytest.raises(Corrupt, match="the plan is gone"):
        opened(8)


async def test_many_shards_share_a_process(tmp_path: Path) -> None:
    """Several at once, in one loop: each settles its own pairs and no other's."""
    job, cut = made(tmp_path)
    shards = [shard_job(job, shard) for shard in cut.shards]

    async def one(number: int, shard: Job) -> Ending:
        taken = Taken(shard=cut.shards[number].name, epoch=1, follows=False)
        with held_shard(shard, taken, lambda: None, alone=True) as run:
            return await sent(shard, run)

    before = gc.get_threshold()
    endings = await asyncio.gather(*(one(number, shard) for number, shard in enumerate(shards)))
    assert all(ending.lanes[0].end is End.FINISHED for ending in endings)
    assert [len(ledger(shard)) for shard in shards] == [24, 24]
    assert gc.get_threshold() == before


async def test_a_shard_of_which_nothing_is_sent_has_a_word_too(tmp_path: Path) -> None:
    """While its canary waits, or its backup is pulled, others still see who has it."""
    job, cut = made(tmp_path)
    shard = shard_job(job, cut.shards[0])
    with held_shard(shard, Taken(shard="1", epoch=6), lambda: None, alone=True) as run:
        await asyncio.to_thread(run.open)
        async with run.listening(Waiting(0), nothing):
            while (live := read_live(shard.run_dir)) is None:  # a thread writes it
                await asyncio.to_thread(time.sleep, 0.01)
            assert (live.hands, live.ended) == (6, False)
    live = read_live(shard.run_dir)
    assert live is not None
    assert live.ended


async def test_its_word_keeps_what_was_settled_before(tmp_path: Path) -> None:
    """A shard that was taken and let go without a call does not look as if nothing were settled."""
    job, cut = made(tmp_path)
    shard = shard_job(job, cut.shards[0])
    with held_shard(shard, Taken(shard="1", epoch=1), nothing_to_ask, alone=False) as run:
        await sent(shard, run, limit=7)
    with held_shard(shard, Taken(shard="1", epoch=2), nothing_to_ask, alone=False) as run:
        await asyncio.to_thread(run.open)
    live = read_live(shard.run_dir)
    assert live is not None
    assert (live.hands, live.ended) == (2, True)
    assert [(lane.pairs, lane.counters.settled) for lane in live.lanes] == [(24, 7)]


def nothing_to_ask() -> None:
    """A fence that stands open."""


ASKED = 450
"""The run below asks more often than this."""


def written(folder: Path) -> dict[Path, bytes]:
    """All that a successor goes by; a log's lines and a lock's note harm nobody."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {files.LOG, files.LOCK, "journal.db-shm"}
    }


class Shutting:
    """A fence that shuts when it is asked for the n-th time; what was written by then is kept."""

    def __init__(self, folder: Path, most: float) -> None:
        self.asked, self._most, self._folder = 0, most, folder
        self.by_then: dict[Path, bytes] | None = None

    def __call__(self) -> None:
        """Return, or keep what asks from its write: by an error, since a test goes on."""
        self.asked += 1
        if self.asked > self._most:
            if self.by_then is None:
                self.by_then = written(self._folder)
            raise ConnectionAbortedError


@pytest.mark.parametrize("at", [0.05, 0.3, 0.5, 0.7, 0.95])
async def test_nothing_is_written_once_the_lease_is_over(tmp_path: Path, at: float) -> None:
    """Wherever in a run with a backup and a canary the fence shuts, no file changes any more.

    What a killed process would never come to, such as noting its end, asks too.
    """
    job, cut = made(tmp_path, BESIDE)
    shard = shard_job(job, cut.shards[0])
    fence = Shutting(shard.run_dir, at * ASKED)
    with (
        suppress(BulkdelError, OSError, ExceptionGroup),
        held_shard(shard, Taken(shard="1", epoch=1), fence, alone=True) as run,
    ):
        await sent(shard, run)
    assert fence.by_then is not None
    changed = written(shard.run_dir).items() ^ fence.by_then.items()
    # SQLite moves what was committed when Python drops the connection; a killed process does not.
    assert {path.name for path, _ in changed} <= {"journal.db", "journal.db-wal"}
