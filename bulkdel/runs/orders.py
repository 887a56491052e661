"""What an operator tells those that send of a run: over its socket, or through the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bulkdel.errors import WrongInput
from bulkdel.job.job import Job
from bulkdel.job.secrets import store_address
from bulkdel.lease.values import Order, Pause, Resume, SlowTo, Standing
from bulkdel.plan.cut import read_cut
from bulkdel.report.figures import counted
from bulkdel.runs.control import ask, refuse_rate


def give(job: Job, order: Order) -> str:
    """Tells whoever sends of the run of `job`; what there is to say.

    With a store it holds for those that begin later as well, and reaches each at its next renewal.

    Raises:
        WrongInput: no process works on the run, it does not answer or refuses; or the store is not
            there, or does not know the run.
    """
    if job.cluster is None or job.cluster.store_env is None:
        return ask(job.run_dir, _request(order))
    cut = read_cut(job.run_dir)
    if cut is None:
        raise WrongInput(
            "there is no plan yet, so nothing is sent", where=job.run_dir, mend="run it first"
        )
    ceilings = {target.name: target.qps for target in job.targets}
    if isinstance(order, SlowTo):
        refuse_rate(order.target, order.qps, ceilings)
        if order.qps == ceilings[order.target]:
            order = SlowTo(target=order.target, qps=None)
    from bulkdel.lease.orders import tell  # psycopg: only where there is a store

    return _words(order, tell(store_address(job), cut.run_id, order), ceilings)


def _request(order: Order) -> Mapping[str, Any]:
    match order:
        case Pause():
            return {"do": "pause"}
        case Resume():
            return {"do": "resume"}
        case SlowTo():
            return {"do": "rate", "target": order.target, "qps": order.qps}


def _words(order: Order, standing: Standing, ceilings: Mapping[str, float]) -> str:
    done = "Sending again."
    match order:
        case Pause():
            done = "Paused until `bulkdel resume`: calls in flight finish, nothing more is sent."
        case Resume():
            pass
        case SlowTo(target=name, qps=qps):
            done = f"{name}: at most {qps or ceilings[name]:g} calls/s, of all processes together."
    owners = counted(standing.owners, "process", "processes")
    if not standing.owners:
        return f"{done} No process works on this run now; it holds for those that begin."
    return f"{done} {owners} will know it within {standing.within_s:g} s."
