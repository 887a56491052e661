"""The settlements of a Closure: what an operator gives up, or what is known without a call."""

from __future__ import annotations

from dataclasses import replace

from bulkdel.ledger.counting import is_second
from bulkdel.ledger.values import Closure, Group, Part, Settlement
from bulkdel.words import NEVER_SENT, Batch, Verdict, size_of

NEVER_SENT_WORDS = "closed by the operator; never sent"
HALF_ASKED_WORDS = "closed by the operator; not a friend from one side, the other was never asked"


def closing_settlement(part: Part, closure: Closure) -> Settlement:
    """Returns the settlement that ends a part: failed, its attempts and lost answers kept."""
    code, info = closure.code, closure.info
    if not part.attempts:
        if is_second(closure.entry):
            return _half_asked(part, closure)
        code, info = NEVER_SENT, NEVER_SENT_WORDS
    more: dict[int, list[int]] = {}
    for position, count in part.lost_more.items():
        more.setdefault(count, []).append(position)
    groups = [
        _failed(code, info, part.lost + count, tuple(sorted(positions)))
        for count, positions in sorted(more.items())
    ]
    if part.items is None or len(part.items) > len(part.lost_more):
        groups.append(_failed(code, info, part.lost, None))
    return _settlement(part, closure, groups)


def known_settlement(part: Part, closure: Closure) -> tuple[Settlement | None, tuple[Part, ...]]:
    """The settlement of what `closure.groups` names of a part, and what stays unsettled of it.

    None where they name nothing of it; whatever else they name is of other parts, or was settled.
    """
    items = range(size_of(closure.entry)) if part.items is None else part.items
    unsettled = frozenset(items)
    groups: list[Group] = []
    named: set[int] = set()
    for group in closure.groups or ():
        here = tuple(place for place in group.items or () if place in unsettled)
        if here:
            groups.append(replace(group, items=here))
            named.update(here)
    if not groups:
        return None, (part,)
    settlement = Settlement(
        of=tuple(sorted(named)),
        left=(),
        groups=tuple(groups),
        attempts=part.attempts,
        at_ms=closure.at_ms,
    )
    kept = tuple(place for place in items if place not in named)
    lost_more = {place: count for place, count in part.lost_more.items() if place not in named}
    return settlement, (replace(part, items=kept, lost_more=lost_more),) if kept else ()


def _half_asked(part: Part, closure: Closure) -> Settlement:
    """Only the first side was asked: its code is the last that is known of each pair."""
    sides = closure.entry.sides if isinstance(closure.entry, Batch) else None
    asked = (sides.asked if sides else None) or ()
    by_code: dict[int, list[int]] = {}
    for place in range(len(asked)) if part.items is None else part.items:
        by_code.setdefault(asked[place].code, []).append(place)
    groups = [_failed(code, HALF_ASKED_WORDS, 0, tuple(by_code[code])) for code in sorted(by_code)]
    return _settlement(part, closure, groups)


def _settlement(part: Part, closure: Closure, groups: list[Group]) -> Settlement:
    return Settlement(
        of=part.items,
        left=(),
        groups=tuple(groups),
        attempts=part.attempts,
        at_ms=closure.at_ms,
    )


def _failed(code: int, info: str, lost: int, items: tuple[int, ...] | None) -> Group:
    return Group(status=Verdict.FAILED, code=code, info=info, lost=lost, items=items)
