"""The one that writes the journal while lanes send: all that waits goes into one tick.

What waits here is bounded by those who wait: a lane has at most four times max_in_flight calls on
their way, and each hands over one thing at a time.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from bulkdel.errors import StorageFailed
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.samples import Sample
from bulkdel.ledger.storage import storage_failed, translated
from bulkdel.ledger.values import Counters, Deal, Event, Intent, Outcome, Withdrawal
from bulkdel.words import size_of

MARGIN_BYTES = 64 << 20
"""Free space that is kept for the outcomes of calls in flight; below it no new intent is taken."""

GATHER_S = 0.05
"""From one tick's beginning to the next one's, so that many calls share the cost of a tick. A
recorder that has been idle writes at once."""
HURRY_S = 0.02
"""The same, where something urgent waits."""

_MOST_PAIRS = 1 << 16
_MOST_NOTES = 32
"""Samples that wait for a tick that comes anyway; so many are written by themselves."""
_LOOK_EVERY_S = 1.0


class _Handover:
    """One thing handed over, and the future that its caller waits for, and may cancel."""

    __slots__ = ("event", "future")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def resolve(self, error: BaseException | None = None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)
            self.future.exception()  # it may be that nobody waits any more: no warning then


class Recorder:
    """Makes intents and outcomes durable; an async context manager, on one event loop.

    What was handed over is written even if the task that waits for it is cancelled. After a failed
    write every call, waiting or new, raises what happened, and nothing more is written.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        gather_s: float = GATHER_S,
        hurry_s: float = HURRY_S,
        margin_bytes: int = MARGIN_BYTES,
        free_bytes: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Record into `journal`, which is used by nobody else until `aclose` has returned.

        Args:
            journal: open, and left open.
            gather_s: seconds; see GATHER_S.
            hurry_s: seconds; see HURRY_S.
            margin_bytes: see MARGIN_BYTES.
            free_bytes: how much space is left where the journal is; asked at most once a second.
            clock: seconds that never go back, for that once a second.
        """
        self._journal = journal
        self._gather_s = gather_s
        self._hurry_s = min(hurry_s, gather_s)
        self._margin_bytes = margin_bytes
        self._free_bytes = free_bytes or (lambda: shutil.disk_usage(journal.run_dir).free)
        self._clock = clock
        self._looked_at = float("-inf")
        self._free = 0
        self._queue: deque[_Handover] = deque()
        self._notes: list[_Handover] = []
        self._wake = asyncio.Event()
        self._urgent = False
        self._closing = False
        self._failure: BaseException | None = None

    @property
    def failure(self) -> BaseException | None:
        """What ended the recording; None while all is well."""
        return self._failure

    def counters(self, target: int) -> Counters:
        """The counters of the target at this index of the plan, as durable."""
        return self._journal.counters(target)

    async def intend(self, intent: Intent, *, urgent: bool = True) -> None:
        """Returns when `intent` is durable: its call may leave.

        What is not `urgent` waits longer, for others to share its tick. If the waiting task is
        cancelled it may be durable all the same: withdraw it then.

        Raises:
            StorageFailed: it could not be written, or too little space is left for it.
        """
        await self._hand_over(intent, urgent=urgent).future

    async def withdraw(self, *ordinals: int) -> None:
        """Returns when the intents for these entries are taken back: their calls never left.

        An intent that is still waiting counts too; where there is none, nothing happens.

        Raises:
            StorageFailed: it could not be written.
        """
        handovers = [self._hand_over(Withdrawal(ordinal=ordinal)) for ordinal in ordinals]
        for handover in handovers:
            await handover.future

    async def deal(self, deal: Deal) -> None:
        """Returns when `deal` is done, durably.

        Raises:
            StorageFailed: it could not be written.
        """
        await self._hand_over(deal).future

    async def record(self, outcome: Outcome, *, urgent: bool = True) -> None:
        """Returns when `outcome` is durable and its lines stand in the ledger.

        What is not `urgent` waits longer for others to share its tick.

        Raises:
            StorageFailed: it could not be written.
        """
        await self._hand_over(outcome, urgent=urgent).future

    def note(self, sample: Sample) -> None:
        """Let `sample` go with the next tick, or with the last one: it is worth none of its own.

        Nothing happens if nothing is written any more.
        """
        if self._failure is not None or self._closing:
            return
        self._notes.append(_Handover(sample))
        if len(self._notes) >= _MOST_NOTES:
            self._wake.set()

    async def aclose(self) -> None:
        """Write all that was handed over, then take nothing more. Cancellation waits for it."""
        self._closing = True
        self._hurry()
        cancelled = False
        while not self._worker.done():
            try:
                await asyncio.shield(self._worker)
            except asyncio.CancelledError:
                cancelled = True
        self._thread.shutdown()
        if cancelled:
            raise asyncio.CancelledError

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder")
        self._worker = asyncio.create_task(self._work(), name="recorder")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _hand_over(self, event: Event, *, urgent: bool = True) -> _Handover:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._closing:
            raise RuntimeError("the recorder is closed")
        handover = _Handover(event)
        self._queue.append(handover)
        if urgent:
            self._hurry()
        elif len(self._queue) == 1:
            self._wake.set()
        return handover

    def _hurry(self) -> None:
        if not self._urgent:
            self._urgent = True
            self._wake.set()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        begun_at = float("-inf")
        try:
            while self._queue or not self._closing:
                if not self._queue and len(self._notes) < _MOST_NOTES:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                await self._gathered(begun_at, loop)
                begun_at = loop.time()
                await self._tick(loop)
            if self._notes:
                await self._tick(loop)
        except Exception as error:  # noqa: BLE001  # it is raised to everyone who waits
            self._failure = error
            while self._queue:
                self._queue.popleft().resolve(error)

    async def _gathered(self, begun_at: float, loop: asyncio.AbstractEventLoop) -> None:
        """Returns when the next tick may begin, by when the last one did."""
        while True:
            pause = begun_at + (self._hurry_s if self._urgent else self._gather_s) - loop.time()
            if pause <= 0:
                return
            self._wake.clear()
            timer = loop.call_later(pause, self._wake.set)
            await self._wake.wait()
            timer.cancel()

    async def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        taken = self._take()
        try:
            await loop.run_in_executor(self._thread, self._write, taken, loop)
        except Exception as error:
            for handover in taken:
                handover.resolve(error)
            raise
        for handover in taken:
            handover.resolve()

    def _take(self) -> list[_Handover]:
        """All that waits, up to a bound on the lines that are rendered at once."""
        taken, self._notes = self._notes, []
        pairs = 0
        while self._queue and pairs < _MOST_PAIRS:
            handover = self._queue.popleft()
            taken.append(handover)
            if isinstance(handover.event, Outcome):
                pairs += size_of(handover.event.entry)
        self._urgent = self._closing or bool(self._queue)
        return taken

    def _write(self, taken: list[_Handover], loop: asyncio.AbstractEventLoop) -> None:
        """One tick, in the recorder's thread; only `call_soon_threadsafe` touches the loop."""
        intents = [handover for handover in taken if isinstance(handover.event, Intent)]
        if intents and self._space_is_short():
            words = f"{self._free >> 20} MiB are free, {self._margin_bytes >> 20} MiB must be"
            error = storage_failed(self._journal.run_dir, words)
            loop.call_soon_threadsafe(_resolve, intents, error)
            intents = []
            taken = [handover for handover in taken if not isinstance(handover.event, Intent)]
        self._journal.commit(handover.event for handover in taken)
        if intents:
            loop.call_soon_threadsafe(_resolve, intents)
        self._journal.publish()

    def _space_is_short(self) -> bool:
        now = self._clock()
        if now - self._looked_at >= _LOOK_EVERY_S:
            with translated(self._journal.run_dir):
                self._free = self._free_bytes()
            self._looked_at = now
        return self._free < self._margin_bytes


def _resolve(answered: list[_Handover], error: StorageFailed | None = None) -> None:
    for handover in answered:
        handover.resolve(error)
