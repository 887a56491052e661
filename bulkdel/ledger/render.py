"""The ledger's lines: a deterministic rendering of a settlement and its entry.

In the first phase every line of one settlement shares what stands before and after the id, so those
are encoded once and 1000 lines are a few passes over bytes, not 1000 objects.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from bulkdel.ledger.counting import placed
from bulkdel.ledger.values import Group, Settlement
from bulkdel.words import (
    INFO_CAP,
    STATUSES,
    AnyOperation,
    Asked,
    Batch,
    Entry,
    Errand,
    Mode,
    Operation,
    Pull,
    Sides,
    Verdict,
    batch_label,
)


def render(
    settlement: Settlement,
    entry: Entry,
    label: str,
    target_name: str,
    operation: AnyOperation = Operation.DELETE_FRIENDS,
) -> bytes:
    """The lines of what `settlement` settled, by position; contract sections 5 and 8.

    The same arguments give the same bytes for ever: on reopening the ledger is compared with them.

    Args:
        settlement: what one reply settled.
        entry: the whole entry as planned; its positions are what the settlement speaks of.
        label: the entry's `batch_label`.
        target_name: as in the job file.
        operation: what the calls of the run do, which decides what a line says.
    """
    ends = _Ends(settlement, label, operation)
    if isinstance(entry, Pull):
        prefix = orjson.dumps({"target": target_name, "account": entry.from_account})[:-1]
        return b"".join([prefix + ends.of(group) for group in settlement.groups])
    head = orjson.dumps({"target": target_name, "from_account": entry.from_account})
    prefix = head[:-1] + b',"to_account":'
    if not isinstance(entry, Batch):
        return b"".join([prefix + b"null" + ends.of(group) for group in settlement.groups])
    if entry.sides is not None:
        return _oriented(settlement, entry, entry.sides, ends, target_name)
    prefix += b'"'
    match settlement:
        case Settlement(of=None, left=(), groups=(Group(items=None) as rest,)):
            end = b'"' + ends.of(rest)
            return b"".join([prefix + name + end for name in _encoded(entry.to_accounts)])
        case _:
            end_of = _by_position(settlement, range(len(entry.to_accounts)), ends)
            positions = sorted(end_of)
            names = _encoded([entry.to_accounts[position] for position in positions])
            lines = zip(names, map(end_of.__getitem__, positions), strict=True)
            return b"".join([prefix + name + end for name, end in lines])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What the labels and lines of a run's entries are made of; `names` are its targets'."""

    names: tuple[str, ...]
    operation: AnyOperation
    mode: Mode

    def label(self, entry: Entry, target: int) -> str:
        """Returns the entry's `batch`."""
        return batch_label(self.names[target], self.operation, self.mode, entry)

    def lines(self, settlement: Settlement, entry: Entry, target: int) -> bytes:
        """Returns the lines of `settlement`; see `render`."""
        label = self.label(entry, target)
        return render(settlement, entry, label, self.names[target], self.operation)


def capped(info: str) -> str:
    """A provider's text as it is kept: at most INFO_CAP characters, and always valid UTF-8."""
    return info[:INFO_CAP].encode("utf-8", "replace").decode("utf-8")


def moment(at_ms: int) -> str:
    """A Unix time in milliseconds as a line's `at`."""
    seconds, milliseconds = divmod(at_ms, 1000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{stamp}.{milliseconds:03d}Z"


class _Ends:
    """What stands after the id, by group."""

    def __init__(self, settlement: Settlement, label: str, operation: AnyOperation) -> None:
        self._label = label
        self._attempts = settlement.attempts
        self._at = moment(settlement.at_ms)
        self._errand = operation if isinstance(operation, Errand) else None

    def of(self, group: Group, asked: Asked | None = None) -> bytes:
        """`asked` is what came before of the pair, where this is its second phase."""
        if self._errand is not None:
            beside = {
                "status": STATUSES[self._errand][group.status],
                **_note(self._errand, group),
                "code": group.code,
                "info": capped(group.info),
                "attempts": self._attempts,
                "at": self._at,
            }
            return b"," + orjson.dumps(beside)[1:] + b"\n"
        rest = {
            "status": group.status.value,
            "code": group.code,
            "info": capped(group.info),
            "batch": self._label if asked is None else asked.label,
            "attempts": self._attempts + (asked.attempts if asked else 0),
            "lost_answers": group.lost + (asked.lost if asked else 0),
            "at": self._at,
        }
        return b"," + orjson.dumps(rest)[1:] + b"\n"


def _note(errand: Errand, group: Group) -> dict[str, str | int | list[str]]:
    """What a status needs beside it in a line of a run beside a run."""
    note = group.note
    match errand:
        case Errand.PULL:
            return {"friends": int(note)} if group.status is Verdict.DELETED else {}
        case Errand.ASK:
            return {"where": note} if group.status is Verdict.ALREADY_GONE else {}
        case Errand.ASK_LIST:
            remains = group.status is Verdict.ALREADY_GONE
            return {"where": "friends", "friends": int(note)} if remains else {}
        case Errand.PUT_BACK:
            return {"not_restored": note.split(",")} if note else {}


def _oriented(
    settlement: Settlement, batch: Batch, sides: Sides, ends: _Ends, target_name: str
) -> bytes:
    """The lines of friendships whose side was chosen: each reads as the input names it."""
    turned, names = sides.turned, _encoded(batch.to_accounts)
    target = orjson.dumps({"target": target_name})[:-1] + b',"from_account":'
    sender = orjson.dumps(batch.from_account)
    heads = (target + sender + b',"to_account":"', target + b'"')
    middles = (b'"', b'","to_account":' + sender + b',"sent_from":' + sender)
    lines: list[tuple[int, bytes]] = []
    for group, places in placed(settlement, len(names)):
        if group.in_reserve:
            continue
        tails = [middle + ends.of(group) for middle in middles]
        for place in places:
            way = turned[place]
            tail = tails[way]
            if sides.asked is not None:
                tail = middles[way] + ends.of(group, sides.asked[place])
            lines.append((place, heads[way] + names[place] + tail))
    return b"".join([line for _, line in sorted(lines)])


def _by_position(settlement: Settlement, entire: range, ends: _Ends) -> dict[int, bytes]:
    """The end of each line, by the position of its id."""
    end_of: dict[int, bytes] = {}
    for group in settlement.groups:
        if group.items is None:
            end = b'"' + ends.of(group)
            end_of = dict.fromkeys(entire if settlement.of is None else settlement.of, end)
    for position in settlement.left:
        end_of.pop(position, None)
    for group in settlement.groups:
        if group.items is not None:
            end_of.update(dict.fromkeys(group.items, b'"' + ends.of(group)))
    return end_of


def _encoded(ids: Sequence[str]) -> list[bytes]:
    """Each id as JSON, without its quotes."""
    if not ids:
        return []
    together = orjson.dumps(ids)
    if b"\\" in together:
        return [orjson.dumps(name)[1:-1] for name in ids]
    # No backslash, so no quote inside an id: `","` stands between ids and nowhere else.
    return together[2:-2].split(b'","')
