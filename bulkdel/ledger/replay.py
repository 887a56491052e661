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

from bulkdel.ledger.codec import decode_settlement
from bulkdel.ledger.render import capped, render
from bulkdel.ledger.values import Settlement
from bulkdel.words import Batch, Entry, Mode, Operation, Verdict, batch_label

_MOST_SHAPES = 4096
_LONGEST_SHAPE = 4096


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

    def __init__(self, names: Sequence[str], *, operation: Operation, mode: Mode) -> None:
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
        self._shapes: dict[bytes, Shape | None] = {}
        self._second = -1
        self._stamp = b""

    def shape(self, body: bytes) -> Shape | None:
        """What `body` is if it settles a whole entry alike; None for every other settlement."""
        if body in self._shapes:
            return self._shapes[body]
        shape = _shape(body)
        if len(body) <= _LONGEST_SHAPE:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[body] = shape
        return shape

    def alike(
        self, shape: Shape, entry: Entry, target: int, *, body: bytes, attempts: int, at_ms: int
    ) -> bytes:
        """The lines of a settlement whose `body` is of `shape`."""
        place = self._places[target]
        if isinstance(entry, Batch):
            content = orjson.dumps((entry.from_account, entry.to_accounts))
            if b"\\" in content:
                settlement = decode_settlement(body, attempts=attempts, at_ms=at_ms)
                return self.lines(settlement, entry, target)
            # No backslash, so no quote inside an id: `",["` stands where the list begins only.
            cut = content.index(b'",["')
            prefix = place.line + content[1 : cut + 1] + b',"to_account":"'
            names = content[cut + 4 : -3].split(b'","')
            end = shape.before
        else:
            content = orjson.dumps((entry.from_account, None))
            prefix = place.line + content[1:-6] + b',"to_account":'
            names = [b"null"]
            end = shape.before[1:]
        label = hashlib.sha256(place.label + content[1:]).hexdigest()[:16].encode()
        second, milliseconds = divmod(at_ms, 1000)
        if second != self._second:
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
            self._second = second
        end += b'%b","attempts":%d%b%b%03dZ"}\n' % (
            label,
            attempts,
            shape.after,
            self._stamp,
            milliseconds,
        )
        if len(names) == 1:
            return prefix + names[0] + end
        return prefix + (end + prefix).join(names) + end

    def lines(self, settlement: Settlement, entry: Entry, target: int) -> bytes:
        """The lines of any settlement."""
        name = self._places[target].name
        label = batch_label(name, self._operation, self._mode, entry)
        return render(settlement, entry, label, name)


def _shape(body: bytes) -> Shape | None:
    found = decode_settlement(body, attempts=0, at_ms=0)
    if found.of is not None or found.left or len(found.groups) != 1:
        return None
    group = found.groups[0]
    if group.items is not None or not group.status.settles:
        return None
    said = {"status": group.status.value, "code": group.code, "info": capped(group.info)}
    lost = orjson.dumps(group.lost)
    return Shape(
        status=group.status,
        code=group.code,
        before=b'",' + orjson.dumps(said)[1:-1] + b',"batch":"',
        after=b',"lost_answers":' + lost + b',"at":"',
    )
