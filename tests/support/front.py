"""Values made by hand for what people see: a job, its plan, its counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bulkdel.job.job import Job, Reach, Target
from bulkdel.ledger.history import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, Heavy, Origin, PlanMeta, Share
from bulkdel.report.backup import BackupNote
from bulkdel.report.beside import SideStatus, SideTarget
from bulkdel.report.status import Beside, LastSitting, Status, at_rest, fold
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import LaneView
from bulkdel.words import Errand
from tests.support import build

TENCENT_ADDRESS = build.TARGETS["tencent"].address or ""
ZEGO_ADDRESS = build.TARGETS["zego"].address or ""


def tencent(
    *,
    reach: Reach = Reach.REAL,
    address: str | None = TENCENT_ADDRESS,
    qps: float = 200,
    over_ceiling: bool = False,
) -> Target:
    """A Tencent target, real unless told otherwise."""
    return build.target("tencent", reach=reach, address=address, qps=qps, over_ceiling=over_ceiling)


def zego(*, reach: Reach = Reach.REAL, address: str | None = ZEGO_ADDRESS) -> Target:
    """A ZEGO target, real unless told otherwise."""
    return build.target("zego", reach=reach, address=address)


def job(
    *targets: Target, max_pairs: int | None = None, protect: tuple[str, ...] = (), **changes: Any
) -> Job:
    """A job over the targets with these guards and these fields changed."""
    guards = replace(build.GUARDS, max_pairs=max_pairs, protect=protect)
    return build.job(*targets, guards=guards, **changes)


def books(
    *, read: int, pairs: int, duplicates: int = 0, rejected: int = 0, protected: int = 0
) -> Books:
    """Books with nothing in the columns that are not named."""
    return Books(
        read=read, pairs=pairs, duplicates=duplicates, rejected=rejected, protected=protected
    )


def plan(
    of: Job,
    rows: Books,
    batches: Mapping[str, int],
    largest: tuple[tuple[str, int], ...] = (),
    *,
    heavy: Mapping[str, Heavy] | None = None,
    sides: Mapping[str, tuple[int, int]] | None = None,
) -> PlanMeta:
    """The job's plan with these books and this number of batches for each target.

    `sides` are the batches as given and at the least, by target, where the planner chose.
    """
    shares = []
    first = 0
    for target in of.targets:
        as_given, least = (None, None) if sides is None else sides[target.name]
        shares.append(
            Share(
                target=target.name,
                first=first,
                batches=batches[target.name],
                pairs=rows.pairs,
                largest=largest,
                heavy=(heavy or {}).get(target.name, Heavy()),
                as_given=as_given,
                least=least,
            )
        )
        first += batches[target.name]
    return build.plan_of_job(of, rows, shares, digest="0" * 64)


def sending(target: str, rate: float, qps: float = 200.0) -> LaneView:
    """A lane that sends at `rate` calls/s; without pairs or counters."""
    state = LaneState(doing=Doing.SENDING)
    return replace(at_rest(target, qps=qps, state=state), rate=rate)


def status(
    of: Job,
    meta: PlanMeta,
    counters: Mapping[str, Counters],
    *,
    now_ms: int = 1_795_300_000_000,
    began_ms: int | None = None,
    last: LastSitting | None = None,
    failed: tuple[CodeCount, ...] = (),
    unsettled: tuple[CodeCount, ...] = (),
    lanes: Mapping[str, LaneView] | None = None,
    holder: str = "",
    beside: Sequence[SideStatus] = (),
    backup: BackupNote | None = None,
) -> Status:
    """What `fold` makes of the values, with the two providers as faces."""
    return fold(
        meta,
        counters,
        job=of,
        now_ms=now_ms,
        began_ms=began_ms,
        last=last,
        failed=failed,
        unsettled=unsettled,
        lanes=lanes,
        holder=holder,
        beside=Beside(sides=tuple(beside), backup=backup),
    )


def side(
    folder: str,
    errand: Errand,
    of: Counters,
    *,
    pairs: int = 100,
    population: int = 100,
    sample: int | None = None,
    at_work: bool = False,
    **changes: Any,
) -> SideStatus:
    """A run beside a run with one target, begun and ended an hour ago."""
    origin = Origin(
        plan_digest="0" * 64,
        whole_lists=errand is Errand.ASK_LIST,
        population=(population,),
        sample=sample,
        seed=None if sample is None else 7,
    )
    began = {"began_ms": 1_795_296_000_000, "ended_ms": 1_795_296_400_000, "end": "finished"}
    return SideStatus(
        folder=folder,
        errand=errand,
        origin=origin,
        targets=(SideTarget(name="tencent", pairs=pairs, counters=of),),
        at_work=at_work,
        **{**began, **changes},
    )
