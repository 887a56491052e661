"""What decides a plan, and what has changed of it since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from bulkdel.job.job import Format, Job
from bulkdel.plan.input.facts import digest_of
from bulkdel.plan.input.formats import quoting_of
from bulkdel.plan.input.sources import STDIN, find_sources
from bulkdel.plan.protect import protected_accounts, protected_digest
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
    """What differs of the input, and which files of it are gone.

    Files that are left, in their order, are the plan's by content, wherever they lie now.
    """
    before = [
        # Plans of version 2 do not say how they read quotes. A header is part of the content.
        replace(one, quoting=one.quoting or _quoting(job, one.format), header=None)
        for one in planned.sources
    ]
    stdin = next(((one.size, one.sha256) for one in before if one.path == STDIN), (0, ""))
    now: list[Source] = []
    for source in find_sources(job.input, job.run_dir, missing_ok=True):
        size, sha256 = stdin if source.name == STDIN else digest_of(source)
        form = source.format.value
        quoting = _quoting(job, form)
        now.append(Source(path=source.name, format=form, quoting=quoting, size=size, sha256=sha256))
    left = _without(before, now)
    if left is None:
        return _differences(before, now), ()
    names = {Path(entry).name for entry in job.input.files if not Path(entry).exists()}
    gone = tuple(
        path
        for path in left
        if path != STDIN and (Path(path).name in names or not Path(path).exists())
    )
    return [f"input {path}: is no longer named" for path in left if path not in gone], gone


def _content(source: Source) -> Source:
    """What of a file decides the plan; its name and place do not."""
    return replace(source, path="")


def _quoting(job: Job, fmt: str) -> str:
    return quoting_of(Format(fmt), job.input.quoting) or ""


def _without(before: list[Source], now: list[Source]) -> tuple[str, ...] | None:
    """The planned files that are not among `now`; None if `now` is not the rest in order."""
    if list(map(_content, before)) == list(map(_content, now)):
        return ()
    known = set(before)
    left: list[str] = []
    at = 0
    for one in before:
        other = now[at] if at < len(now) else None
        # Of files alike, one that still has its name is itself.
        if other and _content(one) == _content(other) and (one == other or other not in known):
            at += 1
        else:
            left.append(one.path)
    return tuple(left) if at == len(now) else None


def _differences(before: list[Source], now: list[Source]) -> list[str]:
    known = {one.path: _content(one) for one in before}
    at_place = list(map(_content, before)) if len(before) == len(now) else [None] * len(now)
    olds = [known.get(one.path, other) for one, other in zip(now, at_place, strict=True)]
    left = Counter(map(_content, before))
    left.subtract(old for old, one in zip(olds, now, strict=True) if old == _content(one))
    changed: list[str] = []
    for old, one in zip(olds, now, strict=True):
        content = _content(one)
        if old == content:
            continue
        if left[content] > 0:  # it stood in another place
            left[content] -= 1
        elif old is None:
            changed.append(f"input {one.path}: is new")
        elif replace(content, quoting=old.quoting) == old:
            changed.append(f"input {one.path}: quoting {old.quoting} → {one.quoting}")
        elif (one.size, one.sha256) == (old.size, old.sha256):
            changed.append(f"input {one.path}: {old.format} → {one.format}")
        else:
            changed.append(f"input {one.path}: content differs")
    return changed or ["order of input files: differs"]
