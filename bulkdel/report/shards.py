"""A shard of a run as it stands: who sends it, how much of it is settled, why no more is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bulkdel.report.figures import count, counted
from bulkdel.send.view import LaneView


class ShardState(StrEnum):
    """Where a shard is in its life."""

    WAITING = "waiting"  #: nothing stands in its way but that nobody has taken it
    SENDING = "sending"  #: a process has it now
    ENDED = "ended"  #: it came to an end with work left, which somebody should look at
    SETTLED = "settled"  #: nothing of it is left


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStatus:
    """One shard.

    Attributes:
        lanes: of its targets or of its slice of one, with their pairs and counters.
        host, pid: the machine and the process that have it now; empty and 0 where none has.
        since_ms: when that took it, or the last one did that sent of it; Unix milliseconds.
        hands: how often it was taken.
        why: how it ended, in words, where it is ENDED.
    """

    name: str
    lanes: tuple[LaneView, ...]
    state: ShardState
    host: str = ""
    pid: int = 0
    since_ms: int | None = None
    hands: int = 0
    why: str = ""

    @property
    def owner(self) -> str:
        """Which process has it now, in words; empty where none has."""
        return f"process {self.pid} on {self.host}" if self.state is ShardState.SENDING else ""

    @property
    def targets(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(lane.target for lane in self.lanes)

    @property
    def pairs(self) -> int:
        """Of its plan, over all targets."""
        return sum(lane.pairs for lane in self.lanes)

    @property
    def settled(self) -> int:
        """Pairs that have their final verdict."""
        return sum(lane.counters.settled for lane in self.lanes)

    @property
    def rate(self) -> float:
        """Calls/s over the last seconds."""
        return sum(lane.rate for lane in self.lanes)

    @property
    def changed_hands(self) -> int:
        """How often another took it than the first."""
        return max(0, self.hands - 1)


_KINDS: Final = {
    ShardState.SETTLED: "settled",
    ShardState.SENDING: "being sent",
    ShardState.WAITING: "waiting",
    ShardState.ENDED: "ended with work left",
}


def shards_line(shards: Sequence[ShardStatus]) -> str:
    """How many there are, and of each kind."""
    each = Counter(one.state for one in shards)
    kinds = ", ".join(f"{count(each[one])} {said}" for one, said in _KINDS.items() if one in each)
    changed = sum(one.changed_hands for one in shards)
    times = f"; {counted(changed, 'change')} of hands" if changed else ""
    return f"{counted(len(shards), 'shard')}: {kinds}{times}."
