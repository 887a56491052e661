"""How parts and settlements stand in the journal's columns: compact JSON, positions and numbers.

A settlement is `[of, left, [[status, code, info, lost, items], …]]`, where a group in reserve has
IN_RESERVE for its status, and one with a note has that behind its items; parts are
`[[items, attempts, lost, [[position, more], …]], …]`, and one fresh part is NULL.
"""

from __future__ import annotations

from itertools import chain

import orjson

from bulkdel.ledger.render import capped
from bulkdel.ledger.values import FRESH, Group, Part, Settlement
from bulkdel.words import Verdict

IN_RESERVE = "in_reserve"


def encode_parts(parts: tuple[Part, ...]) -> bytes | None:
    """What `decode_parts` reads back."""
    if parts == FRESH:
        return None
    return orjson.dumps(
        [(part.items, part.attempts, part.lost, tuple(part.lost_more.items())) for part in parts]
    )


def decode_parts(stored: bytes | None) -> tuple[Part, ...]:
    """The parts that `encode_parts` was given.

    Raises:
        ValueError: they are no parts; UNREADABLE names what else a damaged row raises.
    """
    if stored is None:
        return FRESH
    parts = tuple(
        Part(
            items=None if items is None else tuple(items),
            attempts=attempts,
            lost=lost,
            lost_more=dict(more),
        )
        for items, attempts, lost, more in orjson.loads(stored)
    )
    for part in parts:
        numbers = (*(part.items or ()), part.attempts, part.lost)
        if not all(type(one) is int for one in (*numbers, *chain(*part.lost_more.items()))):
            raise ValueError("the parts of an open entry are no numbers")
    if not parts:
        raise ValueError("an open entry has no parts")
    return parts


def encode_settlement(settlement: Settlement) -> bytes:
    """What `decode_settlement` reads back; attempts and time have columns of their own."""
    groups = [
        (
            IN_RESERVE if group.in_reserve else group.status.value,
            group.code,
            capped(group.info),
            group.lost,
            group.items,
            *((group.note,) if group.note else ()),
        )
        for group in settlement.groups
    ]
    return orjson.dumps((settlement.of, settlement.left, groups))


def decode_settlement(stored: bytes, *, attempts: int, at_ms: int) -> Settlement:
    """The settlement that `encode_settlement` was given."""
    of, left, groups = orjson.loads(stored)
    return Settlement(
        of=None if of is None else tuple(of),
        left=tuple(left),
        groups=tuple(
            Group(
                status=Verdict.ALREADY_GONE if status == IN_RESERVE else Verdict(status),
                code=code,
                info=info,
                lost=lost,
                items=None if items is None else tuple(items),
                in_reserve=status == IN_RESERVE,
                note=note[0] if note else "",
            )
            for status, code, info, lost, items, *note in groups
        ),
        attempts=attempts,
        at_ms=at_ms,
    )
