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

    def __init__(self, shards: Mapping[str, float], expected: int = 1) -> None:
        """All `shards`, in the order in which they are taken, with their targets' calls/s.

        `expected` children are about to join: nobody takes the share of one that has not yet.
        """
        self._rows = {name: _Row(qps) for name, qps in shards.items()}
        self._members: set[int] = set()
        self._expected = expected

    def join(self, member: int) -> None:
        """A child that takes shards from now on."""
        self._members.add(member)
        self._expected = max(self._expected, len(self._members))

    def take(self, member: int, most_qps: float) -> Taken | Nothing:
        """As `Store.take`; none has more than its fair share of the shards that are not over."""
        held = len(self._of(member))
        if held >= math.ceil(len(self._rows) / self._expected):
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
        """The child is dead, or has left; what it still had, and is free for all others now."""
        self._members.discard(member)
        self._expected = max(1, len(self._members))
        had = self._of(member)
        for name in had:
            self._rows[name].owner = None
        return had

    def excess(self) -> dict[int, frozenset[str]]:
        """What children should give back that have over one more than another, where none is free.

        The half of the difference, from the end: what stands longest there was taken last.
        """
        counts = {member: len(self._of(member)) for member in self._members}
        if not counts or any(row.owner is None for row in self._rows.values()):
            return {}
        most, least = max(counts, key=counts.__getitem__), min(counts.values())
        some = self._of(most)[len(self._of(most)) - (counts[most] - least) // 2 :]
        return {most: frozenset(some)} if some else {}

    def _of(self, member: int) -> tuple[str, ...]:
        return tuple(name for name, row in self._rows.items() if row.owner == member)
