"""What a person would otherwise take wrongly of a run's numbers."""

from __future__ import annotations

from collections.abc import Iterator

from bulkdel.report.figures import counted
from bulkdel.report.phrases import unit, was
from bulkdel.report.status import Status
from bulkdel.words import Mode, Operation, Orient

_BOTH_NAMED = (
    "Two-way: where the input names a friendship from both sides, the first of its two pairs "
    "removes it and the second is answered as already gone."
)
_BOTH_ASKED = (
    "Every friendship that counts as already gone was asked for from both sides, and both times "
    'the answer was "not a friend".'
)


def remarks(status: Status) -> tuple[str, ...]:
    """What is to be known of the pairs that count as already gone, and of those that wait."""
    gone = [target for target in status.targets if target.counters.already_gone]
    sentences = [
        f"{target.name}: {counted(now.lost_answers, 'call')} lost the answer and "
        f"{counted(now.already_gone, unit(status.operation))} {was(now.already_gone)} already gone."
        " Some of those may have been deleted by a call of this run whose answer was lost: in the "
        "ledger their lost_answers is above 0."
        for target in gone
        if (now := target.counters).lost_answers
    ]
    sentences += waiting_sides(status)
    both = status.operation is Operation.DELETE_FRIENDS and status.mode is Mode.TWO_WAY
    if both and gone:
        sentences.append(_BOTH_ASKED if status.orient is Orient.FEWEST_CALLS else _BOTH_NAMED)
    return tuple(sentences)


def waiting_sides(status: Status) -> Iterator[str]:
    """What the second phase is for, as long as there is anything for it."""
    for target in status.targets:
        if waiting := target.counters.in_reserve:
            yield (
                f"{target.name}: {counted(waiting, 'pair')} of those left were answered "
                '"not a friend" from one side; their other side is asked before they count as gone.'
            )
