"""Targets in as many rows as a screen has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bulkdel.report.status import TargetStatus
from bulkdel.report.sums import by_code, one_carried, one_lane, urgency

ROWS_MOST: Final = 12
"""Targets or shards that have a row each on a screen; of more, the rest share one."""


def few(targets: Sequence[TargetStatus]) -> list[TargetStatus]:
    """At most ROWS_MOST rows for the targets: those first of which a person must know soonest.

    The rest are added up in the last row, which is no target.
    """
    if len(targets) <= ROWS_MOST:
        return list(targets)
    ordered = sorted(targets, key=lambda target: urgency(target.lane))
    shown, rest = ordered[: ROWS_MOST - 1], ordered[ROWS_MOST - 1 :]
    name = f"{len(rest):,} others"
    failed = [replace(code, target=name) for one in rest for code in one.failed_codes]
    unsettled = [replace(code, target=name) for one in rest for code in one.unsettled_codes]
    others = replace(
        rest[0],
        name=name,
        batches=sum(one.batches for one in rest),
        lane=one_lane(name, [one.lane for one in rest]),
        failed_codes=by_code(failed),
        unsettled_codes=by_code(unsettled),
        carried=one_carried({name: one.carried} for one in rest)[name],
    )
    return [*shown, others]
