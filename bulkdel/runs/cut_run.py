"""The run of a job that is cut into shards: planned, agreed to and looked at as any; sent by many.

On one machine its directory is held for the length of the command. Where a store says who sends
what, it is held while it is planned and agreed to, and then other machines work in it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from bulkdel.errors import Busy
from bulkdel.job.job import Job
from bulkdel.job.secrets import read_login
from bulkdel.ledger.circumstances import Consent
from bulkdel.ledger.lock import hold
from bulkdel.plan.cut import Cut, Shard
from bulkdel.plan.read import read_plan_meta
from bulkdel.plan.values import PlanMeta
from bulkdel.report.status import Status
from bulkdel.runs.beside import NOBODY_ASKED
from bulkdel.runs.canary import is_open
from bulkdel.runs.cut import choose_cut, has_begun
from bulkdel.runs.destinations import secret_of
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.leases import register_run
from bulkdel.runs.look_shards import Looks
from bulkdel.runs.notes import keep_agreed
from bulkdel.runs.run import Run
from bulkdel.runs.seams import Say
from bulkdel.runs.shards import shard_job
from bulkdel.runs.status import look

PLANNING_MOST_S: Final = 900.0
"""How long a worker waits for another that plans the run."""


class CutRun(Run):
    """A run that is cut, in this order: `plan`, `begin`, `agree`; then supervise its senders.

    Attributes:
        cut: once it is planned.
        began_s: when the command began, by the clock of the store; 0 without one.
        new_store: whether the store has lost its tables.
    """

    cut: Cut
    began_s = 0.0
    new_store = False

    def plan(self, say: Say) -> PlanMeta:
        """The whole plan, over all shards: the one that is there, or a new one; as of any run."""
        self._say, self._looks = say, Looks()
        for words in self._warnings:
            say(f"Warning: {words}.")
        with nothing_sent():
            self._begun = has_begun(self._job)
            self.cut = choose_cut(self._job, say, begun=self._begun)
        self._meta = self.cut.meta
        return self._meta

    def begin(self, meta: PlanMeta) -> Status:
        """How things stand; the store, where there is one, knows the run from now on.

        Raises:
            WrongInput: a secret is not there, or the store does not go with this process.
        """
        with nothing_sent():
            status = look(self._job, held=True, meta=meta, looks=self._looks)
            for target in self._job.targets if status.unsettled else ():
                secret_of(target)
                read_login(target)
            if self._job.cluster and self._job.cluster.store_env and self.open_shards(status):
                self.began_s = register_run(self._job, self.cut, new_store=self.new_store)
        return status

    def agree(self, consent: Consent) -> None:
        """Keeps it durably, for all that send of this run; with a store, lets the directory go."""
        super().agree(consent)
        keep_agreed(self._job, self._meta, consent)
        if self._job.cluster and self._job.cluster.store_env:
            self._stack.close()

    @property
    def consent(self) -> Consent:
        """How somebody agreed to the plan; nobody, where nothing is left to delete."""
        return self._consent or NOBODY_ASKED

    def status(self) -> Status:
        """How things stand now, over all shards."""
        return look(self._job, held=True, meta=self._meta, looks=self._looks)

    def open_shards(self, status: Status) -> tuple[Shard, ...]:
        """The shards of which something is left, or whose canary was not let on."""
        return tuple(
            shard
            for shard, seen in zip(self.cut.shards, status.shards, strict=True)
            if seen.settled < seen.pairs or self._canary_is_open(shard)
        )

    def _canary_is_open(self, shard: Shard) -> bool:
        if self._job.canary is None:
            return False
        job = shard_job(self._job, shard)
        meta = read_plan_meta(job.run_dir)
        return meta is not None and is_open(job, meta)


def leave_for(status: Status, limit: int | None) -> dict[str, int]:
    """How many pairs each shard leaves, so that all together settle `limit`: as even as can be."""
    if limit is None:
        return {}
    open_ones = sorted(
        ((one.pairs - one.settled, one.name) for one in status.shards), key=lambda one: one[0]
    )
    leave, left = {}, limit
    for at, (unsettled, name) in enumerate(open_ones):
        share = min(unsettled, -(-left // (len(open_ones) - at)))
        leave[name], left = unsettled - share, left - share
    return leave


@contextmanager
def held_cut(job: Job, say: Say, *, patient: bool, new_store: bool) -> Iterator[CutRun]:
    """Holds the job's run directory, made if need be; `patient`: waits for a worker that plans.

    `new_store`: see register_run.

    Raises:
        Busy, WrongInput: as `held_run`.
    """
    with ExitStack() as stack:
        with nothing_sent():
            try:
                warnings = stack.enter_context(hold(job.run_dir))
            except Busy as busy:
                if not patient:
                    raise
                say(f"Waiting: {busy.what}.")
                warnings = stack.enter_context(hold(job.run_dir, patience_s=PLANNING_MOST_S))
        run = CutRun(job, stack, warnings)
        run.new_store = new_store
        yield run
