"""Targets in as many rows as a screen has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from bulkdel.report.status import TargetStatus
from bulkdel.report.sums import by_code, many_lanes, one_carried, urgency

T = TypeVar("T")

ROWS_MOST: Final = 12
"""Targets or shards that have a row each on a screen; of more, the rest share one."""


def few(targets: Sequence[TargetStatus]) -> list[TargetStatus]:
    """At most ROWS_MOST rows for the targets: those first of which a person must know soonest.

    The rest are added up in the last row, which is no target.
    """
    if len(targets) <= ROWS_MOST:
        return list(targets)
    ordered = sorted(targets, key=lambda target: urgency(target.lane))
    rest = ordered[ROWS_MOST - 1 :]
    return [*ordered[: ROWS_MOST - 1], _as_one(f"{len(rest):,} others", rest)]


def first_few(rows: Sequence[T], rest: Callable[[Sequence[T]], T]) -> list[T]:
    """The rows; where they are more than ROWS_MOST, the first ones and one that is for the rest."""
    if len(rows) <= ROWS_MOST:
        return list(rows)
    return [*rows[: ROWS_MOST - 1], rest(rows[ROWS_MOST - 1 :])]


def few_counts(rows: Iterable[tuple[str, Sequence[int]]]) -> list[tuple[str, Sequence[int]]]:
    """Counts by target; where they are more than ROWS_MOST, the last row is the sum of the rest."""

    def rest(some: Sequence[tuple[str, Sequence[int]]]) -> tuple[str, Sequence[int]]:
        columns = zip(*(numbers for _, numbers in some), strict=True)
        return f"{len(some):,} others", [sum(column) for column in columns]

    return first_few(list(rows), rest)


def by_provider(targets: Sequence[TargetStatus]) -> list[TargetStatus]:
    """The targets; where they are more than ROWS_MOST, all of a provider added up in one row."""
    if len(targets) <= ROWS_MOST:
        return list(targets)
    whose: dict[str, list[TargetStatus]] = {}
    for target in targets:
        whose.setdefault(target.provider, []).append(target)
    return [_as_one(f"{len(each):,} targets of {name}", each) for name, each in whose.items()]


def _as_one(name: str, targets: Sequence[TargetStatus]) -> TargetStatus:
    failed = [replace(code, target=name) for one in targets for code in one.failed_codes]
    unsettled = [replace(code, target=name) for one in targets for code in one.unsettled_codes]
    return replace(
        targets[0],
        name=name,
        batches=sum(one.batches for one in targets),
        lane=many_lanes(name, [one.lane for one in targets]),
        failed_codes=by_code(failed),
        unsettled_codes=by_code(unsettled),
        carried=one_carried({name: one.carried} for one in targets)[name],
    )
