"""Where nearly nothing of what was asked was a friendship: that is hardly a success."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bulkdel.report.figures import count, counted
from bulkdel.report.phrases import unit
from bulkdel.report.status import Status, TargetStatus
from bulkdel.words import Mode, Operation

FEW: Final = 20
"""Settled pairs below which every single one must have been gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFriendships:
    """What is said first of such a run.

    Attributes:
        targets: the names of those where it is so.
        told: one sentence, with the numbers of each.
        look: sentences that say what to look at.
    """

    targets: tuple[str, ...]
    told: str
    look: str


def nearly_all_gone(target: TargetStatus) -> bool:
    """Whether 9 in 10 of a target's settled pairs were already gone; of fewer than 20, all."""
    if target.settled < FEW:
        return 0 < target.settled == target.already_gone
    return target.already_gone * 10 >= target.settled * 9


def no_friendships(status: Status) -> NoFriendships | None:
    """What to say first where nearly nothing was a friendship at a target; None where it was."""
    found = [target for target in status.targets if nearly_all_gone(target)]
    if not found:
        return None
    noun = unit(status.operation)
    each = "; ".join(
        f"at {one.name} {count(one.already_gone)} of {counted(one.settled, noun)} that are "
        f"settled had nothing to delete, and {count(one.deleted)} "
        f"{'was' if one.deleted == 1 else 'were'} deleted"
        for one in found
    )
    return NoFriendships(
        targets=tuple(one.name for one in found),
        told=f"Nearly nothing of what was asked was a friendship: {each}.",
        look=" ".join(_look(status, found)),
    )


def no_friendships_values(status: Status) -> dict[str, Any] | None:
    """The same for programs."""
    found = no_friendships(status)
    if found is None:
        return None
    return {"targets": found.targets, "told": found.told, "look": found.look}


def _look(status: Status, found: list[TargetStatus]) -> Iterator[str]:
    turned = status.operation is Operation.DELETE_FRIENDS and status.mode is Mode.ONE_WAY
    directions = ", whether From and To stand the right way round" if turned else ""
    yield (
        "Look whether the ids are the app's own (an export may have changed them), whether it is "
        f"the right app{directions}, and whether an earlier run has removed them."
    )
    if lost := sum(one.lost_answers for one in found):
        yield (
            f"{counted(lost, 'call')} of this run lost the answer: what those asked for may be "
            "gone by their doing."
        )
