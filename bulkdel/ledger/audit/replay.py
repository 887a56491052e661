"""Settlements rendered in bulk, straight from the journal's columns.

`render` is the truth of what a line looks like. The usual settlement, a whole entry settled alike,
is put together here from pieces that are the same for all entries; `render` does every other one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from bulkdel.ledger.audit.pages import Row
from bulkdel.ledger.codec import decode_settlement
from bulkdel.ledger.render import capped, render
from bulkdel.ledger.values import Settlement
from bulkdel.plan.entries import TURNED, batch_of
from bulkdel.words import (
    Entry,
    Mode,
    Operation,
    Sweep,
    Verdict,
    batch_label,
)

_MOST_SHAPES = 4096
_LONGEST_SHAPE = 4096
_ENDS = tuple(b'%03dZ"}\n' % millisecond for millisecond in range(1000))


@dataclass(frozen=True, slots=True)
class Shape:
    """A settlement of a whole entry alike: what it means, and its lines around what varies."""

    status: Verdict
    code: int
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """A target: its name, and what its lines and the content of its labels begin with."""

    name: str
    line: bytes
    label: bytes


class Replay:
    """The lines of settlements of one run."""

    def __init__(
        self, names: Sequence[str], *, operation: Operation, mode: Mode, oriented: bool = False
    ) -> None:
        self._oriented = oriented
        self._operation = operation
        self._mode = mode
        self._places = [
            _Place(
                name,
                orjson.dumps({"target": name})[:-1] + b',"from_account":',
                orjson.dumps([name, operation, mode])[:-1] + b",",
            )
            for name in names
        ]
        self._shapes: dict[tuple[bytes, int], Shape | None] = {}
        self._second = -1
        self._stamp = b""

    def shape(self, body: bytes, attempts: int) -> Shape | None:
        """What this is if it settles a whole entry alike; None for every other settlement."""
        key = (body, attempts)
        if key in self._shapes:
            return self._shapes[key]
        shape = _shape(body, attempts)
        if len(body) <= _LONGEST_SHAPE:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[key] = shape
        return shape

    def alike(self, shape: Shape, row: Row, target: int, at_ms: int) -> bytes | None:
        """The lines of a settlement of `shape`; None where an id needs `lines`."""
        _, account, others = row
        place = self._places[target]
        ids = None if others is None else _ids(others)
        ways: list[bool] | None = None
        if ids is not None and others is not None and TURNED in others:
            ways = [name.endswith(TURNED) for name in ids]
            ids = [name.removesuffix(TURNED) for name in ids]
        content = orjson.dumps((account, ids))
        if b"\\" in content:
            return None
        label = hashlib.sha256(place.label + content[1:]).hexdigest()[:16].encode()
        second, millisecond = divmod(at_ms, 1000)
        if second != self._second:
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
            self._second = second
        end = b"".join((label, shape.after, self._stamp, _ENDS[millisecond]))
        if ids is None:
            account_end = -6  # `,null]`
            return b"".join(
                (place.line, content[1:account_end], b',"to_account":null', shape.before[1:], end)
            )
        # No backslash, so no quote inside an id: `",["` stands where the list begins only.
        cut = content.index(b'",["')
        prefix = b"".join((place.line, content[1 : cut + 1], b',"to_account":"'))
        if len(ids) == 1 and ways is None:
            return b"".join((prefix, content[cut + 4 : -3], shape.before, end))
        end = shape.before + end
        if ways is not None:
            sender = content[1 : cut + 1]
            heads = (prefix, place.line + b'"')
            tails = (end, b'","to_account":' + sender + b',"sent_from":' + sender + end[1:])
            found = zip(content[cut + 4 : -3].split(b'","'), ways, strict=True)
            return b"".join([heads[way] + name + tails[way] for name, way in found])
        return prefix + (end + prefix).join(content[cut + 4 : -3].split(b'","')) + end

    def lines(self, settlement: Settlement, entry: Entry, target: int) -> bytes:
        """The lines of any settlement."""
        return render(settlement, entry, self.label(entry, target), self._places[target].name)

    def label(self, entry: Entry, target: int) -> str:
        """The entry's `batch`."""
        return batch_label(self._places[target].name, self._operation, self._mode, entry)

    def entry_of(self, row: Row) -> Entry:
        """The entry that a row of the plan describes."""
        ordinal, account, others = row
        if others is None:
            return Sweep(ordinal, account)
        return batch_of(ordinal, account, others, oriented=self._oriented)


def _shape(body: bytes, attempts: int) -> Shape | None:
    found = decode_settlement(body, attempts=attempts, at_ms=0)
    if found.of is not None or found.left or len(found.groups) != 1:
        return None
    group = found.groups[0]
    if group.items is not None or not group.status.settles or group.in_reserve:
        return None
    said = {"status": group.status.value, "code": group.code, "info": capped(group.info)}
    counts = {"attempts": attempts, "lost_answers": group.lost}
    return Shape(
        status=group.status,
        code=group.code,
        before=b'",' + orjson.dumps(said)[1:-1] + b',"batch":"',
        after=b'",' + orjson.dumps(counts)[1:-1] + b',"at":"',
    )


def _ids(others: str) -> list[str]:
    """The To_Accounts of a plan's row, sorted bytewise; most rows of a large plan hold one."""
    return sorted(others.split("\n")) if "\n" in others else [others]
