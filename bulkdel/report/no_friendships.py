"""Where nearly nothing of what was asked was a friendship: that is hardly a success."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bulkdel.ledger.values import Counters
from bulkdel.report.few import by_provider
from bulkdel.report.figures import count, counted
from bulkdel.report.phrases import unit, was
from bulkdel.report.status import Status, TargetStatus
from bulkdel.words import Mode, Operation

FEW: Final = 20
"""Settled pairs below which every single one must have been gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFriendships:
    """What is said first of such a run.

    Attributes:
        targets: the names of those where it is so.
        sentence: with the numbers of each target.
        look: sentences that say what to look at.
    """

    targets: tuple[str, ...]
    sentence: str
    look: str


def nearly_all_gone(counters: Counters) -> bool:
    """Whether 9 in 10 of a target's settled pairs were already gone; of fewer than 20, all."""
    if counters.settled < FEW:
        return 0 < counters.settled == counters.already_gone
    return counters.already_gone * 10 >= counters.settled * 9


def no_friendships(status: Status) -> NoFriendships | None:
    """What to say first where nearly nothing was a friendship at a target; None where it was."""
    targets = [target for target in status.targets if nearly_all_gone(target.counters)]
    if not targets:
        return None
    noun = unit(status.operation)
    each = "; ".join(
        f"at {target.name} {count(target.counters.already_gone)} of "
        f"{counted(target.counters.settled, noun)} that are settled had nothing to delete, and "
        f"{count(target.counters.deleted)} {was(target.counters.deleted)} deleted"
        for target in by_provider(targets)
    )
    return NoFriendships(
        targets=tuple(target.name for target in targets),
        sentence=f"Nearly nothing of what was asked was a friendship: {each}.",
        look=" ".join(_look(status, targets)),
    )


def _look(status: Status, targets: Sequence[TargetStatus]) -> Iterator[str]:
    turned = status.operation is Operation.DELETE_FRIENDS and status.mode is Mode.ONE_WAY
    directions = ", whether From and To stand the right way round" if turned else ""
    yield (
        "Look whether the ids are the app's own (an export may have changed them), whether it is "
        f"the right app{directions}, and whether an earlier run has removed them."
    )
    if lost := sum(target.counters.lost_answers for target in targets):
        yield (
            f"{counted(lost, 'call')} of this run lost the answer: what those asked for may be "
            "gone by their doing."
        )
