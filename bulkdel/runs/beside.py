"""A run beside a run: its folder, its plan, and what its calls do, sent as the run itself is.

Its folder is one of the run directory, with a lock, plan, journal, ledger and log of its own. It is
held only while the run's own directory is: one process works in it, and all calls of a target share
its rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bulkdel.errors import Corrupt
from bulkdel.job.job import NOBODY, Job, Target
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.ledger.lock import hold
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.providers import PROVIDERS
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.plan import ChosenPlan
from bulkdel.runs.run import Run
from bulkdel.send.deed import Deed
from bulkdel.words import Errand, Operation, Orient

if TYPE_CHECKING:
    from bulkdel.emulator.server import EmulatorServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One kind of run beside a run.

    Attributes:
        folder: its name in the run directory.
        errand: what its calls do.
        make: plans it, in its folder, which is held then; given its job.
        deed_of: what the calls of a target do.
    """

    folder: str
    errand: Errand
    make: Callable[[Job], PlanMeta]
    deed_of: Callable[[Target], Deed]


class SideRun(Run):
    """A run beside a run, held by this process. `begin`, `agree` where need be, `send`."""

    def __init__(self, job: Job, side: Side, stack: ExitStack, beside: Job) -> None:
        """The run of `side`, whose job is `job`, beside the run of the job `beside`."""
        super().__init__(job, stack, ())
        self._side, self._deed_of = side, side.deed_of
        self._beside = beside
        self._consent = Consent(how=Agreement.NOT_NEEDED, at_ms=None, command="")

    def open(self) -> PlanMeta:
        """Its plan, made if there is none, and its journal, brought into agreement with its ledger.

        Raises:
            Corrupt: a file of it is not what was written.
            WrongInput: it cannot be planned; or its secret is not there.
        """
        with nothing_sent():
            meta = read_plan_meta(self._job.run_dir)
            if meta is None and self._begun:
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

    def _stand_in(self, target: Target) -> EmulatorServer:
        from bulkdel.runs.stand_in import stand_in  # a web server: only where wanted

        return stand_in(self._beside, target)


@contextmanager
def held_side(job: Job, side: Side) -> Iterator[SideRun]:
    """Holds the folder of a run beside the run of `job`, whose own directory is held already.

    Raises:
        Busy, WrongInput: as `held_run`.
    """
    beside = side_job(job, side.folder, side.errand)
    with ExitStack() as stack:
        with nothing_sent():
            stack.enter_context(hold(beside.run_dir))
            run = SideRun(beside, side, stack, job)
        yield run


def side_job(job: Job, folder: str, errand: Errand) -> Job:
    """The job of a run beside a run: its own directory, and the rates and sizes of its own calls.

    No guard counts in it but the protected accounts, and nobody is told of it.
    """
    return replace(
        job,
        run_dir=job.run_dir / folder,
        run_dir_named=True,
        orient=Orient.AS_GIVEN,
        guards=replace(job.guards, max_pairs=None, max_failure_ratio=None),
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
