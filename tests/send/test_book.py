"""Lanes over a book that is not the journal, and over the journal."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from bulkdel import load_job
from bulkdel.errors import Corrupt, StorageFailed
from bulkdel.job.job import Job
from bulkdel.job.secrets import read_secret
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.reserve import Waiting
from bulkdel.ledger.samples import Sample
from bulkdel.ledger.values import Counters, Deal, Intent, OpenEntry, Outcome, Part
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.status import identity_of
from bulkdel.send.allowance import Allowance
from bulkdel.send.book import Book, JournalBook
from bulkdel.send.shared import Destination, Shared
from bulkdel.send.sitting import Sitting
from bulkdel.send.view import Ending
from bulkdel.words import Batch
from tests.support.refusing import Refusing


class MemoryBook:
    """A book of one target that lasts as long as its process."""

    def __init__(self) -> None:
        self.intents: dict[int, Intent] = {}
        self.outcomes: list[Outcome] = []
        self.open: dict[int, OpenEntry] = {}
        self.settled: set[int] = set()
        self.count = Counters()
        self.full_after = 10**9

    async def intend(self, intent: Intent, *, urgent: bool) -> None:
        """One intent for an entry at a time."""
        del urgent
        assert intent.ordinal not in self.intents | dict.fromkeys(self.settled)
        if self.count.calls == self.full_after:
            raise StorageFailed("the book is full")
        self.intents[intent.ordinal] = intent
        self.count = replace(self.count, calls=self.count.calls + 1)

    async def withdraw(self, ordinal: int, /) -> None:
        """As if it had not been there."""
        if self.intents.pop(ordinal, None):
            self.count = replace(self.count, calls=self.count.calls - 1)

    async def record(self, outcome: Outcome, *, urgent: bool) -> None:
        """Only what was intended comes out."""
        del urgent
        entry = outcome.entry
        assert isinstance(entry, Batch)
        del self.intents[entry.ordinal]
        self.outcomes.append(outcome)
        self.open.pop(entry.ordinal, None)
        if outcome.parts:
            self.open[entry.ordinal] = OpenEntry(
                ordinal=entry.ordinal, parts=outcome.parts, code=outcome.code, info=outcome.info
            )
        else:
            self.settled.add(entry.ordinal)
            deleted = self.count.deleted + len(entry.to_accounts)
            self.count = replace(self.count, deleted=deleted)

    async def deal(self, deal: Deal) -> None:
        """Sides are as given."""
        raise AssertionError(deal)

    def note(self, sample: Sample) -> None:
        """Nobody draws charts."""

    def counters(self, target: int) -> Counters:
        """Of the only target."""
        assert target == 0
        return self.count

    def is_settled(self, ordinal: int, /) -> bool:
        """Whole."""
        return ordinal in self.settled

    def next_unsettled(self, lo: int, hi: int, /) -> int | None:
        """By looking."""
        return next((at for at in range(lo, hi) if at not in self.settled), None)

    def open_entries(self, lo: int, hi: int, limit: int, /) -> list[OpenEntry]:
        """In order."""
        return [self.open[at] for at in sorted(self.open) if lo <= at < hi][:limit]

    def has_reserved(self, target: int, /) -> bool:
        """Sides are as given."""
        raise AssertionError(target)

    def second_phase(
        self, target: int, limit: int, /, *, after: tuple[float, int], begun: bool
    ) -> list[Waiting]:
        """Sides are as given."""
        raise AssertionError(target, limit, after, begun)


async def sent(job: Job, meta: PlanMeta, book: Book) -> Ending:
    """One sitting over `book`."""
    target = job.targets[0]
    assert target.address is not None
    with PlanReader(job.run_dir, meta) as plan:
        shared = Shared(
            job=job,
            meta=meta,
            plan=plan,
            book=book,
            protected=frozenset(),
            allowance=Allowance(None, ()),
            log=structlog.get_logger(),
        )
        to = Destination(target=target, address=target.address, secret=read_secret(target))
        return await Sitting(shared, [to], continued=False).run()


async def test_a_lane_needs_no_journal(tmp_path: Path) -> None:
    """It intends, calls, records and goes on from what another sitting left in the book."""
    async with Refusing(30006, until_s=1.0, since_s=0.3, rows=60) as provider:
        job = load_job(provider.job(tmp_path, "[retry]\nmax_attempts = 2\nbase_delay_s = 0.01\n"))
        job.run_dir.mkdir(mode=0o700)
        meta = make_plan(job)
        book = MemoryBook()
        book.full_after = 10
        first = await sent(job, meta, book)
        assert [(lane.end, lane.words) for lane in first.lanes] == [("storage", "the book is full")]
        assert book.count.calls == len(book.outcomes) == provider.calls  # the others did not leave
        assert book.intents == {}
        book.full_after = 10**9
        while (await sent(job, meta, book)).lanes[0].end != "finished":
            assert book.intents == {}
    assert book.count.deleted == len(book.settled) == provider.rows
    assert book.count.calls == len(book.outcomes) == provider.calls
    assert provider.refused
    assert not (job.run_dir / "journal.db").exists()


async def test_damage_is_told_as_what_it_is(tmp_path: Path) -> None:
    """A row of the journal that cannot be understood is Corrupt, whoever meets it."""
    async with Refusing(0, until_s=0) as provider:
        job = load_job(provider.job(tmp_path))
    job.run_dir.mkdir(mode=0o700)
    meta = make_plan(job)
    identity = identity_of(job, meta)
    intent = Intent(ordinal=0, target=0, parts=(Part(),), again=False)
    with (
        PlanReader(job.run_dir, meta) as plan,
        Journal.open(
            job.run_dir, identity, plan.entry, operation=job.operation, mode=job.mode
        ) as journal,
    ):
        async with Recorder(journal) as recorder:
            book = JournalBook(journal, recorder)
            await book.intend(intent, urgent=True)
            await book.withdraw(0)
            with sqlite3.connect(job.run_dir / "journal.db") as db:
                db.execute("INSERT INTO open VALUES (1, 0, 'no parts', 0, 1, 0, '')")
            with pytest.raises(Corrupt):
                book.open_entries(0, 5, 5)
            with pytest.raises(Corrupt):
                await book.intend(replace(intent, ordinal=1), urgent=True)
            with pytest.raises(Corrupt):
                await book.intend(replace(intent, ordinal=2), urgent=True)
