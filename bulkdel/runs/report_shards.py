"""What a report says of a run that is cut: gathered shard by shard, told as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bulkdel.errors import BulkdelError
from bulkdel.job.job import Job
from bulkdel.ledger.history import MOST_AGREEMENTS, MOST_SITTINGS, History, open_history
from bulkdel.ledger.sittings import SittingRecord
from bulkdel.plan.cut import Cut, shard_dir
from bulkdel.report.ending import why
from bulkdel.report.facts import RunFacts, ShardFacts, SittingFacts, sitting_facts, times_of
from bulkdel.report.few import ROWS_MOST
from bulkdel.report.ledger_counts import count_ledger
from bulkdel.report.remarks import may_name_twice
from bulkdel.report.shards import ShardStatus
from bulkdel.report.status import State, Status
from bulkdel.report.timeline import Timeline, fold_samples, width_for
from bulkdel.runs.status import identity_of
from bulkdel.send.view import End, Ending, LaneEnd


def facts_of_shards(
    job: Job, cut: Cut, status: Status, facts_of: Callable[..., RunFacts], most_bytes: int | None
) -> RunFacts:
    """All that the shards' directories tell of the run.

    Of a shard that a process sends now nothing is opened but its ledger. No spans of time are kept
    where there are more than ROWS_MOST targets, and none of a target in slices.

    Args:
        job: whose run.
        cut: how it is cut.
        status: how it stands.
        facts_of: makes facts of what is known of all of it.
        most_bytes: of ledgers that are counted; None counts any.
    """
    folders = [shard_dir(job, shard) for shard in cut.shards]
    told = [_told(folder, one, status) for folder, one in zip(folders, status.shards, strict=True)]
    size = sum(one.facts.head.length for one in told if one.facts.head is not None)
    counts = None
    if most_bytes is None or size <= most_bytes:
        counts = count_ledger(*folders, both_sides=may_name_twice(status))
    timelines: dict[str, list[Timeline]] = {}
    for name, timeline in (item for one in told for item in one.timelines.items()):
        timelines.setdefault(name, []).append(timeline)
    few = len(status.targets) <= ROWS_MOST
    facts = facts_of(
        identity_of(job, cut.meta, ""),
        counts=counts,
        timelines={name: _as_one(each, spans=few) for name, each in timelines.items()},
    )
    sittings = sorted(
        (sitting for one in told for sitting in one.sittings),
        key=lambda sitting: sitting.record.started_ms,
    )
    agreed = {
        (one.circumstances.agreed_ms, one.circumstances.agreement): one
        for part in told
        for one in part.agreements
        if one.circumstances is not None
    }
    numbers = {(one.shard, one.record.number): at for at, one in enumerate(sittings, 1)}
    sittings = [_numbered(one, numbers) for one in sittings]
    return replace(
        facts,
        shards=tuple(one.facts for one in told),
        sittings=tuple(sittings[-MOST_SITTINGS:]),
        sitting_count=sum(one.count for one in told),
        agreements=tuple(agreed.values())[-MOST_AGREEMENTS:],
        times=replace(times_of(status, sittings), began_ms=status.began_ms),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one shard's journal tells."""

    facts: ShardFacts
    sittings: tuple[SittingFacts, ...] = ()
    count: int = 0
    agreements: tuple[SittingRecord, ...] = ()
    timelines: Mapping[str, Timeline] = field(default_factory=dict)


def _told(folder: Path, shard: ShardStatus, status: Status) -> _Told:
    """Nothing but how it stands of one that is sent now, was never begun, or cannot be read."""
    nothing = _Told(facts=ShardFacts(status=shard, began_ms=shard.since_ms))
    if shard.owner:
        return nothing
    own = {lane.target: lane for lane in shard.lanes}
    targets = [replace(one, lane=own[one.name]) for one in status.targets if one.name in own]
    part = replace(status, targets=tuple(targets), state=State.STOPPED, last=None)
    try:
        with open_history(folder) as history:
            if history is None:
                return nothing
            timelines = timelines_of(history)
            seen = [span.end_ms for one in timelines.values() for span in one.spans]
            why = partial(why_ended, part)
            sittings = sitting_facts(part, history.sittings(), why, seen)
            return _Told(
                facts=ShardFacts(
                    status=shard,
                    began_ms=sittings[0].record.started_ms if sittings else None,
                    ended_ms=max((one.seen_ms for one in sittings), default=None),
                    head=history.ledger_end(),
                ),
                sittings=tuple(replace(one, shard=shard.name) for one in sittings),
                count=history.sitting_count(),
                agreements=history.agreements(),
                timelines=timelines,
            )
    except BulkdelError:  # that is among what is said of the shards
        return nothing


def _numbered(one: SittingFacts, numbers: Mapping[tuple[str, int], int]) -> SittingFacts:
    """A sitting with its number among all shards'."""
    record = one.record
    agreed_in = None if record.agreed_in is None else numbers.get((one.shard, record.agreed_in))
    number = numbers[one.shard, record.number]
    return replace(one, record=replace(record, number=number, agreed_in=agreed_in))


def _as_one(timelines: Sequence[Timeline], *, spans: bool) -> Timeline:
    """A target's course; of one in slices only what can be added up."""
    if len(timelines) == 1:
        return timelines[0] if spans else replace(timelines[0], spans=())
    codes: Counter[int] = Counter()
    for one in timelines:
        codes.update(one.codes)
    return Timeline(answers=sum(one.answers for one in timelines), codes=dict(codes))


def timelines_of(history: History) -> dict[str, Timeline]:
    """What each target did over time."""
    width = width_for(history.spans_within)
    return {
        target.name: fold_samples(history.samples(index), width)
        for index, target in enumerate(history.identity.targets)
    }


def why_ended(status: Status, sitting: SittingRecord) -> str:
    """How a sitting ended, in words."""
    if sitting.ended_ms is None:
        last = status.last is not None and sitting.started_ms == status.last.began_ms
        if last and status.state is State.RUNNING:
            return "at work"
        return "gone without a word: killed, or a crash"
    if sitting.circumstances is not None and not sitting.circumstances.sends:
        return "closed by the operator"
    lanes = tuple(
        LaneEnd(target=one.target, end=End(one.end), words=one.words) for one in sitting.lanes
    )
    return why(Ending(lanes=lanes))
