"""Values made by hand for what people see: a job, its plan, its counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bulkdel.job.job import Guards, Input, Job, Reach, Retry, SecretSource, Target
from bulkdel.ledger.snapshot import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, Fingerprint, PlanMeta, Share
from bulkdel.report.status import Sitting, Status, fold
from bulkdel.words import Mode, Operation, Orient

TENCENT_ADDRESS = "https://adminapisgp.im.qcloud.com"
ZEGO_ADDRESS = "https://zim-api.zego.im"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandFace:
    """A provider's name and addresses."""

    title: str
    regions: Mapping[str, str]


FACES = {
    "tencent": HandFace(title="Tencent Chat", regions={"singapore": TENCENT_ADDRESS}),
    "zego": HandFace(title="ZEGOCLOUD ZIM", regions={"global": ZEGO_ADDRESS}),
}


def tencent(
    *,
    reach: Reach = Reach.REAL,
    address: str | None = TENCENT_ADDRESS,
    qps: float = 200,
    over_ceiling: bool = False,
) -> Target:
    """A Tencent target, real unless told otherwise."""
    return Target(
        name="tencent",
        provider="tencent",
        region="singapore",
        app_id=1400000000,
        admin="administrator",
        secret=SecretSource(env="TENCENT_SECRET_KEY"),
        address=address,
        reach=reach,
        qps=qps,
        max_in_flight=400,
        batch_size=1000,
        over_ceiling=over_ceiling,
    )


def zego(*, reach: Reach = Reach.REAL, address: str | None = ZEGO_ADDRESS) -> Target:
    """A ZEGO target, real unless told otherwise."""
    return Target(
        name="zego",
        provider="zego",
        region="global",
        app_id=1234567890,
        admin="",
        secret=SecretSource(env="ZEGO_SERVER_SECRET"),
        address=address,
        reach=reach,
        qps=20,
        max_in_flight=40,
        batch_size=20,
        over_ceiling=False,
    )


def job(
    *targets: Target,
    operation: Operation = Operation.DELETE_FRIENDS,
    mode: Mode = Mode.TWO_WAY,
    max_pairs: int | None = None,
    protect: tuple[str, ...] = (),
    run_dir: Path = Path("/runs/purge-2026-11"),
) -> Job:
    """A job over the targets."""
    return Job(
        source=Path("/jobs/purge.toml"),
        name="purge-2026-11",
        operation=operation,
        mode=mode,
        run_dir=run_dir,
        input=Input(
            files=("/jobs/pairs.csv",),
            format=None,
            from_field="From_Account",
            to_field="To_Account",
            accounts_only=False,
        ),
        targets=targets,
        retry=Retry(
            max_attempts=8, base_delay_s=0.5, max_delay_s=60, timeout_s=10, outage_limit_s=3600
        ),
        guards=Guards(
            protect=protect,
            protect_files=(),
            max_pairs=max_pairs,
            max_failure_ratio=None,
            min_sample=1000,
        ),
    )


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
) -> PlanMeta:
    """The job's plan with these books and this number of batches for each target."""
    shares = []
    first = 0
    for target in of.targets:
        shares.append(
            Share(
                target=target.name,
                first=first,
                batches=batches[target.name],
                pairs=rows.pairs,
                largest=largest,
            )
        )
        first += batches[target.name]
    return PlanMeta(
        fingerprint=Fingerprint(
            version=1,
            operation=of.operation,
            mode=of.mode,
            orient=Orient.AS_GIVEN,
            from_field="From_Account",
            to_field="To_Account",
            accounts_only=False,
            protected_sha256="",
            targets=tuple((target.name, target.batch_size) for target in of.targets),
            sources=(),
        ),
        books=rows,
        shares=tuple(shares),
        digest="0" * 64,
    )


def status(
    of: Job,
    meta: PlanMeta,
    counters: Mapping[str, Counters],
    *,
    now_ms: int = 1_795_300_000_000,
    began_ms: int | None = None,
    last: Sitting | None = None,
    failed: tuple[CodeCount, ...] = (),
    unsettled: tuple[CodeCount, ...] = (),
    rates: Mapping[str, float] | None = None,
    holder: str = "",
) -> Status:
    """What `fold` makes of the values, with the two providers as faces."""
    return fold(
        meta,
        counters,
        job=of,
        faces=FACES,
        now_ms=now_ms,
        began_ms=began_ms,
        last=last,
        failed=failed,
        unsettled=unsettled,
        rates=rates,
        holder=holder,
    )
