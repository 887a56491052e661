"""The findings as report.json: all that `status --json` says, and more."""

from __future__ import annotations

from typing import Any

from bulkdel.report.facts import CodeFinding, Findings, SittingFinding, TargetFinding
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.status_json import status_values
from bulkdel.report.timeline import Span, Timeline


def report_json(findings: Findings) -> bytes:
    """One JSON object; ends with a newline. Times are UTC, as in the ledger."""
    told = status_values(findings.status)
    for target in findings.targets:
        told["targets"][target.status.name] |= _target(target)
    told |= {
        "plan_digest": findings.plan_digest,
        "ledger": _ledger(findings),
        "sittings": [_sitting(one) for one in findings.sittings],
        "sitting_count": findings.sitting_count,
        "worst_accounts": [
            {
                "target": one.target,
                "account": one.account,
                "failed": one.failed,
                "code": one.code,
            }
            for one in findings.worst
        ],
        "reject_reasons": [
            {"reason": reason, "rows": rows} for reason, rows in findings.rejects.reasons
        ],
    }
    return json_text(told)


def _ledger(findings: Findings) -> dict[str, Any]:
    head, counts = findings.head, findings.counts
    return {
        "lines": None if counts is None else counts.lines,
        "length": 0 if head is None else head.length,
        "settlements": 0 if head is None else head.settlements,
        "head": None if head is None else head.chain,
    }


def _target(target: TargetFinding) -> dict[str, Any]:
    return {
        "provider_name": target.provider,
        "region": target.region,
        "app_id": target.app_id,
        "reach": target.reach,
        "codes": [_code(one) for one in target.codes],
        "timeline": _timeline(target.timeline),
    }


def _code(one: CodeFinding) -> dict[str, Any]:
    return {
        "code": one.code,
        "words": one.words,
        "info": one.info,
        "deleted": one.deleted,
        "already_gone": one.already_gone,
        "failed": one.failed,
        "unsettled": one.unsettled,
        "answers": one.answers,
    }


def _sitting(one: SittingFinding) -> dict[str, Any]:
    return {
        "began": stamp(one.began_ms),
        "ended": None if one.ended_ms is None else stamp(one.ended_ms),
        "why": one.why,
        "settled": one.settled,
        "calls": one.calls,
    }


def _timeline(timeline: Timeline) -> dict[str, Any]:
    return {
        "answers": timeline.answers,
        "p50_ms": _tenths(timeline.p50_ms),
        "p95_ms": _tenths(timeline.p95_ms),
        "p99_ms": _tenths(timeline.p99_ms),
        "spans": [_span(one) for one in timeline.spans],
    }


def _span(one: Span) -> dict[str, Any]:
    return {
        "at": stamp(one.at_ms),
        "span_ms": one.span_ms,
        "calls": one.calls,
        "rate": round(one.rate, 2),
        "qps": one.qps,
        "pace": one.pace,
        "settled": one.settled,
        "retries": one.retries,
        "throttled": one.throttled,
        "lost_answers": one.lost_answers,
        "held_ms": one.held_ms,
        "probing_ms": one.probing_ms,
        "waiting_ms": one.waiting_ms,
        "reason": one.reason,
        "p50_ms": _tenths(one.p50_ms),
        "p95_ms": _tenths(one.p95_ms),
        "p99_ms": _tenths(one.p99_ms),
    }


def _tenths(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
