"""The leases of one machine: which of a process's children has which shard. Pure.

The parent keeps it. It knows of a child's death from the system, at once and for sure, so there is
no time in it: what a dead child had is free.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bulkdel.lease.values import Left, Nothing, Taken


@dataclass(slots=True)
class _Row:
    qps: float
    owner: int | None = None
    epoch: int = 0


class Table:
    """Who has what. Children are known by numbers that are never used twice."""

    def __init__(self, shards: Mapping[str, float]) -> None:
        """All `shards`, in the order in which they are taken, with their targets' calls/s."""
        self._rows = {name: _Row(qps) for name, qps in shards.items()}
        self._members: set[int] = set()

    def join(self, member: int) -> None:
        """A child that takes shards from now on."""
        self._members.add(member)

    def take(self, member: int, most_qps: float) -> Taken | Nothing:
        """As `Store.take`; none has more than its fair share of the shards that are not over."""
        held = sum(row.owner == member for row in self._rows.values())
        if held >= math.ceil(len(self._rows) / max(1, len(self._members))):
            return Nothing(over=not self._rows)
        for name, row in self._rows.items():
            if row.owner is None and (not held or row.qps <= most_qps):
                row.owner = member
                row.epoch += 1
                return Taken(shard=name, epoch=row.epoch, follows=row.epoch > 1)
        return Nothing(over=False)

    def give_back(self, member: int, shard: str, left: Left) -> None:
        """As `Store.give_back`. One that is FREE is taken again after all others."""
        row = self._rows.get(shard)
        if row is None or row.owner != member:
            return
        del self._rows[shard]
        if left is Left.FREE:
            row.owner = None
            self._rows[shard] = row

    def gone(self, member: int) -> tuple[str, ...]:
        """The child is dead, or has left; what it still had, and is free now."""
        self._members.discard(member)
        had = tuple(name for name, row in self._rows.items() if row.owner == member)
        for name in had:
            self._rows[name].owner = None
        return had
