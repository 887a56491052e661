"""What is beside the shards of a run, as if it were beside the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bulkdel.ledger.values import Counters
from bulkdel.report.backup import notes_together
from bulkdel.report.beside import SideStatus, SideTarget, together
from bulkdel.report.shards import ShardStatus
from bulkdel.report.status import Beside
from bulkdel.words import Errand


def beside_all(parts: Sequence[tuple[ShardStatus, Beside]], names: Sequence[str]) -> Beside:
    """The runs of each kind beside all shards as one; `names` are the targets, in order.

    A shard that has none of a kind, and will have one, counts with what is to be done there.
    """
    latest: dict[str, str] = {}
    for _, beside in parts:
        for side in beside.sides:
            kind = side.folder.partition("-")[0]
            latest[kind] = max(side.folder, latest.get(kind, ""), key=lambda at: (len(at), at))
    notes = [beside.backup for _, beside in parts]
    return Beside(
        sides=tuple(_together(parts, folder, names) for folder in latest.values()),
        backup=notes_together(notes),
        unreadable=tuple(one for _, beside in parts for one in beside.unreadable),
    )


def _together(
    parts: Sequence[tuple[ShardStatus, Beside]], folder: str, names: Sequence[str]
) -> SideStatus:
    there = {
        shard.name: side
        for shard, beside in parts
        for side in beside.sides
        if side.folder == folder
    }
    like = next(iter(there.values()))
    sides = [there.get(shard.name) or _to_come(shard, like) for shard, _ in parts]
    return together(sides, names)


def _to_come(shard: ShardStatus, like: SideStatus) -> SideStatus:
    """A run that is not beside this shard yet, as another's is like: all of it is still to be done.

    How many lists a backup will have is known when it is planned.
    """
    targets = []
    for lane in shard.lanes:
        now = lane.counters
        to_do = {Errand.PULL: 0, Errand.PUT_BACK: now.deleted}
        pairs = to_do.get(like.errand, now.deleted + now.already_gone)
        targets.append(SideTarget(name=lane.target, pairs=pairs, counters=Counters()))
    population = tuple(one.pairs for one in targets)
    origin = replace(like.origin, population=population, unheld=())
    return SideStatus(folder=like.folder, errand=like.errand, origin=origin, targets=tuple(targets))
