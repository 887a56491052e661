"""A plan as JSON for programs: what the page of `plan` says, and its input files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from bulkdel.job.job import Job, Target
from bulkdel.job.window import ALWAYS
from bulkdel.plan.cut import processes_for
from bulkdel.plan.values import Fingerprint, PlanMeta, Share
from bulkdel.report.deadline import deadline_doubt, request_values
from bulkdel.report.doubts import guards_that_guard_nobody, too_many, warnings
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.phrases import place, unit
from bulkdel.report.preview import BackupWork, Preview, backup_s, backup_work, done, takes_with_s
from bulkdel.report.rejects import Rejects
from bulkdel.report.savings import Saving

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "job": "its name",
    "job_file": "its file, absolute",
    "run_dir": "the run directory, absolute",
    "operation": "delete_friends or delete_all_friends",
    "mode": "one_way or two_way",
    "orient": "as_given or fewest_calls",
    "plan_digest": "SHA-256 over what decided the plan and what came of it, in hex digits",
    "rows.read": "rows of the input: pairs + duplicates + rejected + protected",
    "rows.pairs": "distinct pairs (for delete_all_friends accounts), for each target",
    "rows.duplicates": "rows that named a pair again",
    "rows.rejected": "rows that cannot be sent",
    "rows.protected": "rows that name a protected account",
    "targets.*.provider": "as in the job file",
    "targets.*.region": "as in the job file; may be empty",
    "targets.*.app_id": "as in the job file",
    "targets.*.place": "where its calls go, in words",
    "targets.*.pairs": "to be sent",
    "targets.*.batches": "of the plan",
    "targets.*.calls": "that carry them, without a retry and without a second phase",
    "targets.*.batch_size": "pairs that a call carries at most",
    "targets.*.qps": "the ceiling, calls/s",
    "targets.*.takes_at_least_s": "seconds, at the ceiling and without a retry",
    "targets.*.as_given": "calls if each row were sent from its own From_Account; null where it is",
    "targets.*.least": "calls that no choice of sides gets below; null where none is made",
    "targets.*.fewest_calls": "null, or what orient = fewest_calls would come to",
    "targets.*.fewest_calls.calls": "without retries and without a second phase",
    "targets.*.fewest_calls.exact": "false: planning searches longer, and mostly finds some fewer",
    "targets.*.fewest_calls.saves_calls": "calls fewer than planned",
    "targets.*.fewest_calls.saves_s": "seconds less, at the ceiling",
    "targets.*.heavy.accounts": "accounts with more pairs than one call carries",
    "targets.*.heavy.pairs": "of theirs",
    "targets.*.heavy.batches": "of theirs",
    "targets.*.backup": "null, or what [backup] takes before anything is deleted",
    "targets.*.backup.lists": "friend lists that it pulls first; their friends' come after them "
    "where lists are cleared two-way",
    "targets.*.backup.calls_at_least": "one for each; a list of several pages takes more",
    "targets.*.backup.qps": "the ceiling, calls/s",
    "targets.*.backup.takes_at_least_s": "seconds, at the ceiling and without a retry",
    "cluster": "null, or how [cluster] cuts the targets into shards",
    "cluster.processes": "how many send them as fast as all targets are allowed, about",
    "cluster.takes_at_least_s": "seconds with so many, at the ceilings and without a retry",
    "cluster.shards[].name": "of its folder in shards/ of the run directory",
    "cluster.shards[].targets[]": "the names of its targets",
    "cluster.shards[].slice_at": "which slice of its one target it is, from 0 on; else 0",
    "cluster.shards[].slices": "how many slices that target is cut into; 1 where it is not",
    "fewest_calls_unknown": "null, or why fewest_calls was not counted",
    "largest[].account": "an account with most pairs; at most ten",
    "largest[].pairs": "of it",
    "schedule": "null, or when all is sent if it begins now and is begun again each time",
    "schedule.timezone": "of its window; null without one",
    "schedule.done_at": "the earliest; null where it would take more than a thousand starts",
    "schedule.sittings": "nights, or lengths of max_duration, until then; null likewise",
    "rejects.reasons[].reason": "why rows cannot be sent",
    "rejects.reasons[].rows": "how many",
    "rejects.whole": "false: only the first million rejects were counted by reason",
    "lookalikes[].kind": "what ids look like that an export may have changed",
    "lookalikes[].ids": "how many",
    "lookalikes[].example": "the first of them",
    "doubts[]": "a deadline that cannot be kept, guards that hold nothing back, a sentence each",
    "request": "null, or what the purge answers",
    "request.id": "its number; null where the job does not say",
    "request.reason": "why; null likewise",
    "request.requested_at": "when it was asked for; null likewise",
    "request.deadline": "when it must be done; null likewise",
    "warnings[]": "what of the job deserves a second look, a sentence each",
    "stopped_by": "null, or why run would not send this plan",
    "inputs[].path": "a file, absolute; - for standard input",
    "inputs[].format": "csv, tsv, jsonl or parquet",
    "inputs[].size": "bytes",
    "inputs[].sha256": "of the file as it lies there, in hex digits",
    "inputs[].quoting": "csv or none: how quotes were read; null where the format has no choice",
    "inputs[].header": "the header of a csv or tsv file as it stands; else null",
    "columns.from_account": "the column, or key, that From_Account was read from",
    "columns.to_account": "likewise To_Account; null for delete_all_friends",
    "at": "when this was written",
}
"""What it holds, by dotted path. Times are UTC, lengths of time are in seconds (`_s`)."""


def plan_json(job: Job, preview: Preview, *, now_s: float) -> bytes:
    """One JSON object; ends with a newline. `now_s` is Unix time."""
    return json_text(plan_values(job, preview, now_s=now_s))


def plan_values(job: Job, preview: Preview, *, now_s: float) -> dict[str, Any]:
    """What `plan_json` writes."""
    meta = preview.meta
    fingerprint = meta.fingerprint
    shares = {share.target: share for share in meta.shares}
    savings = {saving.target: saving for saving in preview.savings}
    backups = backup_work(job, preview)
    return {
        "version": VERSION,
        "job": job.name,
        "job_file": str(job.source),
        "run_dir": str(job.run_dir),
        "operation": fingerprint.operation,
        "mode": fingerprint.mode,
        "orient": fingerprint.orient,
        "plan_digest": meta.digest,
        "rows": asdict(meta.books),
        "targets": {
            target.name: _target(target, shares[target.name], savings.get(target.name))
            | {"backup": _backup(backups.get(target.name))}
            for target in job.targets
        },
        "cluster": _cluster(job, preview),
        "fewest_calls_unknown": preview.savings_unknown or None,
        "largest": [
            {"account": account, "pairs": pairs} for account, pairs in meta.shares[0].largest
        ],
        "schedule": _schedule(job, meta, now_s),
        "rejects": _rejects(preview.rejects),
        "lookalikes": [asdict(one) for one in meta.lookalikes],
        "doubts": [
            *filter(None, [deadline_doubt(job, meta, now_s, before_s=backup_s(job, preview))]),
            *guards_that_guard_nobody(job, meta.books),
        ],
        "request": request_values(job.request),
        "warnings": list(warnings(job)),
        "stopped_by": stopped_by(job, meta),
        "inputs": _inputs(fingerprint),
        "columns": _columns(job, fingerprint),
        "at": stamp(round(now_s * 1000)),
    }


def stopped_by(job: Job, meta: PlanMeta) -> str | None:
    """Why `run` would not send this plan."""
    if not meta.books.read:
        return "the input holds no rows at all"
    return too_many(job.guards, meta.books) or None


def _target(target: Target, share: Share, saving: Saving | None) -> dict[str, Any]:
    return {
        "provider": target.provider,
        "region": target.region,
        "app_id": target.app_id,
        "place": place(target),
        "pairs": share.pairs,
        "batches": share.batches,
        "calls": share.batches,
        "batch_size": target.batch_size,
        "qps": target.qps,
        "takes_at_least_s": round(share.batches / target.qps, 3),
        "as_given": share.as_given,
        "least": share.least,
        "fewest_calls": None if saving is None else _saving(saving),
        "heavy": asdict(share.heavy),
    }


def _cluster(job: Job, preview: Preview) -> dict[str, Any] | None:
    if not preview.shards:
        return None
    processes = processes_for(job.targets, preview.shards)
    return {
        "processes": processes,
        "takes_at_least_s": round(takes_with_s(job, preview.meta, processes), 3),
        "shards": [asdict(shard) for shard in preview.shards],
    }


def _backup(work: BackupWork | None) -> dict[str, Any] | None:
    if work is None:
        return None
    return {
        "lists": work.lists,
        "calls_at_least": work.lists,
        "qps": work.qps,
        "takes_at_least_s": round(work.takes_at_least_s, 3),
    }


def _saving(saving: Saving) -> dict[str, Any]:
    return {
        "calls": saving.calls,
        "exact": saving.exact,
        "saves_calls": saving.saved_calls,
        "saves_s": round(saving.saved_s, 3),
    }


def _schedule(job: Job, meta: PlanMeta, now_s: float) -> dict[str, Any] | None:
    if job.schedule == ALWAYS:
        return None
    finished = done(job, meta, now_s)
    window = job.schedule.window
    return {
        "timezone": None if window is None else window.zone.key,
        "done_at": None if finished is None else stamp(round(finished.at_s * 1000)),
        "sittings": None if finished is None else finished.sittings,
    }


def _rejects(rejects: Rejects) -> dict[str, Any]:
    return {
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in rejects.reasons],
        "whole": rejects.whole,
    }


def _inputs(fingerprint: Fingerprint) -> list[dict[str, Any]]:
    return [
        {
            "path": source.path,
            "format": source.format,
            "size": source.size,
            "sha256": source.sha256,
            "quoting": source.quoting or None,
            "header": source.header,
        }
        for source in fingerprint.sources
    ]


def _columns(job: Job, fingerprint: Fingerprint) -> dict[str, Any]:
    pairs = unit(job.operation) == "pair"
    return {
        "from_account": fingerprint.from_field,
        "to_account": fingerprint.to_field if pairs else None,
    }
