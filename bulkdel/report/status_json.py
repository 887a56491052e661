"""A status as JSON for programs: the keys of the contract, and more."""

from __future__ import annotations

from typing import Any

from bulkdel.ledger.snapshot import CodeCount
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.no_friendships import no_friendships_values
from bulkdel.report.status import Sitting, Status, TargetStatus, wrongs


def status_json(status: Status) -> bytes:
    """One JSON object, with the keys of the contract and more; ends with a newline."""
    return json_text(status_values(status))


def status_values(status: Status) -> dict[str, Any]:
    """What `status_json` writes."""
    rows = status.rows
    return {
        "job": status.job,
        "run_dir": str(status.run_dir),
        "operation": status.operation,
        "mode": status.mode,
        "orient": status.orient,
        "no_friendships": no_friendships_values(status),
        "state": status.state,
        "reason": status.reason,
        "at": stamp(status.at_ms),
        "balanced": not wrongs(status),
        "wrongs": wrongs(status),
        "left_s": status.left_s,
        "rows": {
            "read": rows.read,
            "pairs": rows.pairs,
            "duplicates": rows.duplicates,
            "rejected": rows.rejected,
            "protected": rows.protected,
        },
        "targets": {target.name: _target(target) for target in status.targets},
        "began": None if status.began_ms is None else stamp(status.began_ms),
        "last_sitting": None if status.last is None else _sitting(status.last),
    }


def _target(target: TargetStatus) -> dict[str, Any]:
    return {
        "provider": target.provider,
        "place": target.place,
        "pairs": target.pairs,
        "batches": target.batches,
        "deleted": target.deleted,
        "already_gone": target.already_gone,
        "failed": target.failed,
        "unsettled": target.unsettled,
        "in_reserve": target.in_reserve,
        "calls": target.calls,
        "retries": target.retries,
        "throttled": target.throttled,
        "lost_answers": target.lost_answers,
        "qps": target.qps,
        "rate": target.rate,
        "left_s": target.left_s,
        "failed_codes": [_code(one) for one in target.failed_codes],
        "unsettled_codes": [_code(one) for one in target.unsettled_codes],
    }


def _code(one: CodeCount) -> dict[str, Any]:
    told = {"code": one.code, "info": one.info, "pairs": one.pairs}
    return {**told, "example": one.example} if one.example else told


def _sitting(sitting: Sitting) -> dict[str, Any]:
    ended = None if sitting.ended_ms is None else stamp(sitting.ended_ms)
    return {"began": stamp(sitting.began_ms), "ended": ended, "why": sitting.why}
