"""What an auditor asks of a run, in words: who, when, where, with what, by which settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from bulkdel.ledger.circumstances import (
    Agreement,
    Circumstances,
    GuardSettings,
    RetrySettings,
    ScheduleSettings,
    Settings,
    TargetSettings,
)
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.plan.values import Fingerprint
from bulkdel.report.facts import RunFacts
from bulkdel.report.figures import count, counted, moment, plain, rate, span
from bulkdel.report.status import State
from bulkdel.words import Operation

NOT_RECORDED = "not recorded (begun with an older version)"

_HOW = {
    Agreement.TYPED: "yes, typed at a terminal",
    Agreement.OPTION: "the option --yes",
    Agreement.TRIAL: "a trial: nothing real is touched, so nobody was asked",
    Agreement.PROGRAM: "a program that used bulkdel as a library said yes",
    Agreement.NOT_NEEDED: "nothing is changed at the provider, so nobody was asked",
}


def who(sitting: SittingRecord) -> str:
    """The user, the machine and the process of a sitting."""
    known = sitting.circumstances
    if known is None:
        return f"process {sitting.pid}; user and host {NOT_RECORDED}"
    return f"{_user(known)} on {known.host}, process {sitting.pid}"


def agreement(sitting: SittingRecord) -> str:
    """How somebody agreed to what a sitting did."""
    known = sitting.circumstances
    if known is None:
        return NOT_RECORDED
    if known.agreement is not Agreement.EARLIER:
        return _HOW[known.agreement]
    if sitting.agreed_in is None:
        return "agreed at an earlier start, of an older version that did not record it"
    return f"agreed at start {count(sitting.agreed_in)}"


def versions(sitting: SittingRecord) -> str:
    """Which bulkdel and Python a sitting ran with."""
    known = sitting.circumstances
    return NOT_RECORDED if known is None else f"{known.bulkdel}, Python {known.python}"


def command(sitting: SittingRecord) -> str:
    """The command of a sitting, as it was given."""
    known = sitting.circumstances
    if known is None:
        return NOT_RECORDED
    return known.command or "none: a program used bulkdel as a library"


def confirmed(facts: RunFacts) -> Iterator[str]:
    """Who agreed to the plan, when, how and where; a sentence for each who did."""
    trial = False
    for sitting in facts.agreements:
        known = sitting.circumstances
        if known is not None and known.agreement is Agreement.TRIAL:
            trial = True
        elif known is not None and known.agreed_ms is not None:
            yield (
                f"{moment(known.agreed_ms)}, start {count(sitting.number)}: "
                f"{_HOW[known.agreement]}; {who(sitting)}"
            )
    if trial:
        yield _HOW[Agreement.TRIAL]
    if not facts.agreements and facts.sittings:
        yield NOT_RECORDED


def course(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """When the run began and ended, and how long it took."""
    times, running = facts.times, facts.status.state is State.RUNNING
    if times.began_ms is None:
        return
    yield "began", moment(times.began_ms)
    if facts.status.state is State.FINISHED and times.ended_ms is not None:
        yield "finished", moment(times.ended_ms)
    elif running:
        yield "ended", "not yet: a process works on it"
    else:
        yield "ended", "not yet: work is left"
        if times.ended_ms is not None:
            yield "last worked on", moment(times.ended_ms)
    yield "took", _took(facts)


def _took(facts: RunFacts) -> str:
    times, sittings = facts.times, facts.sittings
    worked = f"{span(times.worked_ms / 1000)} at work"
    worked += ", that of all shards added up," if facts.shards else ""
    if len(sittings) < facts.sitting_count:
        worked += f" in the last {count(len(sittings))} of {counted(facts.sitting_count, 'start')}"
    elif len(sittings) > 1:
        worked += f" in {counted(len(sittings), 'start')}"
    parts = [worked]
    if times.wall_ms is not None:
        parts.append(f"{span(times.wall_ms / 1000)} from beginning to end")
    if any(one.record.ended_ms is None and not one.works for one in sittings):
        parts.append("a process that was killed counts until its last note")
    return "; ".join(parts)


def input_rules(decided: Fingerprint) -> str:
    """How the input was read."""
    if decided.operation is Operation.DELETE_ALL_FRIENDS:
        return f"accounts from the column {decided.from_field}"
    return f"pairs from the columns {decided.from_field} and {decided.to_field}"


def settings_in_force(facts: RunFacts) -> list[tuple[str, list[tuple[str, str]]]]:
    """The settings of each stretch of sittings that had the same, with the sittings' numbers."""
    known = [
        (_of_all_shards(facts, one.record.circumstances.settings), one.record.number)
        for one in facts.sittings
        if one.record.circumstances and one.record.circumstances.settings
    ]
    return [
        (_numbered([number for _, number in group]), list(settings_rows(settings)))
        for settings, group in groupby(known, key=itemgetter(0))
    ]


