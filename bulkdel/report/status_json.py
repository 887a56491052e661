"""A status as JSON for programs: the keys of the contract, and more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bulkdel.ledger.history import CodeCount
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.no_friendships import NoFriendships
from bulkdel.report.status import LastSitting, Status, TargetStatus
from bulkdel.report.verdict import run_verdict


def status_json(status: Status) -> bytes:
    """One JSON object; ends with a newline."""
    return json_text(status_values(status))


def status_values(status: Status) -> dict[str, Any]:
    """What `status_json` writes."""
    verdict, last = run_verdict(status), status.last
    return {
        "job": status.job,
        "run_dir": str(status.run_dir),
        "operation": status.operation,
        "mode": status.mode,
        "orient": status.orient,
        "no_friendships": verdict.no_friendships and _no_friendships(verdict.no_friendships),
        "state": status.state,
        "reason": status.reason,
        "at": stamp(status.at_ms),
        "balanced": not verdict.wrongs,
        "wrongs": verdict.wrongs,
        "left_s": status.left_s,
        "rows": asdict(status.rows),
        "targets": {target.name: _target(target) for target in status.targets},
        "began": None if status.began_ms is None else stamp(status.began_ms),
        "last_sitting": None if last is None else _sitting(last),
    }


def _no_friendships(doubt: NoFriendships) -> dict[str, Any]:
    return {"targets": doubt.targets, "told": doubt.sentence, "look": doubt.look}


def _target(target: TargetStatus) -> dict[str, Any]:
    counters = target.counters
    return {
        "provider": target.provider,
        "place": target.place,
        "pairs": target.pairs,
        "batches": target.batches,
        "deleted": counters.deleted,
        "already_gone": counters.already_gone,
        "failed": counters.failed,
        "unsettled": target.unsettled,
        "in_reserve": counters.in_reserve,
        "calls": counters.calls,
        "retries": counters.retries,
        "throttled": counters.throttled,
        "lost_answers": counters.lost_answers,
        "qps": target.qps,
        "rate": target.rate,
        "left_s": target.left_s,
        "failed_codes": [_code(one) for one in target.failed_codes],
        "unsettled_codes": [_code(one) for one in target.unsettled_codes],
    }


def _code(one: CodeCount) -> dict[str, Any]:
    example = {"example": one.example} if one.example else {}
    return {"code": one.code, "info": one.info, "pairs": one.pairs, **example}


def _sitting(last: LastSitting) -> dict[str, Any]:
    ended = None if last.ended_ms is None else stamp(last.ended_ms)
    return {"began": stamp(last.began_ms), "ended": ended, "why": last.why}
