"""The journal: what was intended, what was settled, and the ledger that is rendered from it.

One tick is written in this order, and every promise rests on it:

1. `commit`: one transaction holds the next intents, what replies settled, the counters, and where
   the ledger ended after the tick before. An intent's call may leave now.
2. `publish`: the lines are appended to the ledger and synced. An outcome counts now.
3. Where the ledger ends and its chain go into the next transaction (or that of `close`).

Wherever that is cut, `Journal.open` finds the settlements whose lines may be missing, and renders
them again. An intent without an outcome is a lost answer.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from bulkdel.errors import Corrupt, StorageFailed
from bulkdel.lease.fence import no_fence
from bulkdel.ledger import reserve, rows
from bulkdel.ledger.circumstances import Circumstances, put_circumstances
from bulkdel.ledger.history import HELD_ALONE, History
from bulkdel.ledger.identity import Identity, admit
from bulkdel.ledger.ledger_file import LedgerFile
from bulkdel.ledger.render import Rendering
from bulkdel.ledger.settled import SettledSet
from bulkdel.ledger.sittings import LaneStop, put_end, put_end_of_dead, put_start
from bulkdel.ledger.storage import (
    read_in_mid_run,
    readable,
    storage_failed,
    translated,
)
from bulkdel.ledger.tables import connect, connect_again
from bulkdel.ledger.tail import checked_tail, entry_at
from bulkdel.ledger.tick import Before, fold
from bulkdel.ledger.values import Counters, Event, Intent, OpenEntry, Part
from bulkdel.words import AnyOperation, Entry, Mode, size_of


class Journal:
    """The open journal and ledger of a run directory; its lock must be held.

    `commit` and `publish` are called in turn, from any thread but never two at once; `settled`,
    `counters`, `open_entries`, `second_phase` and `has_reserved` may be used beside them. After an
    error nothing here is to be relied on: close it, and open it again.

    Where it is held `alone` there is one connection for all of it: what reads waits for what
    writes.

    Attributes:
        run_dir: where it is.
        settled: the entries that are settled whole.
    """

    def __init__(
        self,
        run_dir: Path,
        db: sqlite3.Connection,
        identity: Identity,
        entry_of: Callable[[int], Entry],
        *,
        operation: AnyOperation,
        mode: Mode,
        fence: Callable[[], None] = no_fence,
        alone: bool = False,
    ) -> None:
        self.run_dir = run_dir
        self.settled = SettledSet()
        self._db = db
        self._identity = identity
        self._entry_of = entry_of
        self._rendering = Rendering(
            names=tuple(target.name for target in identity.targets), operation=operation, mode=mode
        )
        self._intents: dict[int, Intent] = {}  # of the calls in flight
        self._unpublished: list[bytes] = []
        self._sound = True
        self._sitting: int | None = None
        self._reading = threading.RLock()  # lanes page through open entries in threads of their own
        self._writing = self._reading if alone else nullcontext()
        self.settled.adopt(rows.read_segments(db))
        self._counters = rows.read_counters(db)
        self._before, self._now = rows.read_heads(db)
        self._recorded = self._now
        self._ledger = LedgerFile(run_dir, is_new=self._now.offset == 0, fence=fence)
        try:
            self._mend()
            self._reader = db if alone else connect_again(run_dir)
            if alone:
                HELD_ALONE[run_dir] = self.history
        except BaseException:
            self._ledger.close()
            raise
        self._published = list(self._counters)

    @classmethod
    def open(
        cls,
        run_dir: Path,
        identity: Identity,
        entry_of: Callable[[int], Entry],
        *,
        operation: AnyOperation,
        mode: Mode,
        fence: Callable[[], None] = no_fence,
        alone: bool = False,
        epoch: int = 0,
    ) -> Self:
        """Open the journal of `run_dir`, or make it, and bring the ledger into agreement with it.

        A journal before its first intent is disposable: it is made anew if `identity` differs.

        Args:
            run_dir: exists, and its lock is held.
            identity: what the run is now.
            entry_of: the plan's entry at an ordinal.
            operation: as planned; part of the ledger's `batch`.
            mode: as planned; part of the ledger's `batch`.
            fence: returns only while this process may write; asked before each write to a file.
            alone: see `connect`.
            epoch: how often the shard was taken of a store, this time included; 0: of none.

        Raises:
            Busy: as `connect`.
            Corrupt: a file is not what was written to it.
            StorageFailed: the directory cannot be written.
            WrongInput: `identity` has changed in a way that a begun run does not allow; or `epoch`
                was taken before.
        """
        with translated(run_dir), readable(run_dir):
            db = connect(run_dir, fence=fence, alone=alone)
            try:
                admit(run_dir, db, identity, epoch)
                return cls(
                    run_dir,
                    db,
                    identity,
                    entry_of,
                    operation=operation,
                    mode=mode,
                    fence=fence,
                    alone=alone,
                )
            except BaseException:
                db.close()
                raise

    @property
    def begun(self) -> bool:
        """Whether anything was sent; from then on the plan is fixed."""
        return any(counters.calls for counters in self._published)

    def counters(self, target: int) -> Counters:
        """The counters of the target at this index of the plan, over all sittings, as durable."""
        return self._published[target]

    def open_entries(self, lo: int, hi: int, limit: int) -> list[OpenEntry]:
        """Returns up to `limit` entries of lo … hi - 1, by ordinal, to go on from.

        They have a history, are not settled whole, and their calls are not in flight.

        Raises:
            StorageFailed: the journal cannot be read just now.
            Corrupt: it is not what was written to it.
        """
        with self._reading, read_in_mid_run(self.run_dir):
            return rows.open_entries(self._reader, lo, hi, limit)

    def second_phase(
        self,
        target: int,
        limit: int,
        *,
        after: tuple[float, int] = (-1.0, -1),
        begun: bool = False,
    ) -> list[reserve.Waiting]:
        """Returns what of the second phase is not settled; see reserve.second_phase.

        Raises:
            StorageFailed, Corrupt: as `open_entries`.
        """
        with self._reading, read_in_mid_run(self.run_dir):
            return reserve.second_phase(
                self._reader, target, self.settled, limit, after=after, begun=begun
            )

    def has_reserved(self, target: int) -> bool:
        """Whether anything of this target waits for a Deal.

        Raises:
            StorageFailed, Corrupt: as `open_entries`.
        """
        with self._reading, read_in_mid_run(self.run_dir):
            return reserve.has_reserved(self._reader, target)

    @contextmanager
    def history(self) -> Iterator[History]:
        """What was done until now, of one moment, for the length of a with block.

        Raises:
            StorageFailed, Corrupt: as `open_entries`.
        """
        with self._reading, translated(self.run_dir, reading=True):
            nested = self._reader.in_transaction
            if not nested:
                self._reader.execute("BEGIN")
            try:
                yield History(self.run_dir, self._reader, self._identity)
            finally:
                if not nested:
                    self._reader.execute("ROLLBACK")

    def commit(self, events: Iterable[Event]) -> None:
        """Make `events` durable in one transaction. Intents count from here on.

        Raises:
            ValueError: an event contradicts the journal; nothing was written.
            StorageFailed: it could not be written.
            Corrupt: what it reads of the journal is not what was written; nothing was written.
        """
        if not self._sound or self._unpublished:
            raise storage_failed(self.run_dir, "an earlier write failed")
        before = Before(
            intents=self._intents,
            settled=self.settled,
            counters=self._counters,
            parts_of=self._parts_of,
        )
        with translated(self.run_dir):
            tick = fold(events, before)
        lines = [self._rendering.lines(*settled) for settled in tick.settled]
        reserved = [
            row
            for settled in tick.settled
            for row in reserve.reserved_of(*settled, self._rendering)
        ]
        segments = self.settled.grown(tick.whole)
        counters = {target: counting.counters() for target, counting in tick.countings.items()}
        self._sound = False
        with translated(self.run_dir), self._transaction():
            rows.write_tick(self._db, tick, self._now.seq + 1)
            rows.put_segments(self._db, segments)
            rows.put_counters(self._db, counters)
            reserve.put_reserved(self._db, reserved)
            with readable(self.run_dir):
                for deal in tick.deals:
                    reserve.deal(self._db, deal)
            self._put_heads()
        self._sound = True
        self._unpublished = lines
        self.settled.adopt(segments)
        for target, new in counters.items():
            self._counters[target] = new
        for ordinal, intent in tick.intents.items():
            if intent is None:
                self._intents.pop(ordinal, None)
            else:
                self._intents[ordinal] = intent

    def publish(self) -> None:
        """Append the lines of what was committed to the ledger, and sync it. Outcomes count now.

        Raises:
            StorageFailed: it could not be written; opening the journal again writes it.
        """
        if self._unpublished:
            self._sound = False
            with translated(self.run_dir):
                self._ledger.append(b"".join(self._unpublished), self._now.offset)
            self._before, self._now = self._now, self._now.after(self._unpublished)
            self._unpublished = []
            self._sound = True
        self._published = list(self._counters)

    def start_sitting(self, now_ms: int, pid: int, circumstances: Circumstances) -> None:
        """Note that this process has begun, at Unix milliseconds; not beside `commit`."""
        with translated(self.run_dir), self._transaction():
            self._sitting = put_start(self._db, pid=pid, now_ms=now_ms, counters=self._published)
            put_circumstances(self._db, self._sitting, circumstances)

    def end_dead(self, began_ms: int, at_ms: int, end: str, lanes: Sequence[LaneStop]) -> None:
        """Note how a process ended that left without writing it, if one began then."""
        with translated(self.run_dir), self._writing:
            put_end_of_dead(self._db, began_ms, at_ms=at_ms, end=end, lanes=lanes)

    def end_sitting(self, now_ms: int, end: str, lanes: Sequence[LaneStop]) -> None:
        """Note how this process ended, in one word and lane by lane; not beside `commit`.

        Also where the ledger ends now, so that a report of this moment says it as later ones do.
        """
        with translated(self.run_dir), self._transaction():
            put_end(self._db, self._sitting, now_ms=now_ms, end=end, lanes=lanes)
            if self._sound and not self._unpublished:
                self._put_heads()

    def close(self) -> None:
        """Record where the ledger ends, if all went well, and close the files."""
        try:
            if self._sound:
                # Without it the next opening only has one tick more to look at: no reason to fail.
                with (
                    suppress(StorageFailed, Corrupt),
                    translated(self.run_dir),
                    self._transaction(),
                ):
                    self._put_heads()
        finally:
            self._ledger.close()
            with self._reading:
                HELD_ALONE.pop(self.run_dir, None)
                self._reader.close()
                self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _mend(self) -> None:
        """Check the ledger's last segment, write what is missing, record what was in flight."""
        tail = checked_tail(
            self._db, self._ledger, self._before, self._now, self._rendering, self._entry_of
        )
        end = self._ledger.complete(self._now, tail)
        if tail:
            self._before, self._now = self._now, end
        with self._transaction():
            lost = rows.record_lost(self._db, lambda ordinal: size_of(self._entry_at(ordinal)))
            for target, calls in lost.items():
                counters = self._counters[target]
                counters = replace(counters, lost_answers=counters.lost_answers + calls)
                self._counters[target] = counters
            rows.put_counters(self._db, dict(enumerate(self._counters)))
            self._put_heads()

    def _entry_at(self, ordinal: int) -> Entry:
        return entry_at(self._db, self._entry_of, ordinal)

    def _parts_of(self, ordinal: int) -> tuple[Part, ...] | None:
        with self._writing, read_in_mid_run(self.run_dir):
            return rows.stored_parts(self._db, ordinal)

    def _put_heads(self) -> None:
        """Record where the ledger ends, if that has moved."""
        if self._recorded != self._now:
            rows.put_heads(self._db, self._before, self._now)
            self._recorded = self._now

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._writing:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
