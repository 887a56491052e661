"""The recorder, on a real loop with a real journal."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bulkdel.errors import StorageFailed
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.values import Counters, Part
from tests.support.ledger import (
    crashed,
    deleted,
    entry_of,
    intent,
    lines,
    open_journal,
    outcome,
    rest,
    settlement,
)


def break_ledger(journal: Journal, run_dir: Path) -> None:
    """From now on the ledger cannot be written."""
    os.close(journal._ledger._descriptor)
    journal._ledger._descriptor = os.open(run_dir / "ledger.jsonl", os.O_RDONLY)


async def test_durable_when_it_returns(tmp_path: Path) -> None:
    """An intent is on disk when `intend` returns, an outcome and its lines when `record` does."""
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    with open_journal(run_dir) as journal:
        async with Recorder(journal) as recorder:
            await recorder.intend(intent(1))
            with open_journal(crashed(run_dir, tmp_path / "sent")) as copied:
                assert copied.counters(0) == Counters(calls=1, lost_answers=1)
            await recorder.record(deleted(1))
            assert recorder.counters(0) == Counters(calls=1, deleted=2)
            assert len(lines(run_dir)) == 2
            with open_journal(crashed(run_dir, tmp_path / "settled")) as copied:
                assert copied.counters(0) == Counters(calls=1, deleted=2)


async def test_many_at_once(tmp_path: Path) -> None:
    """All that waits is written together, and every caller gets its answer."""

    async def call(recorder: Recorder, ordinal: int) -> None:
        await recorder.intend(intent(ordinal))
        await recorder.record(deleted(ordinal))

    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder, asyncio.TaskGroup() as group:
            for ordinal in range(100):
                group.create_task(call(recorder, ordinal))
        assert recorder.counters(0) == Counters(calls=100, deleted=250)
        assert journal.settled.next_unsettled(0, 100) is None
    assert len(lines(tmp_path)) == 250
    assert len(set(lines(tmp_path))) == 250


async def test_what_is_not_urgent_waits_for_others(tmp_path: Path) -> None:
    """What is not urgent waits for its tick; what is urgent takes along all that waits."""
    with open_journal(tmp_path) as journal:
        async with Recorder(journal, gather_s=60, hurry_s=0.01) as recorder:
            await recorder.intend(intent(1), urgent=False)  # idle until now: at once
            calm = asyncio.create_task(recorder.intend(intent(2), urgent=False))
            _, late = await asyncio.wait([calm], timeout=0.1)
            assert late == {calm}
            async with asyncio.timeout(30):
                await recorder.intend(intent(3))
                await calm
        assert recorder.counters(0) == Counters(calls=3)


async def test_closing_waits_for_nothing(tmp_path: Path) -> None:
    """What is not urgent is written at once when the recorder closes."""
    with open_journal(tmp_path) as journal:
        async with asyncio.timeout(30), Recorder(journal, gather_s=60) as recorder:
            await recorder.intend(intent(1), urgent=False)
            calm = asyncio.create_task(recorder.intend(intent(2), urgent=False))
            await asyncio.sleep(0)
        await calm
        assert recorder.counters(0) == Counters(calls=2)


async def test_a_cancelled_caller_loses_nothing(tmp_path: Path) -> None:
    """An outcome that was handed over is recorded although nobody waits for it any more."""
    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder:
            await recorder.intend(intent(1))
            task = asyncio.create_task(recorder.record(deleted(1)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert recorder.counters(0) == Counters(calls=1, deleted=2)
    assert len(lines(tmp_path)) == 2


async def test_closing_flushes_even_when_cancelled(tmp_path: Path) -> None:
    """However often a run is cancelled, it writes what was handed over before it ends."""
    entered = asyncio.Event()

    async def run(journal: Journal) -> None:
        async with Recorder(journal, gather_s=0.05) as recorder:
            await recorder.intend(intent(1))
            await recorder.intend(intent(3))
            asyncio.get_running_loop().call_soon(entered.set)
            async with asyncio.TaskGroup() as group:
                group.create_task(recorder.record(deleted(1)))
                group.create_task(recorder.record(deleted(3)))

    with open_journal(tmp_path) as journal:
        task = asyncio.create_task(run(journal))
        await entered.wait()
        for _ in range(3):
            task.cancel()
            for _ in range(10):
                await asyncio.sleep(0)  # far enough that the next one meets the closing
        with pytest.raises(asyncio.CancelledError):
            await task
        assert journal.counters(0) == Counters(calls=2, deleted=6)
    assert len(lines(tmp_path)) == 6


async def test_a_cancelled_intent_can_be_withdrawn(tmp_path: Path) -> None:
    """However far a cancelled intent came, withdrawing it leaves nothing behind."""
    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder:
            task = asyncio.create_task(recorder.intend(intent(1)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await recorder.withdraw(1, 2)
            await recorder.intend(intent(1))
            await recorder.withdraw(1)
            assert recorder.counters(0) == Counters()
            assert journal.open_entries(0, 10, 10) == []


async def test_after_a_failed_write_everyone_is_told(tmp_path: Path) -> None:
    """All who wait and all who come get the sentence; the next sitting has what was committed."""
    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder:
            await recorder.intend(intent(1))
            await recorder.intend(intent(3))
            assert recorder.failure is None
            break_ledger(journal, tmp_path)
            found = await asyncio.gather(
                recorder.record(deleted(1)),
                recorder.record(deleted(3)),
                return_exceptions=True,
            )
            assert [type(one) for one in found] == [StorageFailed, StorageFailed]
            assert "run the same command again" in str(found[0])
            for late in (recorder.intend(intent(2)), recorder.withdraw(3)):
                with pytest.raises(StorageFailed):
                    await late
            assert isinstance(recorder.failure, StorageFailed)
            assert recorder.counters(0) == Counters(calls=2)
    with open_journal(tmp_path) as journal:
        assert journal.counters(0) == Counters(calls=2, deleted=6)
    assert len(lines(tmp_path)) == 6


async def test_little_space_stops_intents_only(tmp_path: Path) -> None:
    """Below the margin nothing new is sent, but what is in flight is recorded."""
    free = [100 << 20]
    now = [0.0]
    with open_journal(tmp_path) as journal:
        recording = Recorder(journal, free_bytes=lambda: free[0], clock=lambda: now[0])
        async with recording as recorder:
            await recorder.intend(intent(1))
            free[0] = (64 << 20) - 1
            await recorder.intend(intent(2))  # it was looked less than a second ago
            now[0] = 1.0
            refused, recorded = await asyncio.gather(
                recorder.intend(intent(3)), recorder.record(deleted(1)), return_exceptions=True
            )
            assert isinstance(refused, StorageFailed)
            assert "63 MiB are free, 64 MiB must be" in str(refused)
            assert recorded is None
            await recorder.withdraw(3)
            await recorder.record(deleted(2))
            assert recorder.counters(0) == Counters(calls=2, deleted=5)
            free[0], now[0] = 64 << 20, 2.0
            await recorder.intend(intent(3))
            await recorder.withdraw(3)


async def test_a_slip_of_the_sender_stops_the_run(tmp_path: Path) -> None:
    """What contradicts the journal is raised, and nothing more is recorded."""
    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder:
            with pytest.raises(ValueError, match="entry 1"):
                await recorder.record(deleted(1))
            with pytest.raises(ValueError, match="entry 1"):
                await recorder.intend(intent(2))
    assert lines(tmp_path) == []


async def test_an_entry_may_land_and_leave_in_one_tick(tmp_path: Path) -> None:
    """The next call of an entry may be intended while its last outcome still waits."""
    left = Part(items=(1,), attempts=1)
    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder:
            await recorder.intend(intent(1))
            await asyncio.gather(
                recorder.record(outcome(entry_of(1), settlement(rest(), left=(1,)), left, code=7)),
                recorder.intend(intent(1, left, again=True)),
            )
            await recorder.withdraw(1)
            (one,) = journal.open_entries(0, 9, 9)
            assert (one.parts, one.code) == ((left,), 7)
        with pytest.raises(RuntimeError, match="closed"):
            await recorder.withdraw(1)


async def test_space_that_cannot_be_looked_at(tmp_path: Path) -> None:
    """A disk that does not even say how full it is is a failed write like any other."""

    def gone() -> int:
        raise OSError(5, "Input/output error")

    with open_journal(tmp_path) as journal:
        async with Recorder(journal, free_bytes=gone) as recorder:
            with pytest.raises(StorageFailed, match="Input/output error"):
                await recorder.intend(intent(1))
