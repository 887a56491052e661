"""A shard that this process has taken: opened, and sent like a run, without a person beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.lease.values import Ownership, Taken
from bulkdel.ledger.lock import hold
from bulkdel.plan.read import plan_sha256
from bulkdel.plan.values import PlanMeta
from bulkdel.report.status import at_rest
from bulkdel.runs import background
from bulkdel.runs.control import Obeys
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.live import SELDOM_S
from bulkdel.runs.log import log_of
from bulkdel.runs.names import names_of
from bulkdel.runs.plan import ChosenPlan
from bulkdel.runs.run import Run
from bulkdel.runs.shards import part_plan
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import LaneView


class ShardRun(Run):
    """A shard held by this process: `open`, `agree`, then the phases of a run; see `held_shard`."""

    def __init__(self, job: Job, taken: Taken, ownership: Ownership, stack: ExitStack) -> None:
        """The shard whose job is `job`; see shard_job."""
        super().__init__(job, stack, (), ownership=ownership)
        self._taken = taken
        self._hands = taken.epoch

    def open(self) -> PlanMeta:
        """Its plan, and its journal, brought into agreement with its ledger.

        Its input is not looked at: that is done for all shards, where the run is begun.

        Raises:
            Busy: somebody reads the journal now, or another run sends to an app of it.
            Corrupt: a file of it is not what was written.
            WrongInput: it was begun with another store or another app; or its secret is not there.
        """
        with nothing_sent():
            run_dir = self._job.run_dir
            meta = part_plan(self._job)
            sha256 = background.begin(lambda: plan_sha256(run_dir), "plan-digest")
            self._chosen = ChosenPlan(meta=meta, sha256=sha256)
            self._open(meta)
            self._live = self._word_since(_now_ms())
            self._live.views = self._views(meta)
            self._begun = self._journal.begun
            if not self._begun:  # of one that has begun, the whole file's hash is known
                self._plan.compare()
        return meta

    def _views(self, meta: PlanMeta) -> list[LaneView]:
        """The lanes before anything of them is sent, with what was settled before."""
        qps = {target.name: target.qps for target in self._job.targets}
        opening = LaneState(doing=Doing.OPENING)
        return [
            replace(
                at_rest(share.target, qps=qps[share.target], state=opening),
                pairs=share.pairs,
                counters=self._journal.counters(index),
            )
            for index, share in enumerate(meta.shares)
        ]

    @asynccontextmanager
    async def listening(self, work: Obeys, warn: Callable[[str], None]) -> AsyncIterator[None]:
        """Nobody speaks to a shard alone: what the run is told reaches `work` by its owner.

        Meanwhile status.json says that the shard has one, also where none of its lanes sends.
        """
        del work, warn
        keeper = asyncio.create_task(self._keep_word(), name="word")
        try:
            yield
        finally:
            keeper.cancel()

    async def _keep_word(self) -> None:
        while True:
            if self._live is not None and (write := self._live.overdue(_now_ms())):
                with suppress(OSError):
                    await asyncio.to_thread(write)
            await asyncio.sleep(SELDOM_S)

    def _follows_calls(self) -> bool:
        return self._taken.follows or super()._follows_calls()

    def say_ended(self) -> None:
        """Leave word that this process lets go of the shard in good order, if it sent."""
        if self._live is not None:
            with suppress(OSError):
                self._live.end(_now_ms())


@contextmanager
def held_shard(
    job: Job, taken: Taken, fence: Callable[[], None], *, alone: bool
) -> Iterator[ShardRun]:
    """Holds a shard's run directory for the length of a with block.

    Args:
        job: the shard's; see shard_job.
        taken: as the store gave it.
        fence: returns only while this process may send and write.
        alone: whether nobody else may read the journal meanwhile, as on a folder that machines
            share; then the epoch is compared as well.

    Raises:
        Busy: another process holds it.
        WrongInput: it is of no use; see `hold`.
    """
    ownership = Ownership(fence=fence, alone=alone, epoch=taken.epoch if alone else 0)
    with ExitStack() as stack:
        with nothing_sent():
            fence()
            stack.enter_context(hold(job.run_dir))
            run = ShardRun(job, taken, ownership, stack)
            with suppress(OSError):  # the log is no record
                run.log_to(
                    stack.enter_context(log_of(job.run_dir / files.LOG, names_of(job, make=True)))
                )
        yield run
        run.say_ended()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
