"""Jobs, targets and plans made by hand, complete, with what a test says of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bulkdel.job.job import Guards, Input, Job, Reach, Retry, SecretSource, Target
from bulkdel.plan.values import PLAN_VERSION, Books, Fingerprint, PlanMeta, Share
from bulkdel.words import Mode, Operation, Orient

TARGETS: Final[Mapping[str, Target]] = {
    "tencent": Target(
        name="tencent",
        provider="tencent",
        region="singapore",
        app_id=1400000000,
        admin="administrator",
        secret=SecretSource(env="TENCENT_SECRET_KEY"),
        address="https://adminapisgp.im.qcloud.com",
        reach=Reach.REAL,
        qps=200,
        max_in_flight=400,
        batch_size=1000,
        over_ceiling=False,
    ),
    "zego": Target(
        name="zego",
        provider="zego",
        region="global",
        app_id=1234567890,
        admin="",
        secret=SecretSource(env="ZEGO_SERVER_SECRET"),
        address="https://zim-api.zego.im",
        reach=Reach.REAL,
        qps=20,
        max_in_flight=40,
        batch_size=20,
        over_ceiling=False,
    ),
}
"""One real target of each provider, with the defaults of a job file."""

INPUT: Final = Input(
    files=("/jobs/pairs.csv",),
    format=None,
    from_field="From_Account",
    to_field="To_Account",
    accounts_only=False,
)
RETRY: Final = Retry(
    max_attempts=8, base_delay_s=0.5, max_delay_s=60, timeout_s=10, outage_limit_s=3600
)
GUARDS: Final = Guards(
    protect=(), protect_files=(), max_pairs=None, max_failure_ratio=None, min_sample=1000
)


def target(provider: str = "tencent", **changes: Any) -> Target:
    """The provider's target above with these fields changed."""
    return replace(TARGETS[provider], **changes)


def job(*targets: Target, **changes: Any) -> Job:
    """A job over the targets with these fields changed; of its parts, `replace` those above."""
    made = Job(
        source=Path("/jobs/purge.toml"),
        name="purge-2026-11",
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
        run_dir=Path("/runs/purge-2026-11"),
        input=INPUT,
        targets=targets,
        retry=RETRY,
        guards=GUARDS,
    )
    return replace(made, **changes)


def fingerprint(targets: Sequence[tuple[str, int]], **changes: Any) -> Fingerprint:
    """What decided a plan for targets of (name, batch size), of no files, with fields changed."""
    made = Fingerprint(
        version=PLAN_VERSION,
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
        orient=Orient.AS_GIVEN,
        from_field="From_Account",
        to_field="To_Account",
        accounts_only=False,
        protected_sha256="",
        targets=tuple(targets),
        sources=(),
    )
    return replace(made, **changes)


def plan_of_job(of: Job, books: Books, shares: Sequence[Share], *, digest: str) -> PlanMeta:
    """What the plan of a job says of itself."""
    targets = [(target.name, target.batch_size) for target in of.targets]
    decided = fingerprint(targets, operation=of.operation, mode=of.mode, orient=of.orient)
    return PlanMeta(fingerprint=decided, books=books, shares=tuple(shares), digest=digest)
