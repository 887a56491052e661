"""A status as JSON for programs: the keys of the contract, and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bulkdel.evidence.statement import Statement
from bulkdel.ledger.history import CodeCount
from bulkdel.report.beside import SideStatus, SideTarget
from bulkdel.report.beside_words import name_of, side_words
from bulkdel.report.deadline import request_values
from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.report.lane_words import lane_words
from bulkdel.report.no_friendships import NoFriendships
from bulkdel.report.shards import ShardState, ShardStatus
from bulkdel.report.status import LastSitting, Status, TargetStatus
from bulkdel.report.verdict import run_verdict
from bulkdel.send.state import Doing, End
from bulkdel.send.view import LaneView

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "job": "its name",
    "run_dir": "the run directory, absolute",
    "operation": "delete_friends or delete_all_friends",
    "mode": "one_way or two_way",
    "orient": "as_given or fewest_calls",
    "no_friendships": "null, or where nearly nothing of what was asked was a friendship",
    "no_friendships.targets[]": "their names",
    "no_friendships.told": "that, in a sentence",
    "no_friendships.look": "what to look at",
    "state": "planned (nothing was sent yet), running (a process works on it), stopped, finished",
    "reason": "why, in words",
    "verdict.tone": "good, mixed (wants a look, or not done yet) or bad (somebody must act)",
    "verdict.headline": "how the run stands, in a sentence: what every screen says first",
    "verdict.detail": "what explains it; may be empty",
    "at": "when this was so",
    "sealed": "null; of a run that was sealed: when, and of the others only what is kept of it",
    "request": "null, or what the purge answers",
    "request.id": "its number; null where the job does not say",
    "request.reason": "why; null likewise",
    "request.requested_at": "when it was asked for; null likewise",
    "request.deadline": "when it must be done; null likewise",
    "balanced": "whether the books balance",
    "wrongs[]": "in what way they do not, a sentence each",
    "left_s": "estimated seconds until the last target is done; null where nobody can say",
    "rows.read": "rows of the input: pairs + duplicates + rejected + protected",
    "rows.pairs": "distinct pairs (for delete_all_friends accounts), for each target",
    "rows.duplicates": "rows that named a pair again",
    "rows.rejected": "rows that cannot be sent",
    "rows.protected": "rows that name a protected account",
    "targets.*.provider": "the provider's name",
    "targets.*.place": "where its calls go, in words",
    "targets.*.pairs": "of the plan: deleted + already_gone + failed + unsettled",
    "targets.*.batches": "of the plan",
    "targets.*.deleted": "pairs that the provider said it deleted",
    "targets.*.already_gone": "pairs of which it said that there was nothing to delete",
    "targets.*.failed": "pairs that it refused for good",
    "targets.*.unsettled": "pairs without a final result",
    "targets.*.last_settled": "when its last pair was settled; null where long ago or never",
    "targets.*.in_reserve": "of those, pairs whose other side is still to be asked",
    "targets.*.calls": "calls sent, over all starts; retries among them",
    "targets.*.retries": "calls that carried pairs which a call had carried before",
    "targets.*.throttled": "calls that the provider refused for their rate",
    "targets.*.lost_answers": "calls that may have been carried out without a definite answer",
    "targets.*.qps": "the ceiling, calls/s",
    "targets.*.pace": "what the target is allowed now, calls/s",
    "targets.*.rate": "what left over the last seconds, calls/s; 0 where nothing is sent",
    "targets.*.in_flight": "calls that wait for their answer",
    "targets.*.left_s": "estimated seconds until it is done; null where nobody can say",
    "targets.*.state.doing": f"one of {', '.join(Doing)}",
    "targets.*.state.words": "that in words, as every screen says it",
    "targets.*.state.since": "when it began; null where that is not known",
    "targets.*.state.until": "when it ends or the next call may leave; null where not known",
    "targets.*.state.code": "the provider's code behind it; null where there is none",
    "targets.*.state.info": "the text that came with it",
    "targets.*.state.by": "the user who asked for it; may be empty",
    "targets.*.state.end": f"null, or why it stopped: one of {', '.join(End)}",
    "targets.*.state.slower": "null, or what keeps it below its ceiling: operator or provider",
    "targets.*.failed_codes[].code": "a code that pairs failed with",
    "targets.*.failed_codes[].info": "a text that came with it",
    "targets.*.failed_codes[].pairs": "how many",
    "targets.*.failed_codes[].example": "an account that got it; may be missing",
    "targets.*.unsettled_codes[].code": "the last code of pairs that wait",
    "targets.*.unsettled_codes[].info": "a text that came with it",
    "targets.*.unsettled_codes[].pairs": "how many",
    "targets.*.unsettled_codes[].example": "an account that got it; may be missing",
    "began": "when the first process that sent began; null if there was none",
    "last_sitting": "null, or the last process that worked on it",
    "last_sitting.began": "when it began",
    "last_sitting.ended": "when it ended; null while it lives, and where it died without a word",
    "last_sitting.why": "how it ended, in words",
    "beside": "the runs beside the run, of each kind the latest; none where there are none",
    "beside[].run": "backup, canary, verification or undo",
    "beside[].folder": "its folder in the run directory",
    "beside[].state": "planned (nothing was sent yet), running, stopped or finished",
    "beside[].words": "how it stands, in words, as every screen says it",
    "beside[].began": "when it was first at work; null if it never was",
    "beside[].ended": "when it was last at work; null while it is, and where nobody knows",
    "beside[].sample": "null, or how many of each target were drawn to be asked for",
    "beside[].seed": "null, or what they were drawn with",
    "beside[].targets.*.pairs": "what there is to do: pairs, lists or friends",
    "beside[].targets.*.population": "what they were drawn from",
    "beside[].targets.*.counts.*": "by the word for it in its ledger, how many",
    "beside[].targets.*.unsettled": "how many are left",
    "beside[].targets.*.calls": "calls sent, over all starts; retries among them",
    "beside[].codes[].target": "whose code it is",
    "beside[].codes[].code": "of what failed, or could not be asked for",
    "beside[].codes[].info": "a text that came with it",
    "beside[].codes[].pairs": "how many",
    "backup": "null, or the backup as a whole",
    "backup.state": "begun, whole, or destroyed",
    "backup.at": "since when",
    "backup.kept_until": "until when it may be kept; null where the job sets no bound",
    "backup.lists": "lists that were pulled; 0 before it is whole, as what follows",
    "backup.failed": "lists that could not be pulled",
    "backup.friends": "friends whose data is kept",
    "backup.by": "who destroyed it; may be empty",
    "backup.can_be_put_back": "whether it holds what was deleted, and nothing was put back yet",
    "shards": "the shards of a run that is cut; none of one that is not",
    "shards[].name": "of its folder, shards/NAME in the run directory",
    "shards[].targets[]": "the names of its targets; of a slice, the one that it is of",
    "shards[].state": f"one of {', '.join(ShardState)}",
    "shards[].words": "why it ended, in words, where it did with work left; else empty",
    "shards[].owner": "the machine and the process that send it; null where none does",
    "shards[].host": "that machine; null likewise",
    "shards[].pid": "that process; null likewise",
    "shards[].since": "when that one began, or the last one did; null where nobody has",
    "shards[].changed_hands": "how often another process took it than the first",
    "shards[].pairs": "of its part of the plan, over its targets: settled + unsettled",
    "shards[].settled": "pairs that have a final result",
    "shards[].unsettled": "pairs without one",
    "shards[].rate": "what left over the last seconds, calls/s",
    "beside_unreadable[]": "a sentence for each of them that cannot be read",
}


def sealed_json(run_dir: Path, statement: Statement) -> bytes:
    """As `status_json` of a run that was sealed: what its statement says, and no more."""
    return json_text(
        {
            "version": VERSION,
            "job": statement.job,
            "run_dir": str(run_dir),
            "operation": statement.operation,
            "mode": statement.mode,
            "orient": statement.orient,
            "state": "finished",
            "reason": f"sealed {statement.sealed_at}",
            "rows": asdict(statement.rows),
            "targets": {
                one.name: {
                    "provider": one.provider,
                    "pairs": one.pairs,
                    "deleted": one.deleted,
                    "already_gone": one.already_gone,
                    "failed": one.failed,
                    "unsettled": one.pairs - one.deleted - one.already_gone - one.failed,
                }
                for one in statement.targets
            },
            "request": asdict(statement.request),
            "began": statement.began_at,
            "sealed": statement.sealed_at,
        }
    )


def status_json(status: Status) -> bytes:
    """One JSON object; ends with a newline."""
    return json_text(status_values(status))


def status_values(status: Status) -> dict[str, Any]:
    """What `status_json` writes."""
    verdict, last = run_verdict(status), status.last
    return {
        "version": VERSION,
        "job": status.job,
        "run_dir": str(status.run_dir),
        "operation": status.operation,
        "mode": status.mode,
        "orient": status.orient,
        "no_friendships": verdict.no_friendships and _no_friendships(verdict.no_friendships),
        "state": status.state,
        "reason": status.reason,
        "verdict": {
            "tone": verdict.tone,
            "headline": verdict.headline,
            "detail": verdict.detail,
        },
        "at": stamp(status.at_ms),
        "sealed": None,
        "request": request_values(status.request),
        "balanced": not verdict.wrongs,
        "wrongs": verdict.wrongs,
        "left_s": status.left_s,
        "rows": asdict(status.rows),
        "targets": {target.name: _target(target, status.at_ms) for target in status.targets},
        "began": None if status.began_ms is None else stamp(status.began_ms),
        "last_sitting": None if last is None else _sitting(last),
        "beside": [_beside(one) for one in status.beside.sides],
        "backup": _backup(status),
        "shards": [_shard(one) for one in status.shards],
        "beside_unreadable": status.beside.unreadable,
    }


def _backup(status: Status) -> dict[str, Any] | None:
    note = status.beside.backup
    if note is None:
        return None
    known = {name: getattr(note, name) for name in ("state", "at", "kept_until")}
    counts = {name: getattr(note, name) for name in ("lists", "failed", "friends", "by")}
    return {**known, **counts, "can_be_put_back": status.can_be_put_back}


def _shard(one: ShardStatus) -> dict[str, Any]:
    return {
        "name": one.name,
        "targets": one.targets,
        "state": one.state,
        "words": one.why if one.state is ShardState.ENDED else "",
        "owner": one.owner or None,
        "host": one.host or None,
        "pid": one.pid or None,
        "since": None if one.since_ms is None else stamp(one.since_ms),
        "changed_hands": one.changed_hands,
        "pairs": one.pairs,
        "settled": one.settled,
        "unsettled": one.pairs - one.settled,
        "rate": one.rate,
    }


def _beside(one: SideStatus) -> dict[str, Any]:
    populations = one.origin.population or (None,) * len(one.targets)
    return {
        "run": name_of(one),
        "folder": one.folder,
        "state": one.state,
        "words": side_words(one),
        "began": None if one.began_ms is None else stamp(one.began_ms),
        "ended": None if one.ended_ms is None else stamp(one.ended_ms),
        "sample": one.origin.sample,
        "seed": one.origin.seed,
        "targets": {
            target.name: _beside_target(one, target, population)
            for target, population in zip(one.targets, populations, strict=True)
        },
        "codes": [
            {"target": code.target, "code": code.code, "info": code.info, "pairs": code.pairs}
            for code in one.failed
        ],
    }


def _beside_target(one: SideStatus, target: SideTarget, population: int | None) -> dict[str, Any]:
    return {
        "pairs": target.pairs,
        "population": target.pairs if population is None else population,
        "counts": target.by_status(one.errand),
        "unsettled": target.unsettled,
        "calls": target.counters.calls,
    }


def _no_friendships(doubt: NoFriendships) -> dict[str, Any]:
    return {"targets": doubt.targets, "told": doubt.sentence, "look": doubt.look}


def _target(target: TargetStatus, at_ms: int) -> dict[str, Any]:
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
        "last_settled": None if target.settled_ms is None else stamp(target.settled_ms),
        "in_reserve": counters.in_reserve,
        "calls": counters.calls,
        "retries": counters.retries,
        "throttled": counters.throttled,
        "lost_answers": counters.lost_answers,
        "qps": target.qps,
        "pace": target.lane.pace,
        "rate": target.lane.rate,
        "in_flight": target.lane.in_flight,
        "left_s": target.left_s,
        "state": _state(target.lane, at_ms),
        "failed_codes": [_code(one) for one in target.failed_codes],
        "unsettled_codes": [_code(one) for one in target.unsettled_codes],
    }


def _state(lane: LaneView, at_ms: int) -> dict[str, Any]:
    state, said = lane.state, lane_words(lane, at_ms)
    return {
        "doing": state.doing,
        "words": said.words,
        "since": None if state.since_ms is None else stamp(state.since_ms),
        "until": None if state.until_ms is None else stamp(state.until_ms),
        "code": state.code,
        "info": state.info,
        "by": state.by,
        "end": state.end,
        "slower": state.slower,
    }


def _code(one: CodeCount) -> dict[str, Any]:
    example = {"example": one.example} if one.example else {}
    return {"code": one.code, "info": one.info, "pairs": one.pairs, **example}


def _sitting(last: LastSitting) -> dict[str, Any]:
    ended = None if last.ended_ms is None else stamp(last.ended_ms)
    return {"began": stamp(last.began_ms), "ended": ended, "why": last.why}
