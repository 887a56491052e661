"""Settlements rendered in bulk, straight from the journal's columns.

`render` is the truth of what a line looks like. The usual settlement, a whole entry settled alike,
is put together here from pieces that are the same for all entries; `render` does every other one.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import orjson

from bulkdel.ledger.codec import decode_settlement
from bulkdel.ledger.render import Rendering, capped
from bulkdel.plan.entries import TURNED, Row
from bulkdel.words import Operation, Verdict

_MOST_TEMPLATES = 4096
_LONGEST_BODY = 4096
_ENDS = tuple(b'%03dZ"}\n' % millisecond for millisecond in range(1000))


@dataclass(frozen=True, slots=True)
class LineTemplate:
    """A settlement of a whole entry alike: what it means, and its lines around what varies."""

    status: Verdict
    code: int
    before: bytes
    after: bytes


class BulkRendering:
    """The lines of settlements of whole entries alike, for one run."""

    def __init__(self, rendering: Rendering) -> None:
        # What a target's lines begin with, and what the content of its labels begins with.
        self._beginnings = [
            (
                orjson.dumps({"target": name})[:-1] + b',"from_account":',
                orjson.dumps([name, rendering.operation, rendering.mode])[:-1] + b",",
            )
            for name in rendering.names
        ]
        self._deletes = isinstance(rendering.operation, Operation)
        self._templates: dict[tuple[bytes, int], LineTemplate | None] = {}
        self._second = -1
        self._stamp = b""

    def template(self, body: bytes, attempts: int) -> LineTemplate | None:
        """What this is if it settles a whole entry alike; None for every other settlement.

        And for every one of a run beside a run, whose lines say something else.
        """
        if not self._deletes:
            return None
        key = (body, attempts)
        if key in self._templates:
            return self._templates[key]
        template = _template(body, attempts)
        if len(body) <= _LONGEST_BODY:
            if len(self._templates) >= _MOST_TEMPLATES:
                self._templates.clear()
            self._templates[key] = template
        return template

    def lines(self, template: LineTemplate, row: Row, target: int, at_ms: int) -> bytes | None:
        """The lines of such a settlement of `row`; None where an id needs `render`."""
        _, account, others = row
        line, label_content = self._beginnings[target]
        ids = None if others is None else _ids(others)
        ways: list[bool] | None = None
        if ids is not None and others is not None and TURNED in others:
            ways = [name.endswith(TURNED) for name in ids]
            ids = [name.removesuffix(TURNED) for name in ids]
        content = orjson.dumps((account, ids))
        if b"\\" in content:
            return None
        label = hashlib.sha256(label_content + content[1:]).hexdigest()[:16].encode()
        second, millisecond = divmod(at_ms, 1000)
        if second != self._second:
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
            self._second = second
        end = b"".join((label, template.after, self._stamp, _ENDS[millisecond]))
        if ids is None:
            account_end = -6  # `,null]`
            return b"".join(
                (line, content[1:account_end], b',"to_account":null', template.before[1:], end)
            )
        # No backslash, so no quote inside an id: `",["` stands where the list begins only.
        cut = content.index(b'",["')
        prefix = b"".join((line, content[1 : cut + 1], b',"to_account":"'))
        if len(ids) == 1 and ways is None:
            return b"".join((prefix, content[cut + 4 : -3], template.before, end))
        end = template.before + end
        if ways is not None:
            sender = content[1 : cut + 1]
            heads = (prefix, line + b'"')
            tails = (end, b'","to_account":' + sender + b',"sent_from":' + sender + end[1:])
            named = zip(content[cut + 4 : -3].split(b'","'), ways, strict=True)
            return b"".join([heads[way] + name + tails[way] for name, way in named])
        return prefix + (end + prefix).join(content[cut + 4 : -3].split(b'","')) + end


def _template(body: bytes, attempts: int) -> LineTemplate | None:
    settlement = decode_settlement(body, attempts=attempts, at_ms=0)
    if settlement.of is not None or settlement.left or len(settlement.groups) != 1:
        return None
    group = settlement.groups[0]
    if group.items is not None or not group.status.settles or group.in_reserve:
        return None
    result = {"status": group.status.value, "code": group.code, "info": capped(group.info)}
    counts = {"attempts": attempts, "lost_answers": group.lost}
    return LineTemplate(
        status=group.status,
        code=group.code,
        before=b'",' + orjson.dumps(result)[1:-1] + b',"batch":"',
        after=b'",' + orjson.dumps(counts)[1:-1] + b',"at":"',
    )


def _ids(others: str) -> list[str]:
    """The To_Accounts of a plan's row, sorted bytewise; most rows of a large plan hold one."""
    return sorted(others.split("\n")) if "\n" in others else [others]
