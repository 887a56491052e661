"""The journal on a disk that fails, and a process that dies in the middle of a write."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bulkdel.ledger.journal import Journal
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.ledger.storage import storage_failed
from bulkdel.ledger.tables import JOURNAL
from bulkdel.ledger.values import Event


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
    """

    trouble: Trouble | None = None
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
