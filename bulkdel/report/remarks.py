"""What a person would otherwise take wrongly of a run's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bulkdel.report.few import ROWS_MOST, by_provider
from bulkdel.report.figures import count, counted
from bulkdel.report.phrases import unit, was
from bulkdel.report.status import Status
from bulkdel.words import Mode, Operation, Orient

_BOTH_NAMED = (
    "Two-way: where the input names a friendship from both sides, the first of its two pairs "
    "removes it and the second is answered as already gone."
)
"""Where nobody has counted how often that is so."""
_BOTH_ASKED = (
    "Every friendship that counts as already gone was asked for from both sides, and both times "
    'the answer was "not a friend".'
)


def remarks(status: Status, both_sides: Mapping[str, int] | None = None) -> tuple[str, ...]:
    """What is to be known of the pairs that count as already gone, and of those that wait.

    `both_sides` is as in LedgerCounts: None where nobody has counted.
    """
    gone = [target for target in status.targets if target.counters.already_gone]
    sentences = [
        f"{target.name}: {counted(now.lost_answers, 'call')} lost the answer and "
        f"{counted(now.already_gone, unit(status.operation))} {was(now.already_gone)} already gone."
        " Some of those may have been deleted by a call of this run whose answer was lost: in the "
        "ledger their lost_answers is above 0."
        for target in by_provider(gone)
        if (now := target.counters).lost_answers
    ]
    sentences += waiting_sides(status)
    if gone and _both_lists(status):
        if status.orient is Orient.FEWEST_CALLS:
            sentences.append(_BOTH_ASKED)
        elif both_sides is not None:
            sentences += _counted_twice(status, both_sides)
        elif any(target.counters.deleted for target in gone):
            sentences.append(_BOTH_NAMED)
    return tuple(sentences)


def may_name_twice(status: Status) -> bool:
    """Whether two lines of a target may stand for one friendship, the second of them gone by us."""
    gone = any(target.counters.already_gone for target in status.targets)
    return gone and _both_lists(status) and status.orient is not Orient.FEWEST_CALLS


def _both_lists(status: Status) -> bool:
    return status.operation is Operation.DELETE_FRIENDS and status.mode is Mode.TWO_WAY


def _counted_twice(status: Status, both_sides: Mapping[str, int]) -> Iterator[str]:
    targets = [target for target in status.targets if both_sides.get(target.name)]
    for target in targets if len(targets) <= ROWS_MOST else ():
        if pairs := both_sides.get(target.name):
            yield (
                f"{target.name}: of the {count(target.counters.already_gone)} pairs that were "
                f"already gone, {count(pairs)} name a friendship that the input names from its "
                "other side as well: this run removed it by that other pair."
            )
    if len(targets) > ROWS_MOST:
        yield (
            f"Of the pairs that were already gone at {counted(len(targets), 'target')}, "
            f"{count(sum(both_sides.values()))} name a friendship that the input names from its "
            "other side as well: this run removed it by that other pair."
        )


def waiting_sides(status: Status) -> Iterator[str]:
    """What the second phase is for, as long as there is anything for it."""
    for target in by_provider(status.targets):
        if waiting := target.counters.in_reserve:
            yield (
                f"{target.name}: {counted(waiting, 'pair')} of those left were answered "
                '"not a friend" from one side; their other side is asked before they count as gone.'
            )
