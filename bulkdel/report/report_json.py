"""A run's facts as report.json: all that `status --json` says, and more."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bulkdel.report.facts import RunFacts, SittingFacts, TargetFacts
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.status_json import status_values
from bulkdel.report.timeline import Timeline, TimeSpan


def report_json(facts: RunFacts) -> bytes:
    """One JSON object; ends with a newline. Times are UTC, as in the ledger."""
    values = status_values(facts.status)
    for target in facts.targets:
        values["targets"][target.status.name] |= _target(target)
    values |= {
        "plan_digest": facts.plan_digest,
        "ledger": _ledger(facts),
        "sittings": [_sitting(one) for one in facts.sittings],
        "sitting_count": facts.sitting_count,
        "worst_accounts": [asdict(one) for one in facts.worst],
        "reject_reasons": [
            {"reason": reason, "rows": rows} for reason, rows in facts.rejects.reasons
        ],
    }
    return json_text(values)


def _ledger(facts: RunFacts) -> dict[str, Any]:
    head, counts = facts.head, facts.counts
    return {
        "lines": None if counts is None else counts.lines,
        "length": 0 if head is None else head.length,
        "settlements": 0 if head is None else head.settlements,
        "head": None if head is None else head.chain,
    }


def _target(target: TargetFacts) -> dict[str, Any]:
    return {
        "provider_name": target.provider,
        "region": target.region,
        "app_id": target.app_id,
        "reach": target.reach,
        "codes": [asdict(one) for one in target.codes],
        "timeline": _timeline(target.timeline),
    }


def _sitting(one: SittingFacts) -> dict[str, Any]:
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


def _span(one: TimeSpan) -> dict[str, Any]:
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
