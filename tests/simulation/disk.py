"""The journal on a disk that fails, and a process that dies in the middle of a write."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ParamSpec, TypeVar

from bulkdel.errors import BulkdelError, Corrupt, StorageFailed
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.storage import storage_failed
from bulkdel.ledger.tables import JOURNAL
from bulkdel.ledger.values import Event, Part
from bulkdel.plan.read import PlanReader
from bulkdel.send.book import JournalBook
from bulkdel.words import Entry

P = ParamSpec("P")
R = TypeVar("R")


class Point(StrEnum):
    """A place in the order of writing."""

    COMMIT = "commit"  #: before the transaction
    COMMITTED = "committed"  #: after it, before a line is written
    APPEND = "append"  #: with some of the lines written
    PUBLISHED = "published"  #: after the lines were synced


@dataclass(slots=True, eq=False)
class Trouble:
    """What happens at one point of one tick.

    Attributes:
        tick: counted from the sitting's first; 1 is the first.
        dies: called there; the process is dead then. None means that the write fails instead.
        torn: how much of the lines is written at APPEND, 0 … 1.
    """

    tick: int
    point: Point
    torn: float
    dies: Callable[[], None] | None


class TroubledJournal(Journal):
    """A journal whose `trouble`, if any, strikes once.

    Attributes:
        ticks: commits so far.
        failures: writes that failed.
        reads: what is read in a tick.
    """

    trouble: Trouble | None = None
    reads: Reads
    ticks = 0
    failures = 0

    def commit(self, events: object) -> None:
        """As Journal.commit, where nothing strikes."""
        self.ticks += 1
        found: list[Event] = list(events)  # type: ignore[call-overload]  # it is iterable
        self._strike(Point.COMMIT)
        super().commit(found)
        self._strike(Point.COMMITTED)

    def publish(self) -> None:
        """As Journal.publish, where nothing strikes."""
        self._strike(Point.APPEND)
        super().publish()
        self._strike(Point.PUBLISHED)

    def _parts_of(self, ordinal: int) -> tuple[Part, ...] | None:
        """As Journal's; in the recorder's thread a failed read is a failed write."""
        failures, self.failures = self.failures, self.failures + 1
        self.reads.strike()
        self.failures = failures
        return super()._parts_of(ordinal)

    def _strike(self, point: Point) -> None:
        trouble = self.trouble
        if trouble is None or trouble.tick > self.ticks or trouble.point is not point:
            return
        self.trouble = None
        if point is Point.APPEND:
            lines = b"".join(self._unpublished)
            with (self.run_dir / LEDGER).open("r+b") as ledger:
                ledger.seek(self._now.offset)
                ledger.write(lines[: int(len(lines) * trouble.torn)])
        if trouble.dies is not None:
            trouble.dies()
            return
        self.failures += 1
        self._sound = False  # as any failed write leaves it
        raise storage_failed(self.run_dir, errno.errorcode[errno.ENOSPC])


class Reads:
    """Counts what a sitting reads of the run's files while it sends, and lets one of them fail."""

    def __init__(self, number: int, *, damaged: bool) -> None:
        """`number` is of the read that fails, from 1 on; 0 is none."""
        self._number = number
        self._kind: type[BulkdelError] = Corrupt if damaged else StorageFailed
        self.count = 0

    def strike(self) -> None:
        """Something is read now."""
        self.count += 1
        if self.count == self._number:
            raise self._kind(f"read {self.count} failed")

    def of(self, read: Callable[P, R]) -> Callable[P, R]:
        """The same reading, counted."""

        def counted(*arguments: P.args, **named: P.kwargs) -> R:
            self.strike()
            return read(*arguments, **named)

        return counted


class CountedBook(JournalBook):
    """The journal's book, whose pages are counted reads."""

    def __init__(self, journal: TroubledJournal, recorder: Recorder, reads: Reads) -> None:
        super().__init__(journal, recorder)
        self.open_entries = reads.of(self.open_entries)
        self.has_reserved = reads.of(self.has_reserved)
        self.second_phase = reads.of(self.second_phase)


class CountedPlan(PlanReader):
    """A plan, each of whose pages and looks is a counted read."""

    def __init__(self, plan: PlanReader, reads: Reads) -> None:
        self._plan, self._reads = plan, reads

    def scan(self, lo: int, hi: int) -> Iterator[list[Entry]]:
        """As PlanReader.scan."""
        for entries in self._plan.scan(lo, hi):
            self._reads.strike()
            yield entries

    def entry(self, ordinal: int) -> Entry:
        """As PlanReader.entry."""
        self._reads.strike()
        return self._plan.entry(ordinal)


def keep(run_dir: Path, to: Path) -> None:
    """Copy what a process that dies now leaves behind."""
    to.mkdir(mode=0o700)
    for name in (JOURNAL, f"{JOURNAL}-wal", LEDGER, "plan.parquet"):
        if (run_dir / name).exists():
            shutil.copy2(run_dir / name, to / name)


def whole_lines(run_dir: Path) -> bytes:
    """The ledger as a reader sees it: its complete lines."""
    path = run_dir / LEDGER
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]
