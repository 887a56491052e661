"""A status with shards, made by hand: some settled, some sent, some that wait, some that ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Books, Share
from bulkdel.report.shards import ShardState, ShardStatus
from bulkdel.report.status import Status, at_rest, fold
from bulkdel.report.sums import one_lane
from bulkdel.send.state import Doing, End, LaneState
from bulkdel.send.view import LaneView
from tests.support.build import job, plan_of_job, target

NOW_MS = 1_795_300_000_000
_LANES: dict[ShardState, dict[str, Any]] = {
    ShardState.SETTLED: {
        "counters": Counters(deleted=90, already_gone=10, calls=100),
        "state": LaneState(doing=Doing.ENDED, end=End.FINISHED),
    },
    ShardState.SENDING: {
        "counters": Counters(deleted=40, calls=50, retries=1),
        "rate": 150.0,
        "pace": 200.0,
        "in_flight": 7,
        "state": LaneState(doing=Doing.SENDING),
    },
    ShardState.WAITING: {},
    ShardState.ENDED: {
        "counters": Counters(deleted=20, failed=1, calls=30),
        "state": LaneState(doing=Doing.ENDED, end=End.REFUSED, code=70001, info="no such app"),
    },
}


def lane(name: str, state: ShardState, pairs: int = 100) -> LaneView:
    """A target of a shard in this state."""
    return replace(at_rest(name, qps=200), pairs=pairs, **_LANES[state])


def shard(number: int, state: ShardState, *lanes: LaneView) -> ShardStatus:
    """A shard of app-NUMBER, or of these."""
    sent = state is ShardState.SENDING
    return ShardStatus(
        name=f"{number:04d}",
        lanes=lanes or (lane(f"app-{number}", state),),
        state=state,
        host=f"worker-{number % 3}" if sent else "",
        pid=4000 + number if sent else 0,
        since_ms=NOW_MS - 3_600_000 if sent else None,
        hands=3 if sent and number % 5 == 0 else 1,
        why="refused: no such app" if state is ShardState.ENDED else "",
    )


def status_of(shards: list[ShardStatus]) -> Status:
    """The run of these shards; one that is sent makes it run."""
    lanes: dict[str, list[LaneView]] = {}
    for view in (view for one in shards for view in one.lanes):
        lanes.setdefault(view.target, []).append(view)
    whole = {name: one_lane(name, each) for name, each in lanes.items()}
    of = job(*(target(name=name, app_id=1400000000 + at) for at, name in enumerate(whole)))
    shares = [
        Share(target=name, first=0, batches=view.pairs, pairs=view.pairs, largest=())
        for name, view in whole.items()
    ]
    books = Books(read=100, pairs=100, duplicates=0, rejected=0, protected=0)
    status = fold(
        plan_of_job(of, books, shares, digest="ab" * 32),
        {name: view.counters for name, view in whole.items()},
        job=of,
        now_ms=NOW_MS,
        began_ms=NOW_MS - 3_600_000,
        lanes=whole,
        holder=next((one.owner for one in shards if one.owner), ""),
    )
    return replace(status, shards=tuple(shards))


def many(count: int) -> Status:
    """Of each four shards in a row one is settled, one sent, one waits and one has ended."""
    states = list(ShardState)
    order = [ShardState.SETTLED, ShardState.SENDING, ShardState.WAITING, ShardState.ENDED]
    assert set(order) == set(states)
    return status_of([shard(at, order[at % 4]) for at in range(count)])
