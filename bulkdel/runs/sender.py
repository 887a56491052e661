"""A process that sends shards: takes what is free, carries each as a run is carried, gives it back.

    take ─▶ shard's own run directory, journal, log ─▶ its phases ─▶ settled, free or ended
      └── as many at once as fit a process (WORKER_QPS), and never more than its fair share

What goes wrong with one shard ends that shard and no other. It is told what to do by its
supervisor, through the pipe, and by the store, at each renewal.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from posix import _exit as exit_now
from typing import Any, Final, TypeVar

from bulkdel.errors import BulkdelError, Busy, Exit, Guarded, StoreAway, StoreBehind
from bulkdel.job.job import Job, Target
from bulkdel.lease.values import Left, Nothing, Store, Taken, Told
from bulkdel.plan.cut import WORKER_QPS, Shard
from bulkdel.runs.carrier import Carrier
from bulkdel.runs.failures import leaf, unexpected
from bulkdel.runs.log import trace
from bulkdel.runs.phases import all_ended, phases
from bulkdel.runs.pipe import Orders, Pipe, PipeStore
from bulkdel.runs.shard_run import held_shard
from bulkdel.runs.shards import shard_job
from bulkdel.send.view import End, Ending

TURN_S: Final = 1.0
"""Seconds between two looks at what is to be done, and of a pause before something is tried again;
with a store that several machines ask, half of it more or less."""
BUSY_MOST: Final = 120
"""Tries, TURN_S apart, after which a shard that another process still holds is left."""
THREADS: Final = 32
"""For all that shards do beside sending: opening, planning, closing."""
_NOT_LET_ON: Final = "the canary is as it should be, and the rest was not let on: --go-on does that"
_GIVEN_UP: Final = "given to another process"

_T = TypeVar("_T")


@dataclass(slots=True)
class _Held:
    """A shard that this process has, and its targets, each whole; `carrier` once it is open."""

    shard: Shard
    job: Job
    targets: tuple[Target, ...]
    carrier: Carrier | None = None
    stopped: tuple[End, str] | None = None

    def stop(self, end: End, words: str) -> None:
        """Send nothing more of it."""
        self.stopped = self.stopped or (end, words)
        if self.carrier is not None:
            self.carrier.stop(*self.stopped)

    def hear(self, told: Told, *, shared: bool) -> None:
        """Do as the store says; `shared`: it says, too, what a slice may send."""
        if self.shard.name in told.give_back:
            self.stop(End.STOPPED, _GIVEN_UP)
        if self.carrier is None:
            return
        rates = {one.name: min(one.qps, told.rates.get(one.name, one.qps)) for one in self.targets}
        if self.shard.slices > 1:
            [(name, qps)] = rates.items()
            share = told.shares.get(self.shard.name, 0.0) if shared else qps / self.shard.slices
            rates = {name: min(qps, share)}
        if told.paused or not all(rates.values()):
            self.carrier.pause(told.by)
        else:
            self.carrier.slow_to(rates)
            self.carrier.resume()


class Sender:
    """What one such process does, from its first order to its end."""

    def __init__(
        self, orders: Orders, pipe: Pipe, store: Store, fence: Callable[[], None], *, alone: bool
    ) -> None:
        """It asks `store`; `alone`: other machines may work in folders of the run, too."""
        self._orders, self._pipe, self._store, self._fence = orders, pipe, store, fence
        self._alone = alone
        self._shards = {one.name: one for one in orders.cut.shards}
        self._held: dict[str, _Held] = {}
        self._busy: dict[str, int] = {}
        self._told = Told()
        self._stopped: tuple[End, str] | None = None
        self._wrong: BulkdelError | None = None
        self._store_calls = ThreadPoolExecutor(1, "store")

    async def run(self, tell: Callable[[Callable[[str], None]], None]) -> None:
        """Send until nothing is left to take, or it is stopped; `tell` takes who hears a signal.

        Raises:
            StoreAway: it could not begin.
            WrongInput: as `Store.join`; or the store knows no more of the run.
        """
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, "shards"))
        self._woken = asyncio.Event()
        self._pipe.listen(lambda order: _soon(loop, partial(self._obey, order)))
        tell(lambda by: _soon(loop, partial(self._stop, End.STOPPED, f"stopped by {by}")))
        keepers = [asyncio.create_task(self._keep_alive())]
        try:
            await self._ask(self._store.join)
            keepers.append(asyncio.create_task(self._keep_told()))
            async with asyncio.TaskGroup() as group:
                await self._take_all(group)
            with suppress(StoreAway):  # the session ends by itself
                await self._ask(self._store.leave)
            if self._wrong is not None:
                raise self._wrong
        finally:
            for keeper in keepers:
                keeper.cancel()

    def _obey(self, order: Mapping[str, Any]) -> None:
        match order:
            case {"do": "stop", "end": end, "words": str(words)}:
                self._stop(End(end), words)
            case {"do": "told", "told": told} if isinstance(self._store, PipeStore):
                self._store.hear(told)
            case {"do": "gone"}:
                if self._stopped:  # who stopped us did not wait: nor do we
                    exit_now(Exit.LEFT)
                self._stop(End.STOPPED, "the process that began this one is gone")
            case _:
                pass
        self._woken.set()

    def _stop(self, end: End, words: str) -> None:
        self._stopped = self._stopped or (end, words)
        for held in self._held.values():
            held.stop(*self._stopped)
        self._woken.set()

    async def _take_all(self, group: asyncio.TaskGroup) -> None:
        while not self._stopped:
            used = sum(
                one.qps / held.shard.slices for held in self._held.values() for one in held.targets
            )
            got: Taken | Nothing = Nothing(over=False)
            if not self._held or used < WORKER_QPS:
                try:
                    got = await self._ask(
                        self._store.take, frozenset(self._held), max(0.0, WORKER_QPS - used)
                    )
                except StoreAway:  # what is held is sent on, until the fence ends it
                    pass
                except BulkdelError as error:  # nothing more will ever be taken
                    self._wrong = error
                    self._stop(End.STOPPED, str(error))
                    return
            match got:
                case Taken(shard=name):
                    shard = self._shards[name]
                    # What was said of it when it was here before says nothing now.
                    shares = {one: qps for one, qps in self._told.shares.items() if one != name}
                    self._told = replace(self._told, shares=shares)
                    self._held[name] = self._of(shard)
                    self._pipe.tell(took=name)
                    group.create_task(self._carry(got, self._held[name]), name=f"shard-{name}")
                    continue
                case Nothing(over=True) if not self._held:
                    return
                case Nothing(why=why):
                    if why:
                        self._pipe.tell(say=f"Waiting: {why}.")
            await self._wait_turn()

    def _of(self, shard: Shard) -> _Held:
        job = shard_job(self._orders.job, shard)
        whole = tuple(one for one in self._orders.job.targets if one.name in shard.targets)
        if self._alone:  # the store says what of its target's rate a slice has now
            qps = {one.name: one.qps for one in whole}
            targets = tuple(replace(one, qps=qps[one.name]) for one in job.targets)
            job = replace(job, targets=targets)
        return _Held(shard, job, whole)

    async def _wait_turn(self) -> None:
        self._woken.clear()
        spread = random.uniform(0.5, 1.5) if self._alone else 1.0
        with suppress(TimeoutError):
            async with asyncio.timeout(TURN_S * spread):
                await self._woken.wait()

    async def _carry(self, taken: Taken, held: _Held) -> None:
        """Sends a shard, and gives it back; raises nothing."""
        left, message = Left.FREE, dict[str, Any]()
        try:
            if not self._stopped:
                left, message = await self._sent(taken, held)
        except Busy as busy:  # what is left of an earlier process is still at its last calls
            tries = self._busy[taken.shard] = self._busy.get(taken.shard, 0) + 1
            self._pipe.tell(say=f"Waiting: {busy.what}.")
            await asyncio.sleep(TURN_S)
            if tries >= BUSY_MOST:
                left, message = Left.ENDED, _failed(held.job, busy)
        except StoreBehind as error:
            left, message = Left.REFUSED, _failed(held.job, error)
        except Exception as error:  # noqa: BLE001  # the other shards go on
            left, message = Left.ENDED, _failed(held.job, leaf(error))
        self._pipe.tell(shard=taken.shard, left=left, **message)
        await self._insist(self._store.give_back, taken, left)
        del self._held[taken.shard]
        self._woken.set()

    async def _sent(self, taken: Taken, held: _Held) -> tuple[Left, dict[str, Any]]:
        job, name, stack = held.job, taken.shard, ExitStack()
        opening = held_shard(job, taken, self._fence, alone=self._alone)
        try:
            run = await asyncio.to_thread(stack.enter_context, opening)
            meta = await asyncio.to_thread(run.open)
            run.agree(self._orders.consent)
            leave, limit = self._orders.leave.get(name), None
            if leave is not None:
                limit = max(0, run.unsettled - leave)
            say = partial(self._say, name)
            steps = phases(job, run, meta, say=say, limit=limit, go_on=self._orders.go_on)
            held.carrier = Carrier(job, run, _NOT_LET_ON, None, None)
            if held.stopped:
                held.carrier.stop(*held.stopped)
            held.hear(self._told, shared=self._alone)
            ending = await held.carrier.carry_out(steps)
            over = all(lane.end is End.FINISHED for lane in ending.lanes) and not run.unsettled
        finally:
            await asyncio.to_thread(stack.close)
        left = Left.SETTLED if over else Left.FREE if held.stopped else Left.ENDED
        return left, {"lanes": lanes_told(ending), "asks": held.carrier.asks}

    def _say(self, shard: str, words: str) -> None:
        self._pipe.tell(say=f"Shard {shard}: {words}")

    async def _keep_told(self) -> None:
        while True:
            try:
                self._told = await self._ask(self._store.renew)
            except StoreAway as away:
                self._pipe.tell(away=str(away))
            for held in self._held.values():
                held.hear(self._told, shared=self._alone)
            await self._wait_turn()

    async def _keep_alive(self) -> None:
        """Shows that the loop turns, and how many calls are in flight."""
        while True:
            calls = sum(one.carrier.in_flight() for one in self._held.values() if one.carrier)
            await asyncio.to_thread(self._pipe.tell, in_flight=calls)
            await asyncio.sleep(TURN_S)

    async def _ask(self, call: Callable[..., _T], *given: Any) -> _T:
        """One call of the store at a time, in the thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._store_calls, call, *given)

    async def _insist(self, call: Callable[..., None], *given: Any) -> None:
        """Until the store has taken it, or this process's lease is over and the fence ends it."""
        while True:
            try:
                return await self._ask(call, *given)
            except StoreAway:
                if isinstance(self._store, PipeStore):  # there is nobody to tell any more
                    return None
                self._fence()
            await asyncio.sleep(TURN_S)


def lanes_told(ending: Ending) -> list[tuple[str, str, str, int | None]]:
    """How the targets of a shard ended, as JSON can hold it."""
    return [(one.target, str(one.end), one.words, one.code) for one in ending.lanes]


def _failed(job: Job, error: Exception) -> dict[str, Any]:
    """How a shard ended that an error stopped."""
    match error:
        case Guarded():
            end, words = End.GUARD, str(error)
        case BulkdelError():
            end, words = End.STORAGE, str(error)
        case _:
            end, words = End.CRASHED, unexpected(error)
    ending = all_ended(job, end, words)
    more = {} if isinstance(error, BulkdelError) else {"trace": trace(error)}
    return {"lanes": lanes_told(ending), **more}


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop is closed: there is nothing left to do
        loop.call_soon_threadsafe(call)
