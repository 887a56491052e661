"""How a run stands that is cut into shards: each looked at by itself, then all as one.

A shard that a process has is read from what that process says of it (status.json), never from its
journal, which may be another machine's alone. One at rest is read from its journal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bulkdel import files
from bulkdel.errors import BulkdelError, StorageFailed
from bulkdel.job.job import Job
from bulkdel.ledger.history import Snapshot, snapshot
from bulkdel.ledger.lock import holder
from bulkdel.plan.cut import Cut, Shard, read_cut, shard_dir
from bulkdel.plan.read import read_plan_meta
from bulkdel.report.lane_words import lane_words
from bulkdel.report.shards import ShardState, ShardStatus
from bulkdel.report.status import Beside, LastSitting, Status, at_rest, fold
from bulkdel.report.sums import LET_GO, by_code, most_said, one_carried, one_lane
from bulkdel.runs.live import FRESH_S, Live, owner_of, read_live
from bulkdel.runs.seen_lanes import seen_lane
from bulkdel.runs.shards import shard_job
from bulkdel.runs.side_status import look_sides
from bulkdel.runs.sides_of_shards import beside_all
from bulkdel.send.state import Doing, LaneState
from bulkdel.send.view import LaneView

_UNREAD: Final = (files.LOG, files.JOURNAL_FILES[2])
"""What grows or is touched without anything of the shard having changed: its log, SQLite's -shm."""

_ALONE: Final = Beside()

Signs = frozenset[tuple[str, int, int]]
"""A folder's files with their times and sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A shard as it was seen: how it stands, and what its journal says of it where it was read."""

    shard: ShardStatus
    seen: Snapshot | None = None
    beside: Beside = _ALONE

    @property
    def at_work(self) -> bool:
        """Whether a process had it or something beside it: if that dies, no file tells."""
        return bool(self.shard.owner) or any(side.at_work for side in self.beside.sides)


@dataclass(slots=True)
class Looks:
    """What earlier looks have seen: a shard at rest whose files are the same is not read again."""

    cut: tuple[Signs, Cut] | None = None
    parts: dict[str, tuple[Signs, Part]] = field(default_factory=dict)


def cut_of(run_dir: Path, looks: Looks) -> Cut | None:
    """How the run there is cut; None where it is not.

    Raises:
        Corrupt, WrongInput: as `read_cut`.
    """
    try:
        at = (run_dir / files.CUT).stat()
    except OSError:
        return read_cut(run_dir)
    signs = frozenset({(files.CUT, at.st_mtime_ns, at.st_size)})
    if looks.cut is None or looks.cut[0] != signs:
        cut = read_cut(run_dir)
        if cut is None:
            return None
        looks.cut = signs, cut
    return looks.cut[1]


def look_shards(job: Job, cut: Cut, looks: Looks, *, held: bool) -> Status:
    """How a run stands that is cut so; the rest is as for `look`."""
    now_ms = time.time_ns() // 1_000_000
    pairs = {share.target: share.pairs for share in cut.meta.shares}
    parts = [_part(job, shard, pairs, looks, now_ms) for shard in cut.shards]
    shards = tuple(part.shard for part in parts)
    seen = [part.seen for part in parts if part.seen is not None]
    each: dict[str, list[LaneView]] = {name: [] for name in pairs}
    for lane in (lane for one in shards for lane in one.lanes):
        each[lane.target].append(lane)
    lanes = {name: one_lane(name, slices) for name, slices in each.items()}
    owners = {one.owner for one in shards if one.owner}
    worker = None if held or owners else holder(job.run_dir)
    began = [one.first_started_ms for one in seen if one.first_started_ms is not None]
    began += [one.since_ms for one in shards if one.owner and one.since_ms is not None]
    status = fold(
        cut.meta,
        {name: lane.counters for name, lane in lanes.items()},
        job=job,
        now_ms=now_ms,
        began_ms=min(began, default=None),
        last=_last(parts, list(lanes.values()), now_ms),
        failed=by_code(code for one in seen for code in one.failed),
        unsettled=by_code(code for one in seen for code in one.unsettled),
        lanes=lanes,
        carried=one_carried(one.carried for one in seen),
        settled_ms={
            name: at_ms
            for one in sorted(seen, key=lambda one: max(one.settled_ms.values(), default=0))
            for name, at_ms in one.settled_ms.items()
        },
        holder=min(owners, default=f"process {worker.pid}" if worker else ""),
        beside=beside_all([(part.shard, part.beside) for part in parts], list(pairs)),
    )
    if len(owners) > 1:
        status = replace(status, reason=f"{len(owners)} processes work on it")
    return replace(status, shards=shards)


def _part(job: Job, shard: Shard, pairs: Mapping[str, int], looks: Looks, now_ms: int) -> Part:
    """One shard; of one that is the same as when it was looked at before, what was seen then."""
    signs = frozenset(_signs(str(shard_dir(job, shard))))
    before = looks.parts.get(shard.name)
    if before is not None and before[0] == signs and not before[1].at_work:
        return before[1]
    shared = job.cluster is not None and job.cluster.store_env is not None
    job = shard_job(job, shard)
    live = read_live(job.run_dir)
    if shard.slices > 1:
        pairs = _pairs_of_slice(job, before and before[1], live)
    planned = tuple(
        replace(at_rest(one.name, qps=one.qps), pairs=pairs.get(one.name, 0)) for one in job.targets
    )
    owner = owner_of(job.run_dir, live, now_ms)
    if owner is not None:
        beside = _ALONE if shared else look_sides(job.run_dir)  # else it may be another machine's
        part = replace(_sent(shard.name, planned, live, owner, now_ms), beside=beside)
    else:
        try:
            part = _at_rest(job, shard.name, planned, live, now_ms)
        except (BulkdelError, OSError) as error:  # the others are shown
            if isinstance(error, StorageFailed) and live is not None and not live.ended:
                return _sent(
                    shard.name, planned, live, (live.host, live.pid), now_ms
                )  # another has its lock
            why = f"shard {shard.name} cannot be read, and is not in the figures: {error}"
            ended = ShardStatus(name=shard.name, lanes=planned, state=ShardState.ENDED, why=why)
            return Part(shard=ended, beside=Beside(unreadable=(why,)))
    looks.parts[shard.name] = signs, part
    return part


