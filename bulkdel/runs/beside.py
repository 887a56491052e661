"""A run beside a run: its folder, its plan, and what its calls do, sent as the run itself is.

Its folder is one of the run directory, with a lock, plan, journal, ledger and log of its own. It is
held only while the run's own directory is: one process works in it, and all calls of a target share
its rate.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bulkdel import files
from bulkdel.errors import Corrupt
from bulkdel.job.job import NOBODY, Job, Target
from bulkdel.lease.values import OURS
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.closing import MOST_ENTRIES, MOST_PAIRS, close_entries
from bulkdel.ledger.history import begun, snapshot
from bulkdel.ledger.lock import hold
from bulkdel.ledger.values import Closure, Group
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.runs.circumstances import circumstances
from bulkdel.runs.control import Obeys
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.log import log_of
from bulkdel.runs.names import names_of
from bulkdel.runs.plan import ChosenPlan
from bulkdel.runs.run import Run
from bulkdel.send.deed import Deed
from bulkdel.send.view import End, Ending, LaneEnd
from bulkdel.words import Errand, Operation, Orient

if TYPE_CHECKING:
    from bulkdel.emulator.server import EmulatorServer


NOBODY_ASKED: Final = Consent(how=Agreement.NOT_NEEDED, at_ms=None, command="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One kind of run beside a run.

    Attributes:
        folder: its name in the run directory.
        errand: what its calls do.
        make: plans it, in its folder, which is held then; given its job.
        deed_of: what the calls of a target do.
        gives_up: whether what made no progress in all tries is settled as failed, so that it ends.
    """

    folder: str
    errand: Errand
    make: Callable[[Job], PlanMeta]
    deed_of: Callable[[Target], Deed]
    gives_up: bool = False


class SideRun(Run):
    """A run beside a run, held by this process: `open`, `agree` where need be, `send`."""

    def __init__(
        self, job: Job, side: Side, stack: ExitStack, beside: Job, run: Run | None
    ) -> None:
        """The run of `side`, whose job is `job`, beside `run`, of the job `beside`."""
        # The run's own journal has compared the epoch.
        ownership = OURS if run is None else replace(run.ownership, epoch=0)
        super().__init__(job, stack, (), ownership=ownership)
        self._side, self._deed_of = side, side.deed_of
        self._beside, self._run = beside, run
        self._consent = NOBODY_ASKED

    def open(self) -> PlanMeta:
        """Its plan, made if there is none, and its journal, brought into agreement with its ledger.

        Raises:
            Corrupt: a file of it is not what was written.
            WrongInput: it cannot be planned; or its secret is not there.
        """
        with nothing_sent():
            self.ownership.fence()
            meta = read_plan_meta(self._job.run_dir)
            if meta is None and begun(self._job.run_dir):
                raise Corrupt(
                    "the plan is gone, but calls of it have left", where=self._job.run_dir
                )
            meta = meta or self._side.make(self._job)
            if meta.fingerprint.operation is not self._side.errand:
                what = f"the plan is to {meta.fingerprint.operation}, not to {self._side.errand}"
                raise Corrupt(what, where=self._job.run_dir)
            self._chosen = ChosenPlan(meta=meta, compare=True)
            self._open(meta)
        return meta

    def listening(
        self, work: Obeys, warn: Callable[[str], None]
    ) -> AbstractAsyncContextManager[None]:
        """As the run itself does."""
        if self._run is not None:
            return self._run.listening(work, warn)
        return super().listening(work, warn)

    @property
    def _main_job(self) -> Job:
        return self._beside

    def _follows_calls(self) -> bool:
        return True  # those of the run, or of another one beside it

    def give_up(self, ending: Ending) -> Ending:
        """What is left of targets whose tries are used up, settled as failed with its last code.

        Nothing else: neither what a stop or an outage has left, nor a target of which there is
        anything that no call has carried. Returns how the sitting ended with that.

        Raises:
            StorageFailed: it could not be written.
        """
        seen = snapshot(self._job.run_dir)
        if seen is None or not self._side.gives_up:
            return ending
        lanes = list(ending.lanes)
        for index, (share, lane) in enumerate(zip(self._meta.shares, ending.lanes, strict=True)):
            left = share.pairs - self._journal.counters(index).settled
            if lane.end is End.LEFT and seen.carried[share.target].first == left:
                end = share.first + share.batches
                close_entries(self._journal, self._plan.scan, index, share.first, end, _now_ms)
                lanes[index] = LaneEnd(target=share.target, end=End.FINISHED, words="")
        if (given_up := Ending(lanes=tuple(lanes))) != ending:
            self._note_end(given_up.lanes)
        return given_up

    def settle(self, known: Iterable[tuple[int, int, tuple[Group, ...]]]) -> None:
        """Settles without a call what is known of some items, as far as they are unsettled.

        It may be cut short at any moment and called again. Where nothing is left, it has ended.

        Args:
            known: ordinal, index of the target, and the groups, each with its positions.

        Raises:
            StorageFailed, WrongInput: it could not be written.
        """
        events: dict[int, Closure] = {}
        pairs, left = 0, self.unsettled
        with nothing_sent():
            for ordinal, target, groups in known:
                if pairs >= MOST_PAIRS or len(events) >= MOST_ENTRIES or ordinal in events:
                    self._write(events.values())
                    events, pairs = {}, 0
                if ordinal in self._journal.settled:
                    continue
                events[ordinal] = Closure(
                    entry=self._plan.entry(ordinal),
                    target=target,
                    code=0,
                    info="",
                    at_ms=_now_ms(),
                    groups=groups,
                )
                pairs += sum(len(group.items or ()) for group in groups)
            self._write(events.values())
            if left and not self.unsettled:
                how = circumstances(self._consent or NOBODY_ASKED, sends=False)
                self._journal.start_sitting(_now_ms(), os.getpid(), how)
                self._note_end(ended(self._meta).lanes)

    def _write(self, events: Collection[Closure]) -> None:
        if events:
            self._journal.commit(events)
            self._journal.publish()

    def _stand_in(self, target: Target) -> EmulatorServer:
        from bulkdel.runs.stand_in import stand_in  # a web server: only where wanted

        return stand_in(self._beside, target)


