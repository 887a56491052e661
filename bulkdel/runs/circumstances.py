"""The circumstances of a sitting, as this process and its job have them."""

from __future__ import annotations

import os
import platform
import pwd
from collections.abc import Sequence

from bulkdel.job.job import Guards, Job, Target
from bulkdel.job.schedule import Outside
from bulkdel.job.window import Schedule
from bulkdel.ledger.circumstances import (
    COMMAND_CAP,
    Circumstances,
    Consent,
    GuardSettings,
    ProtectFile,
    RetrySettings,
    ScheduleSettings,
    Settings,
    TargetSettings,
)
from bulkdel.plain import storable
from bulkdel.plan.protect import protect_file_digests, protected_digest
from bulkdel.providers import PROVIDERS
from bulkdel.report.version import version
from bulkdel.words import Operation


def circumstances(
    consent: Consent, *, sends: bool, limit: int | None = None, settings: Settings | None = None
) -> Circumstances:
    """How a sitting of this process begins."""
    return Circumstances(
        bulkdel=version(),
        python=platform.python_version(),
        host=storable(platform.node()),
        user=user_name(),
        uid=os.geteuid(),
        command=storable(consent.command)[:COMMAND_CAP],
        agreement=consent.how,
        agreed_ms=consent.at_ms,
        sends=sends,
        limit=limit,
        settings=settings,
    )


def settings_of(job: Job, targets: Sequence[Target], protected: Sequence[str]) -> Settings:
    """The settings that a job's sitting goes by.

    Args:
        job: whose.
        targets: the job's, as they are sent to.
        protected: every protected account, as `protected_accounts` gives them.

    Raises:
        WrongInput: a protect file is gone.
    """
    retry = job.retry
    return Settings(
        orient=job.orient,
        targets={one.name: _target(one, job.operation) for one in targets},
        retry=RetrySettings(
            max_attempts=retry.max_attempts,
            base_delay_s=retry.base_delay_s,
            max_delay_s=retry.max_delay_s,
            timeout_s=retry.timeout_s,
            outage_limit_s=retry.outage_limit_s,
        ),
        guards=_guards(job.guards, protected),
        schedule=_schedule(job.schedule),
    )


def _target(target: Target, operation: Operation) -> TargetSettings:
    secret = target.secret
    file = None if secret is None else secret.file
    return TargetSettings(
        qps=target.qps,
        documented_qps=PROVIDERS[target.provider].limits[operation].qps,
        max_in_flight=target.max_in_flight,
        batch_size=target.batch_size,
        address=target.address or "",
        secret_env=None if secret is None else secret.env,
        secret_file=None if file is None else storable(str(file)),
        proxy=target.proxy.address if target.proxy else "",
        proxy_env=target.proxy.env if target.proxy else None,
    )


def _guards(guards: Guards, protected: Sequence[str]) -> GuardSettings:
    return GuardSettings(
        protected_accounts=len(protected),
        protected_sha256=protected_digest(tuple(protected)),
        protect_files=tuple(
            ProtectFile(path=storable(str(path)), sha256=sha256)
            for path, sha256 in protect_file_digests(guards)
        ),
        max_pairs=guards.max_pairs,
        max_failure_ratio=guards.max_failure_ratio,
        min_sample=guards.min_sample,
    )


def _schedule(schedule: Schedule) -> ScheduleSettings:
    window = schedule.window
    return ScheduleSettings(
        window=None if window is None else f"{window.begin:%H:%M}-{window.end:%H:%M}",
        timezone=None if window is None else window.zone.key,
        outside=str(Outside.WAIT if schedule.waits else Outside.EXIT),
        max_duration_s=schedule.max_duration_s,
    )


def user_name() -> str:
    """The name that belongs to this user's number; empty where it has none."""
    try:
        return storable(pwd.getpwuid(os.geteuid()).pw_name)
    except KeyError:  # such as in a container that was given a number alone
        return ""
