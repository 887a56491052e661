"""Jobs, targets and plans made by hand, complete, with what a test says of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bulkdel.job.job import Guards, Input, Job, Reach, Retry, SecretSource, Target
from bulkdel.ledger.circumstances import (
    Agreement,
    Circumstances,
    GuardSettings,
    ProtectFile,
    RetrySettings,
    ScheduleSettings,
    Settings,
    TargetSettings,
)
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
SETTINGS: Final = Settings(
    orient=Orient.AS_GIVEN,
    targets={
        name: TargetSettings(
            qps=one.qps,
            documented_qps=one.qps,
            max_in_flight=one.max_in_flight,
            batch_size=one.batch_size,
            address=one.address or "",
            secret_env=one.secret.env if one.secret else None,
            secret_file=None,
        )
        for name, one in TARGETS.items()
    },
    retry=RetrySettings(
        max_attempts=8, base_delay_s=0.5, max_delay_s=60, timeout_s=10, outage_limit_s=3600
    ),
    guards=GuardSettings(
        protected_accounts=3,
        protected_sha256="ef" * 32,
        protect_files=(ProtectFile(path="/jobs/staff.txt", sha256="01" * 32),),
        max_pairs=5000,
        max_failure_ratio=0.5,
        min_sample=1000,
    ),
    schedule=ScheduleSettings(
        window="01:00-06:00", timezone="Asia/Singapore", outside="exit", max_duration_s=18_000
    ),
)
"""The settings of a job over both targets with every guard there is."""

CIRCUMSTANCES: Final = Circumstances(
    bulkdel="1.2.3",
    python="3.11.7",
    host="purge-host",
    user="anna",
    uid=1001,
    command="bulkdel run purge.toml",
    agreement=Agreement.TYPED,
    agreed_ms=1_795_299_900_000,
    sends=True,
    limit=None,
    settings=SETTINGS,
)
"""A person at a terminal began it."""


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
