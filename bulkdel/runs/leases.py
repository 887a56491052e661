"""The store of a run's leases, as [cluster] names it: PostgreSQL, and imported only then."""

from __future__ import annotations

import os
import platform
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from bulkdel.errors import BulkdelError, WrongInput
from bulkdel.job.job import Job, Reach, Target
from bulkdel.job.secrets import store_address
from bulkdel.lease.fence import Fence
from bulkdel.lease.values import Member, ShardRow
from bulkdel.ledger.history import open_history
from bulkdel.plain import storable
from bulkdel.plan.cut import Cut, Shard, shard_dir
from bulkdel.report.version import version
from bulkdel.runs.pipe import Orders

if TYPE_CHECKING:
    from bulkdel.lease.postgres import PostgresStore


def register_run(job: Job, cut: Cut, *, new_store: bool) -> float:
    """Tells the store of the run's shards; when this command begins, by the store's clock.

    `new_store`: the store's tables were lost: it is told how often each shard was taken before.

    Raises:
        WrongInput: there is no such store, or it does not go with this process; nothing was sent.
    """
    from bulkdel.lease.orders import register

    rows = [_row(job, shard, taken=new_store) for shard in cut.shards]
    began_s = register(store_address(job), cut.run_id, storable(str(job.run_dir)), rows)
    trial = _store(job, cut, str(uuid.uuid4()), began_s, Fence())
    try:
        trial.join()
        trial.leave()
    except BulkdelError as error:
        raise WrongInput(error.what, where=error.where, mend=error.mend) from error
    return began_s


def store_of(orders: Orders, fence: Fence) -> PostgresStore:
    """The store as a sender asks it."""
    return _store(orders.job, orders.cut, orders.session, orders.began_s, fence)


def end_session(job: Job, session: str) -> None:
    """The sender with this session is dead for sure; where the store is away, its lease ends it."""
    from bulkdel.lease.orders import end_session as end

    with suppress(BulkdelError):
        end(store_address(job), session)


def _store(job: Job, cut: Cut, session: str, began_s: float, fence: Fence) -> PostgresStore:
    from bulkdel.lease.postgres import PostgresStore

    if job.cluster is None:
        raise AssertionError(f"{job.name} is not cut into shards")
    member = Member(
        run_id=cut.run_id,
        session=session,
        host=platform.node(),
        pid=os.getpid(),
        version=version(),
        lease_s=job.cluster.lease_s,
        timeout_s=job.retry.timeout_s,
        began_s=began_s,
    )
    return PostgresStore(store_address(job), member, fence)


def _row(job: Job, shard: Shard, *, taken: bool) -> ShardRow:
    targets = [one for one in job.targets if one.name in shard.targets]
    sliced = shard.slices > 1
    return ShardRow(
        name=shard.name,
        apps=tuple(_app(one) for one in targets if one.reach is not Reach.EMULATOR),
        qps=sum(one.qps for one in targets) / shard.slices,
        slice_of=shard.targets[0] if sliced else "",
        target_qps=targets[0].qps if sliced else 0.0,
        epoch=_epoch(job, shard) if taken else 0,
    )


def _app(target: Target) -> str:
    return f"{target.provider} {target.app_id} at {target.address}"


def _epoch(job: Job, shard: Shard) -> int:
    with open_history(shard_dir(job, shard)) as history:
        return 0 if history is None else history.epoch()
