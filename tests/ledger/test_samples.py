"""Samples in the journal: kept with ordinary ticks, and never in the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bulkdel.ledger.history import open_history
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.samples import Sample
from tests.support.ledger import deleted, entry_of, intent, open_journal, tick

SAMPLE = Sample(
    target=1,
    at_ms=1_795_299_901_123,
    span_ms=10_000,
    calls=200,
    settled=4000,
    retries=3,
    throttled=2,
    lost_answers=1,
    qps=20.0,
    pace=18.5,
    held_ms=1500,
    probing_ms=20,
    waiting_ms=7,
    reason="held by the provider, 2 s to go",
    latency={40: 190, 55: 10},
    codes={-1: 1, 30006: 2},
)


def kept(run_dir: Path, target: int = 1) -> list[Sample]:
    """The samples of a target."""
    with open_history(run_dir) as history:
        assert history is not None
        return list(history.samples(target))


def test_a_sample_comes_back_as_it_was(tmp_path: Path) -> None:
    """What is noted is read again in its order, by target."""
    with open_journal(tmp_path) as journal:
        tick(journal, SAMPLE, intent(1), Sample(target=0, at_ms=5, span_ms=1))
        tick(journal, deleted(1))
    assert kept(tmp_path) == [SAMPLE]
    assert kept(tmp_path, 0) == [Sample(target=0, at_ms=5, span_ms=1)]


def test_spans_are_counted_by_width(tmp_path: Path) -> None:
    """Samples in the same second, minute … count once; the target with most spans counts."""
    with open_journal(tmp_path) as journal:
        tick(journal, *(Sample(target=0, at_ms=at, span_ms=1) for at in (0, 999, 1000, 59_999)))
        tick(journal, Sample(target=1, at_ms=0, span_ms=1))
    with open_history(tmp_path) as history:
        assert history is not None
        assert history.spans_within(1000) == 3
        assert history.spans_within(60_000) == 1


async def test_a_note_needs_no_tick_of_its_own(tmp_path: Path) -> None:
    """A note waits for the tick that the next event makes, or for the last one."""
    with open_journal(tmp_path) as journal:
        async with Recorder(journal) as recorder:
            recorder.note(SAMPLE)
            assert kept(tmp_path) == []
            await recorder.intend(intent(1))
            assert kept(tmp_path) == [SAMPLE]
            await recorder.record(deleted(1))
            recorder.note(SAMPLE)
        assert kept(tmp_path) == [SAMPLE, SAMPLE]
        recorder.note(SAMPLE)  # nothing is written any more: no error


def test_an_older_journal_is_continued(tmp_path: Path) -> None:
    """A journal that was begun before there were samples is read without, and goes on with them."""
    with open_journal(tmp_path) as journal:
        tick(journal, intent(1))
        tick(journal, deleted(1))
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("DROP TABLE samples")
    db.close()
    assert kept(tmp_path) == []
    with open_history(tmp_path) as history:
        assert history is not None
        assert history.spans_within(1000) == 0
    with open_journal(tmp_path) as journal:
        tick(journal, SAMPLE)
        assert entry_of(1).ordinal in journal.settled
    assert kept(tmp_path) == [SAMPLE]
