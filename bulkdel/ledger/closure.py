"""The settlements of a Closure: what an operator gives up, as results that say so."""

from __future__ import annotations

from bulkdel.ledger.counting import is_second
from bulkdel.ledger.values import Closure, Group, Part, Settlement
from bulkdel.words import NEVER_SENT, Batch, Verdict

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
