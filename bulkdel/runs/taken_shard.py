"""A shard that this process has taken: opened, and sent like a run, without a person beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, nullcontext, suppress

from bulkdel import files
from bulkdel.errors import Corrupt
from bulkdel.job.job import Job
from bulkdel.lease.values import Taken
from bulkdel.ledger.lock import hold
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.control import Obeys
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.log import log_of
from bulkdel.runs.plan import ChosenPlan
from bulkdel.runs.run import Run


class TakenShard(Run):
    """A shard held by this process: `open`, `agree`, then the phases of a run."""

    def __init__(self, job: Job, taken: Taken, stack: ExitStack) -> None:
        """The shard whose job is `job`."""
        super().__init__(job, stack, ())
        self._taken = taken

    def open(self) -> PlanMeta:
        """Its plan, and its journal, brought into agreement with its ledger."""
        with nothing_sent():
            meta = read_plan_meta(self._job.run_dir)
            if meta is None:
                raise Corrupt("the plan of this shard is gone", where=self._job.run_dir)
            self._chosen = ChosenPlan(meta=meta, compare=True)
            self._open(meta)
        return meta

    def listening(
        self, work: Obeys, warn: Callable[[str], None]
    ) -> AbstractAsyncContextManager[None]:
        """Nobody speaks to a shard alone: what the run is told reaches `work` by its owner."""
        del work, warn
        return nullcontext()

    def _follows_calls(self) -> bool:
        return self._taken.follows or super()._follows_calls()


@contextmanager
def held_shard(
    job: Job, taken: Taken, fence: Callable[[], None], *, alone: bool
) -> Iterator[TakenShard]:
    """Holds a shard's run directory for the length of a with block. The fence is not asked yet."""
    del fence, alone
    with ExitStack() as stack:
        with nothing_sent():
            stack.enter_context(hold(job.run_dir))
            run = TakenShard(job, taken, stack)
            with suppress(OSError):  # the log is no record
                run._log = stack.enter_context(log_of(job.run_dir / files.LOG))  # noqa: SLF001
        yield run