def _signs(folder: str, inner: str = "") -> Iterator[tuple[str, int, int]]:
    """Of the files of a shard and of what is beside it; none where its folder is not there."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not inner:
                        yield from _signs(entry.path, f"{entry.name}/")
                    continue
                at = entry.stat(follow_symlinks=False)
                # Whoever reads a journal makes an empty -wal beside it.
                if entry.name not in _UNREAD and (at.st_size or entry.name == files.LOCK):
                    yield inner + entry.name, at.st_mtime_ns, at.st_size
    except OSError:
        return


def _pairs_of_slice(job: Job, before: Part | None, live: Live | None) -> Mapping[str, int]:
    """How many pairs are in a slice: by what was seen or said of it, else by its plan."""
    if before is not None and any(lane.pairs for lane in before.shard.lanes):
        return {lane.target: lane.pairs for lane in before.shard.lanes}
    if live is not None and any(lane.pairs for lane in live.lanes):
        return {lane.target: lane.pairs for lane in live.lanes}
    try:
        meta = read_plan_meta(job.run_dir)
    except (BulkdelError, OSError):  # `verify` says so
        meta = None
    return {share.target: share.pairs for share in meta.shares} if meta else {}


def _sent(
    name: str,
    planned: Sequence[LaneView],
    live: Live | None,
    owner: tuple[str, int],
    now_ms: int,
) -> Part:
    """A shard that a process has, as that says; before its first word, as another left it."""
    its_own = live is not None and not live.ended and live.pid == owner[1]
    shard = ShardStatus(
        name=name,
        lanes=tuple(_said(lane, live, now_ms, its_own=its_own) for lane in planned),
        state=ShardState.SENDING,
        host=owner[0],
        pid=owner[1],
        since_ms=live.began_ms if live and its_own else None,
        hands=live.hands if live else 0,
    )
    return Part(shard=shard)


def _said(lane: LaneView, live: Live | None, now_ms: int, *, its_own: bool) -> LaneView:
    """A lane by what was said of it last: by the process that has it, or by one before."""
    one = next((one for one in live.lanes if one.target == lane.target), None) if live else None
    if live is None or one is None:
        return replace(lane, state=LaneState(doing=Doing.OPENING))
    lane = replace(lane, counters=one.counters)
    if lane.counters.settled >= lane.pairs:
        return replace(lane, state=one.state)
    if not its_own:
        return replace(lane, state=LaneState(doing=Doing.OPENING))
    if now_ms - live.at_ms > FRESH_S * 1000:
        return replace(lane, state=LaneState(doing=Doing.UNKNOWN, since_ms=live.at_ms))
    return replace(lane, state=one.state, pace=one.pace, rate=one.rate, in_flight=one.in_flight)


def _at_rest(
    job: Job, name: str, planned: Sequence[LaneView], live: Live | None, now_ms: int
) -> Part:
    """A shard that no process has, as its journal says."""
    seen = snapshot(job.run_dir)
    beside = look_sides(job.run_dir) if job.run_dir.is_dir() else _ALONE
    hands = live.hands if live else 0
    if seen is None or seen.last is None:
        state = ShardState.WAITING if any(one.pairs for one in planned) else ShardState.SETTLED
        shard = ShardStatus(name=name, lanes=tuple(planned), state=state, hands=hands)
        return Part(shard=shard, beside=beside)
    last = seen.last
    its_own = live if live is not None and live.began_ms == last.started_ms else None
    lanes = tuple(
        replace(
            seen_lane(lane.target, lane.qps, last, its_own, now_ms, ""),
            pairs=lane.pairs,
            counters=seen.counters[lane.target],
        )
        for lane in planned
    )
    left = [lane for lane in lanes if lane.counters.settled < lane.pairs]
    state = ShardState.SETTLED
    if left:
        free = all(lane.state.end in LET_GO for lane in left)
        state = ShardState.WAITING if free else ShardState.ENDED
    shard = ShardStatus(
        name=name,
        lanes=lanes,
        state=state,
        since_ms=last.started_ms,
        hands=hands,
        why=most_said(lane_words(lane, now_ms).words for lane in left),
    )
    return Part(shard=shard, seen=seen, beside=beside)


def _last(parts: Sequence[Part], lanes: Sequence[LaneView], now_ms: int) -> LastSitting | None:
    """All shards' last sittings as one: it lives while one does, and says how most have ended."""
    shards = [part.shard for part in parts]
    began = [one.since_ms for one in shards if one.since_ms is not None]
    if not began:
        return None
    lasts = [part.seen.last for part in parts if part.seen is not None and part.seen.last]
    gone = any(last.ended_ms is None for last in lasts)
    ended = [last.ended_ms for last in lasts if last.ended_ms is not None]
    open_ones = [one for one in lanes if one.counters.settled < one.pairs]
    left = [one for one in open_ones if one.state.doing is Doing.ENDED]
    works = any(one.owner for one in shards)
    words = [lane_words(one, now_ms).words for one in left]
    return LastSitting(
        began_ms=max(began),
        ended_ms=None if works or (gone and left) else max(ended, default=None),
        why="finished" if not open_ones else "" if works else most_said(words),
    )