def _of_all_shards(facts: RunFacts, settings: Settings) -> Settings:
    """Without each target's, which differ from shard to shard."""
    return replace(settings, targets={}) if facts.shards else settings


def _numbered(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"start {count(numbers[0])}"
    return f"starts {count(numbers[0])} to {count(numbers[-1])}"


def settings_rows(settings: Settings) -> Iterator[tuple[str, str]]:
    """The settings, name and words."""
    for name, target in settings.targets.items():
        yield name, _target(target)
    yield "orient", str(settings.orient)
    yield "retry", _retry(settings.retry)
    yield "guards", _guards(settings.guards)
    for file in settings.guards.protect_files:
        yield "protect file", f"{plain(file.path, 1000)}, SHA-256 {file.sha256}"
    yield "schedule", _schedule(settings.schedule)


def _target(target: TargetSettings) -> str:
    words = [
        f"at most {rate(target.qps)} calls/s (documented: {rate(target.documented_qps)})",
        f"{counted(target.max_in_flight, 'call')} in flight",
        f"{counted(target.batch_size, 'account')} a call",
        f"calls to {target.address}" if target.address else "an emulator inside the process",
    ]
    if target.proxy:
        words.append(f"through the proxy {target.proxy}")
    if target.secret_env:
        words.append(f"key from the environment variable {target.secret_env}")
    elif target.secret_file:
        words.append(f"key from the file {plain(target.secret_file, 1000)}")
    return "; ".join(words)


def _retry(retry: RetrySettings) -> str:
    return (
        f"{counted(retry.max_attempts, 'call')} of a batch without progress, {retry.base_delay_s:g}"
        f" s to {retry.max_delay_s:g} s apart; a call may take {retry.timeout_s:g} s; a target "
        f"that accepts no call ends after {span(retry.outage_limit_s)}"
    )


def _guards(guards: GuardSettings) -> str:
    words = [f"{counted(guards.protected_accounts, 'protected account')}"]
    if guards.protected_accounts:
        words[0] += f" (SHA-256 of the sorted list {guards.protected_sha256})"
    most = guards.max_pairs
    words.append("max_pairs: none" if most is None else f"max_pairs {count(most)}")
    ratio = guards.max_failure_ratio
    words.append(
        "max_failure_ratio: none"
        if ratio is None
        else f"max_failure_ratio {ratio:g}, once {count(guards.min_sample)} are settled"
    )
    return "; ".join(words)


def _schedule(schedule: ScheduleSettings) -> str:
    words = ["always"]
    if schedule.window is not None:
        words = [f"{schedule.window} {schedule.timezone}, outside it: {schedule.outside}"]
    if schedule.max_duration_s is not None:
        words.append(f"at most {span(schedule.max_duration_s)} at a stretch")
    return "; ".join(words)


def _user(known: Circumstances) -> str:
    return f"{known.user} (uid {known.uid})" if known.user else f"uid {known.uid}"
