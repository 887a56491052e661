"""What decides a plan, and what has changed of it since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bulkdel.job.job import Job
from bulkdel.plan.facts import digest_of
from bulkdel.plan.protect import protected_accounts, protected_digest
from bulkdel.plan.records import quoting_of
from bulkdel.plan.sources import STDIN, find_sources
from bulkdel.plan.values import PLAN_VERSION, Fingerprint, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What differs from the plan: `changed` forbids going on with it, `missing` is a warning.

    Attributes:
        changed: sentences for the user, in a fixed order.
        missing: input files that are gone; the plan is whole without them.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]


def fingerprint_of(
    job: Job, sources: tuple[Source, ...], protected: tuple[str, ...]
) -> Fingerprint:
    """All that decides the plan of `job` over `sources`."""
    return Fingerprint(
        version=PLAN_VERSION,
        operation=job.operation,
        mode=job.mode,
        orient=job.orient,
        from_field=job.input.from_field,
        to_field=job.input.to_field,
        accounts_only=job.input.accounts_only,
        protected_sha256=protected_digest(protected),
        targets=tuple((target.name, target.batch_size) for target in job.targets),
        sources=sources,
    )


def fingerprint_changes(job: Job, planned: Fingerprint) -> Changes:
    """Compares `job` and its input files, read again, with what was planned.

    Standard input is taken as unchanged. Reads every input file once, so it is work for a thread.

    Raises:
        WrongInput: a protect file is missing, or an input file cannot be read.
    """
    changed = [
        f"{name}: {before} → {after}"
        for name, before, after in (
            ("operation", planned.operation.value, job.operation.value),
            ("mode", planned.mode.value, job.mode.value),
            ("plan.orient", planned.orient.value, job.orient.value),
            ("input.from_field", planned.from_field, job.input.from_field),
            ("input.to_field", planned.to_field, job.input.to_field),
            ("input.accounts_only", _word(planned.accounts_only), _word(job.input.accounts_only)),
        )
        if before != after
    ]
    if protected_digest(protected_accounts(job.guards)) != planned.protected_sha256:
        changed.append("guards.protect: the protected accounts differ")
    changed += _target_changes(job, planned)
    source_changes, missing = _source_changes(job, planned)
    return Changes(changed=(*changed, *source_changes), missing=missing)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _target_changes(job: Job, planned: Fingerprint) -> list[str]:
    before = dict(planned.targets)
    after = {target.name: target.batch_size for target in job.targets}
    changed = [f"target {name}: is new" for name in after if name not in before]
    changed += [f"target {name}: is gone" for name in before if name not in after]
    changed += [
        f"batch_size of {name}: {before[name]} → {size}"
        for name, size in after.items()
        if before.get(name, size) != size
    ]
    if not changed and list(before) != list(after):
        changed.append(f"order of targets: {', '.join(before)} → {', '.join(after)}")
    return changed


def _source_changes(job: Job, planned: Fingerprint) -> tuple[list[str], tuple[str, ...]]:
    changed: list[str] = []
    before = {source.path: source for source in planned.sources}
    found = find_sources(job.input, job.run_dir, missing_ok=True)
    for source in found:
        old = before.get(source.name)
        if old is None:
            changed.append(f"input {source.name}: is new")
        elif old.format != source.format.value:
            changed.append(f"input {source.name}: {old.format} → {source.format.value}")
        elif old.quoting not in ("", quoting_of(source.format, job.input.quoting)):
            # Plans of version 2 do not say how they read quotes.
            quoting = quoting_of(source.format, job.input.quoting)
            changed.append(f"input {source.name}: quoting {old.quoting} → {quoting}")
        elif source.name != STDIN and digest_of(source) != (old.size, old.sha256):
            changed.append(f"input {source.name}: content differs")
    left = [path for path in before if path not in {source.name for source in found}]
    gone = tuple(path for path in left if path != STDIN and not Path(path).exists())
    changed += [f"input {path}: is no longer named" for path in left if path not in gone]
    return changed, gone
