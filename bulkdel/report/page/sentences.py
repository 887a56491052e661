"""The page's rows and sentences that take more than a field of the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from bulkdel.providers.purge import Friendship, Purge
from bulkdel.report import record
from bulkdel.report.beside import SideStatus
from bulkdel.report.beside_words import plural_of
from bulkdel.report.facts import CodeFacts, RunFacts, TargetFacts
from bulkdel.report.few import ROWS_MOST
from bulkdel.report.figures import count, counted, plain, rate, span
from bulkdel.report.lane_words import Said, lane_words
from bulkdel.report.phrases import deed
from bulkdel.report.shards import ShardState, ShardStatus
from bulkdel.report.status import State, Status, TargetStatus
from bulkdel.report.sums import urgency
from bulkdel.report.timeline import TimeSpan
from bulkdel.words import NEVER_SENT, NO_REPLY, UNREADABLE

_STILL_THERE: Final = {
    Friendship.STANDS: "yes",
    Friendship.UNCERTAIN: "not known",
    Friendship.NONE: "there can be none",
}
_NEWS_MS: Final = 100
"""A shorter wait is that of a first call."""


def time(unix_ms: int) -> str:
    """A time in a column that is headed UTC: "2026-11-21 22:25:01"."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def settled_rows(targets: Sequence[TargetFacts]) -> list[tuple[int, str, int, int]]:
    """Every span's end, its target, and the pairs settled in it and up to its end; by time."""
    rows = []
    for target in targets:
        so_far = 0
        for one in target.timeline.spans:
            so_far += one.settled
            rows.append((one.end_ms, target.status.name, one.settled, so_far))
    return sorted(rows)


def kept(spans: Sequence[TimeSpan]) -> str:
    """For how long a lane was kept from sending, and by what; empty where it is no news."""
    held = sum(one.held_ms for one in spans)
    probing = sum(one.probing_ms for one in spans)
    waiting = sum(one.waiting_ms for one in spans)
    worked = sum(one.span_ms for one in spans)
    if held + probing + waiting <= worked / 100:
        return ""
    words = ", ".join(
        f"{span(part_ms / 1000)} {what}"
        for part_ms, what in (
            (held, "held by the provider"),
            (probing, "probing, one call at a time"),
            (waiting, "waiting"),
        )
        if part_ms >= _NEWS_MS
    )
    return f"Of {span(worked / 1000)}: {words}." if words else ""


def number(one: CodeFacts) -> str:
    """The code of some facts, as `shown`."""
    return shown(one.code)


def shown(code: int) -> str:
    """A code as the provider has it; a dash where it is none of the provider's."""
    return "-" if code in (NO_REPLY, UNREADABLE, NEVER_SENT) else str(code)


def failed_codes(facts: RunFacts) -> list[tuple[str, CodeFacts]]:
    """Each code that pairs of a target failed with, by target."""
    return [
        (target.status.name, one)
        for target in facts.targets
        for one in target.codes
        if one.purge is not None
    ]


def still_there(purge: Purge) -> str:
    """Whether a friendship is to be taken as there."""
    return _STILL_THERE[purge.friendship]


def states(status: Status) -> list[tuple[str, Said, float | None]]:
    """What each target does now, or how it ended, and the seconds left; of a run in the middle."""
    if status.state not in (State.RUNNING, State.STOPPED):
        return []
    if len(status.targets) <= ROWS_MOST:
        return [
            (one.name, lane_words(one.lane, status.at_ms), one.left_s) for one in status.targets
        ]
    lanes = sorted((one.lane for one in status.targets), key=urgency)
    whose = Counter(lane_words(lane, status.at_ms) for lane in lanes)
    each = list(whose.items())[:ROWS_MOST]
    return [(counted(number, "target"), said, None) for said, number in each]


def urgent_first(targets: Sequence[TargetStatus]) -> list[TargetStatus]:
    """The targets, those first of which a person must know soonest."""
    return sorted(targets, key=lambda one: urgency(one.lane))


def shard_words(one: ShardStatus) -> str:
    """How a shard stands: who sends it, or why nobody does."""
    if one.owner:
        return f"being sent by {plain(one.owner)}, {rate(one.rate)} calls/s"
    return one.why if one.state is ShardState.ENDED else str(one.state)


def answer(one: CodeFacts) -> str:
    """Our words for the code, and the provider's text where it says something else."""
    info = plain(one.info, 160)
    return (
        f'{one.words} ("{info}")' if info and info.lower() not in one.words.lower() else one.words
    )


def side_columns(side: SideStatus) -> list[str]:
    """The columns of its figures: what there is, what came of it, what is left, and calls."""
    drawn = ["drawn from"] if side.origin.sample is not None else []
    results = [word.replace("_", " ") for word in side.words]
    return ["target", *drawn, plural_of(side), *results, "unsettled", "calls"]


def side_rows(side: SideStatus) -> Iterator[list[str]]:
    """Its figures, a row for each target."""
    populations = side.origin.population or (0,) * len(side.targets)
    for target, population in zip(side.targets, populations, strict=True):
        drawn = [population] if side.origin.sample is not None else []
        results = target.by_status(side.errand)
        figures = [
            *drawn,
            target.pairs,
            *(results[word] for word in side.words),
            target.unsettled,
            target.counters.calls,
        ]
        yield [target.name, *map(count, figures)]


def code_words(facts: RunFacts, target: str, code: int) -> str:
    """What a code of a target means; empty where nobody knows."""
    return next(
        (
            one.words
            for each in facts.targets
            if each.status.name == target
            for one in each.codes
            if one.code == code
        ),
        "",
    )


def identity(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Which run this is, so that nobody takes it for another."""
    status = facts.status
    yield "does", deed(status.operation, status.mode)
    for one in facts.targets:
        where = f", region {one.region}" if one.region else ""
        app = f"{one.status.provider}{where}, app {one.app_id}; {one.status.place}"
        yield one.status.name, app
    yield from record.course(facts)
    for sentence in record.confirmed(facts):
        yield "agreed", sentence
    yield "run directory", str(status.run_dir)
    yield "plan", f"SHA-256 {facts.plan_digest}"
    if facts.head is not None:
        yield "ledger", f"{count(facts.head.length)} bytes, chain head {facts.head.chain}"
        if facts.ledger_sha256:
            yield "", f"SHA-256 of those bytes {facts.ledger_sha256}"