def ended(meta: PlanMeta) -> Ending:
    """The end of a run beside a run in which nothing was left to send."""
    lanes = (LaneEnd(target=one.target, end=End.FINISHED, words="") for one in meta.shares)
    return Ending(lanes=tuple(lanes))


@contextmanager
def held_side(job: Job, side: Side, run: Run | None = None) -> Iterator[SideRun]:
    """Holds the folder of a run beside the run of `job`, whose own directory is held already.

    `run` is that one, where its journal is open; the side is owned as it is.

    Raises:
        Busy, WrongInput: as `held_run`.
    """
    beside = side_job(job, side.folder, side.errand)
    with ExitStack() as stack:
        with nothing_sent():
            stack.enter_context(hold(beside.run_dir))
            made = SideRun(beside, side, stack, job, run)
            with suppress(OSError):  # the log is no record
                made.log_to(
                    stack.enter_context(
                        log_of(beside.run_dir / files.LOG, names_of(job, make=True))
                    )
                )
        yield made


def side_job(job: Job, folder: str, errand: Errand) -> Job:
    """The job of a run beside a run: its own directory, and the rates and sizes of its own calls.

    No guard counts in it, since it deletes nothing: whoever is on a list that was cleared may be a
    protected account, and is asked for and put back as others are. Nobody is told of it.
    """
    guards = replace(
        job.guards, protect=(), protect_files=(), max_pairs=None, max_failure_ratio=None
    )
    return replace(
        job,
        run_dir=job.run_dir / folder,
        run_dir_named=True,
        orient=Orient.AS_GIVEN,
        guards=guards,
        notify=NOBODY,
        targets=tuple(_side_target(one, job.operation, errand) for one in job.targets),
    )


def _side_target(target: Target, operation: Operation, errand: Errand) -> Target:
    """At the ceiling of its own calls, and within what the target says of all of its calls."""
    limits = PROVIDERS[target.provider].limits[errand]
    batch_size = limits.batch_size
    if operation is Operation.DELETE_FRIENDS:
        batch_size = min(target.batch_size, limits.batch_size_most)
    return replace(target, qps=min(target.qps, limits.qps), batch_size=batch_size)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
