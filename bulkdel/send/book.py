"""What a lane reads and writes of its run: the seam between lanes and whoever keeps the books."""

from __future__ import annotations

from typing import Protocol

from bulkdel.ledger.journal import Journal
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.reserve import Waiting
from bulkdel.ledger.samples import Sample
from bulkdel.ledger.values import Counters, Deal, Intent, OpenEntry, Outcome


class Book(Protocol):
    """The books of a run.

    What is awaited returns once it is durable, and is used on one event loop. What reads a page
    blocks: it is called in a thread, beside others. Everything may raise StorageFailed, or Corrupt;
    then nothing more is sent.
    """

    async def intend(self, intent: Intent, *, urgent: bool) -> None:
        """The call of `intent` may leave; what is not `urgent` may wait for others."""

    async def withdraw(self, ordinal: int, /) -> None:
        """The intent for this entry is taken back, if there is one: its call did not leave."""

    async def record(self, outcome: Outcome, *, urgent: bool) -> None:
        """What an answer settled stands in the ledger; what is not `urgent` may wait for others."""

    async def deal(self, deal: Deal) -> None:
        """What a target has in reserve is dealt into its second phase, or some of it."""

    def note(self, sample: Sample) -> None:
        """Keep a measurement with the next write; never waits, never fails."""

    def counters(self, target: int) -> Counters:
        """The counters of the target at this index of the plan, as durable; never waits."""

    def is_settled(self, ordinal: int, /) -> bool:
        """Whether an entry is settled whole; never waits."""

    def next_unsettled(self, lo: int, hi: int, /) -> int | None:
        """The first of the entries lo … hi - 1 that is not settled whole; never waits."""

    def open_entries(self, lo: int, hi: int, limit: int, /) -> list[OpenEntry]:
        """A page of the entries lo … hi - 1 with a history, not settled whole, and no call out."""

    def has_reserved(self, target: int, /) -> bool:
        """Whether anything of the target waits for a Deal."""

    def second_phase(
        self, target: int, limit: int, /, *, after: tuple[float, int], begun: bool
    ) -> list[Waiting]:
        """A page of the second phase behind `after`, of what is not settled whole.

        `begun`: of what calls have carried only.
        """


class JournalBook:
    """The journal and its recorder as one Book: their own methods, without a step between."""

    def __init__(self, journal: Journal, recorder: Recorder) -> None:
        self.intend = recorder.intend
        self.withdraw = recorder.withdraw
        self.record = recorder.record
        self.deal = recorder.deal
        self.note = recorder.note
        self.counters = recorder.counters
        self.is_settled = journal.settled.__contains__
        self.next_unsettled = journal.settled.next_unsettled
        self.open_entries = journal.open_entries
        self.has_reserved = journal.has_reserved
        self.second_phase = journal.second_phase
