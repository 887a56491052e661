"""A run's facts as report.json: all that `status --json` says, and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from bulkdel.ledger.circumstances import Agreement
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.plan.values import Source
from bulkdel.providers.purge import Friendship
from bulkdel.report import status_json
from bulkdel.report.beside import SideFacts
from bulkdel.report.facts import RunFacts, ShardFacts, SittingFacts, TargetFacts
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.timeline import Timeline, TimeSpan

VERSION: Final = 1
_CODE: Final = "targets.*.codes[]"
_SPAN: Final = "targets.*.timeline.spans[]"
_SITTING: Final = "sittings[]"
_SETTINGS: Final = "sittings[].settings"
_OLD: Final = "null where an older version did not record it"
KEYS: Final[Mapping[str, str]] = {
    **status_json.KEYS,
    "version": "of this form",
    "plan_digest": "SHA-256 over the input files, what else decided the plan, and its entries",
    "inputs": "the input files, in order",
    "inputs[].path": "as it was found; - is standard input",
    "inputs[].format": "csv, tsv, jsonl or parquet",
    "inputs[].quoting": "what a quotation mark was: csv or none; empty where there is no choice",
    "inputs[].size": "bytes",
    "inputs[].sha256": "of the file, as it lay there",
    "input_rules.from_field": "the column of From_Account",
    "input_rules.to_field": "the column of To_Account; of no meaning for delete_all_friends",
    "input_rules.accounts_only": "whether a To column was left aside",
    "input_rules.protected_sha256": "over all protected accounts, sorted",
    "beside_facts[].folder": "whose facts they are: of a run beside the run that has begun",
    "beside_facts[].notes[]": "what else is to be known, a sentence or two each",
    "beside_facts[].first[].target": "of the first that are still there",
    "beside_facts[].first[].what": "who, and on whose list",
    "beside_facts[].more": "how many more are there",
    "beside_facts[].codes[].target": "whose code it is",
    "beside_facts[].codes[].code": "of what failed, or could not be asked for",
    "beside_facts[].codes[].words": "that in words",
    "shards[].began": "when a process first sent of it; null if none did",
    "shards[].ended": "when the last was seen at work; null while one is, and if none was",
    "shards[].ledger": "where its ledger ended; null before its first call and while it is sent",
    "shards[].ledger.length": "bytes",
    "shards[].ledger.settlements": "replies that settled something",
    "shards[].ledger.head": "the hash chain's end, SHA-256 in hex",
    "ended": "when the last process ended, or was last seen at work; null if there was none",
    "worked_s": "seconds that the processes below were at work",
    "wall_s": "seconds from began to ended; null if there was no process",
    "ledger.lines": "whole lines of ledger.jsonl; null where they were not counted",
    "ledger.length": "bytes of it that are recorded",
    "ledger.settlements": "answers that settled something",
    "ledger.head": "the hash chain's end, SHA-256 in hex; null before the first call",
    "ledger.sha256": "of those bytes of ledger.jsonl; null where it was not computed",
    "agreements": "who agreed to the plan; of an older version nothing is known",
    "agreements[].sitting": "the number of the process that was agreed with",
    "agreements[].at": "when",
    "agreements[].how": f"one of {', '.join(a for a in Agreement if a is not Agreement.EARLIER)}",
    "agreements[].user": "the name of the user; empty where the number has none",
    "agreements[].uid": "the user's number",
    "agreements[].host": "the machine's name",
    "agreements[].command": "the command as given; empty where a program used the library",
    "sittings": "the processes that worked on the run, the latest ones",
    f"{_SITTING}.number": "1 is the run's first",
    f"{_SITTING}.shard": "whose process it was, of a run that is cut; else null",
    f"{_SITTING}.began": "when it began",
    f"{_SITTING}.ended": "when it ended; null while it lives, and where it died without a word",
    f"{_SITTING}.last_seen": "when it ended, or was last seen at work",
    f"{_SITTING}.why": "how it ended, in words",
    f"{_SITTING}.settled": "pairs that it settled, over all targets",
    f"{_SITTING}.calls": "calls that it sent",
    f"{_SITTING}.pid": "its process",
    f"{_SITTING}.bulkdel": f"the version; {_OLD}",
    f"{_SITTING}.python": f"the version; {_OLD}",
    f"{_SITTING}.host": f"the machine's name; {_OLD}",
    f"{_SITTING}.user": f"the user's name, may be empty; {_OLD}",
    f"{_SITTING}.uid": f"the user's number; {_OLD}",
    f"{_SITTING}.command": f"as given; {_OLD}",
    f"{_SITTING}.agreement": f"one of {', '.join(Agreement)}; {_OLD}",
    f"{_SITTING}.agreed_in": f"the number of the process in which the plan was agreed to; {_OLD}",
    f"{_SITTING}.sends": f"whether it sends calls (close does not); {_OLD}",
    f"{_SITTING}.limit": "pairs that it may settle (--limit); null is no bound",
    _SETTINGS: f"the settings in force; {_OLD}, and where nothing is sent",
    f"{_SETTINGS}.orient": "as_given or fewest_calls",
    f"{_SETTINGS}.targets.*.qps": "the ceiling that was set, calls/s",
    f"{_SETTINGS}.targets.*.documented_qps": "the provider's documented ceiling, calls/s",
    f"{_SETTINGS}.targets.*.max_in_flight": "calls that may wait for their answer together",
    f"{_SETTINGS}.targets.*.batch_size": "accounts that one call carries",
    f"{_SETTINGS}.targets.*.address": "where calls go; empty for the emulator in the process",
    f"{_SETTINGS}.targets.*.secret_env": "the variable that held the key, or null",
    f"{_SETTINGS}.targets.*.secret_file": "the file that held the key, or null",
    f"{_SETTINGS}.targets.*.proxy": "what calls go through; empty where they go straight",
    f"{_SETTINGS}.targets.*.proxy_env": "the variable that held the proxy's login, or null",
    f"{_SETTINGS}.retry.max_attempts": "calls of a batch in a row without progress",
    f"{_SETTINGS}.retry.base_delay_s": "before the second call at most",
    f"{_SETTINGS}.retry.max_delay_s": "between two calls at most",
    f"{_SETTINGS}.retry.timeout_s": "that a call may take",
    f"{_SETTINGS}.retry.outage_limit_s": "without an accepted call until a target is given up",
    f"{_SETTINGS}.guards.protected_accounts": "accounts that are never sent",
    f"{_SETTINGS}.guards.protected_sha256": "over all of them, sorted",
    f"{_SETTINGS}.guards.protect_files[].path": "a file that names some",
    f"{_SETTINGS}.guards.protect_files[].sha256": "of that file",
    f"{_SETTINGS}.guards.max_pairs": "a larger plan is not sent; null is no bound",
    f"{_SETTINGS}.guards.max_failure_ratio": "more failed pairs stop the run; null is no bound",
    f"{_SETTINGS}.guards.min_sample": "settled pairs before that counts",
    f"{_SETTINGS}.schedule.window": "times of day between which calls are sent; null is always",
    f"{_SETTINGS}.schedule.timezone": "whose clock the window goes by; null without a window",
    f"{_SETTINGS}.schedule.outside": "exit or wait",
    f"{_SETTINGS}.schedule.max_duration_s": "that one process may take; null is no bound",
    "sitting_count": "how many processes there were, shown or not",
    "worst_accounts[].target": "of an account with many failed pairs",
    "worst_accounts[].account": "its id",
    "worst_accounts[].failed": "how many",
    "worst_accounts[].code": "the commonest code of them",
    "reject_reasons[].reason": "why rows were rejected",
    "reject_reasons[].rows": "how many",
    "targets.*.provider_name": "as in the job file",
    "targets.*.region": "as in the job file; may be empty",
    "targets.*.app_id": "the app's number",
    "targets.*.reach": "real, loopback or emulator",
    f"{_CODE}.code": "a result code, or one of bulkdel's own below zero",
    f"{_CODE}.words": "that in words",
    f"{_CODE}.info": "a text that came with it",
    f"{_CODE}.deleted": "pairs that were settled so with it",
    f"{_CODE}.already_gone": "pairs that were settled so with it",
    f"{_CODE}.failed": "pairs that were settled so with it",
    f"{_CODE}.unsettled": "pairs that wait and got it last",
    f"{_CODE}.answers": "calls whose answer left something unsettled because of it",
    f"{_CODE}.purge": "null, or what its failed pairs mean for whoever must have them removed",
    f"{_CODE}.purge.friendship": f"whether it is there afterwards: {', '.join(Friendship)}",
    f"{_CODE}.purge.words": "why",
    f"{_CODE}.purge.mend": "what to do",
    f"{_CODE}.purge.source": "how that is known; empty where the provider does not document it",
    "targets.*.timeline.answers": "answers that came",
    "targets.*.timeline.p50_ms": "half of the answers took no longer; null without answers",
    "targets.*.timeline.p95_ms": "95 of 100 took no longer",
    "targets.*.timeline.p99_ms": "99 of 100 took no longer",
    f"{_SPAN}.at": "when a span of time began",
    f"{_SPAN}.span_ms": "its length",
    f"{_SPAN}.calls": "that left in it",
    f"{_SPAN}.rate": "calls/s that left",
    f"{_SPAN}.qps": "the ceiling, calls/s",
    f"{_SPAN}.pace": "what the target was allowed at its end, calls/s",
    f"{_SPAN}.settled": "pairs",
    f"{_SPAN}.retries": "calls that carried pairs which a call had carried before",
    f"{_SPAN}.throttled": "calls that were refused for their rate",
    f"{_SPAN}.lost_answers": "calls without a definite answer",
    f"{_SPAN}.held_ms": "how long the provider held the target",
    f"{_SPAN}.probing_ms": "how long single calls asked whether the provider is there",
    f"{_SPAN}.waiting_ms": "how long nothing was sent for another reason",
    f"{_SPAN}.reason": "why nothing was sent, in words; empty if something was",
    f"{_SPAN}.p50_ms": "of the answers in it, as above",
    f"{_SPAN}.p95_ms": "of the answers in it, as above",
    f"{_SPAN}.p99_ms": "of the answers in it, as above",
}


def report_json(facts: RunFacts) -> bytes:
    """One JSON object; ends with a newline. Times are UTC, as in the ledger."""
    return json_text(report_values(facts))


def report_values(facts: RunFacts) -> dict[str, Any]:
    """What `report_json` writes."""
    values = status_json.status_values(facts.status) | {"version": VERSION}
    for target in facts.targets:
        values["targets"][target.status.name] |= _target(target)
    for known, one in zip(values["shards"], facts.shards, strict=True):
        known.update(_shard(one))
    times, decided = facts.times, facts.decided
    return values | {
        "ended": None if times.ended_ms is None else stamp(times.ended_ms),
        "worked_s": times.worked_ms / 1000,
        "wall_s": None if times.wall_ms is None else times.wall_ms / 1000,
        "inputs": [_input(one) for one in decided.sources],
        "input_rules": {
            "from_field": decided.from_field,
            "to_field": decided.to_field,
            "accounts_only": decided.accounts_only,
            "protected_sha256": decided.protected_sha256,
        },
        "plan_digest": facts.plan_digest,
        "ledger": _ledger(facts),
        "agreements": [one for record in facts.agreements for one in _agreement(record)],
        "sittings": [_sitting(one) for one in facts.sittings],
        "sitting_count": facts.sitting_count,
        "worst_accounts": [asdict(one) for one in facts.worst],
        "beside_facts": [_beside(one) for one in facts.beside],
        "reject_reasons": [
            {"reason": reason, "rows": rows} for reason, rows in facts.rejects.reasons
        ],
    }


def _shard(one: ShardFacts) -> dict[str, Any]:
    head = one.head
    return {
        "began": None if one.began_ms is None else stamp(one.began_ms),
        "ended": None if one.ended_ms is None else stamp(one.ended_ms),
        "ledger": head
        and {"length": head.length, "settlements": head.settlements, "head": head.chain},
    }


def _beside(one: SideFacts) -> dict[str, Any]:
    first = [{"target": target, "what": what} for target, what in one.first]
    codes = [{"target": of.target, "code": of.code, "words": said} for of, said in one.codes]
    return {
        "folder": one.status.folder,
        "notes": one.notes,
        "first": first,
        "more": one.more,
        "codes": codes,
    }


def _input(source: Source) -> dict[str, Any]:
    return {
        "path": source.path,
        "format": source.format,
        "quoting": source.quoting,
        "size": source.size,
        "sha256": source.sha256,
    }


def _ledger(facts: RunFacts) -> dict[str, Any]:
    head, counts = facts.head, facts.counts
    return {
        "lines": None if counts is None else counts.lines,
        "length": 0 if head is None else head.length,
        "settlements": 0 if head is None else head.settlements,
        "head": None if head is None else head.chain,
        "sha256": facts.ledger_sha256 or None,
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


def _agreement(record: SittingRecord) -> list[dict[str, Any]]:
    """One, or none where it is not known."""
    known = record.circumstances
    if known is None or known.agreed_ms is None:
        return []
    return [
        {
            "sitting": record.number,
            "at": stamp(known.agreed_ms),
            "how": known.agreement,
            "user": known.user,
            "uid": known.uid,
            "host": known.host,
            "command": known.command,
        }
    ]


def _sitting(one: SittingFacts) -> dict[str, Any]:
    record, known = one.record, one.record.circumstances
    told = {} if known is None else asdict(known)
    return {
        "number": record.number,
        "shard": one.shard or None,
        "began": stamp(record.started_ms),
        "ended": None if record.ended_ms is None else stamp(record.ended_ms),
        "last_seen": stamp(one.seen_ms),
        "why": one.why,
        "settled": one.settled,
        "calls": one.calls,
        "pid": record.pid,
        "agreed_in": record.agreed_in,
        **{key: told.get(key) for key in _TOLD},
    }


_TOLD: Final = (
    *("bulkdel", "python", "host", "user", "uid", "command"),
    *("agreement", "sends", "limit", "settings"),
)
"""Of a sitting's circumstances, as they are called there."""


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
