"""The ledger's lines: a deterministic rendering of a settlement and its entry.

Every line of one settlement shares what stands before and after the id, so those are encoded once
and 1000 lines are a few passes over bytes, not 1000 objects.
"""

from __future__ import annotations

import time

import orjson

from bulkdel.ledger.values import Group, Settlement
from bulkdel.words import INFO_CAP, Batch, Entry


def render(settlement: Settlement, entry: Entry, label: str, target_name: str) -> bytes:
    """The lines of what `settlement` settled, by position; contract section 5.

    The same arguments give the same bytes for ever: on reopening the ledger is compared with them.

    Args:
        settlement: what one reply settled.
        entry: the whole entry as planned; its positions are what the settlement speaks of.
        label: the entry's `batch_label`.
        target_name: as in the job file.
    """
    head = orjson.dumps({"target": target_name, "from_account": entry.from_account})
    prefix = head[:-1] + b',"to_account":'
    ends = _Ends(settlement, label)
    if not isinstance(entry, Batch):
        return b"".join(prefix + b"null" + ends.of(group) for group in settlement.groups)
    match settlement:
        case Settlement(of=None, left=(), groups=(Group(items=None) as rest,)):
            return _alike(entry.to_accounts, prefix, ends.of(rest))
        case _:
            return _mixed(entry.to_accounts, prefix, settlement, ends)


def capped(info: str) -> str:
    """A provider's text as it is kept: at most INFO_CAP characters, and always valid UTF-8."""
    return info[:INFO_CAP].encode("utf-8", "replace").decode("utf-8")


class _Ends:
    """What stands after the id, by group."""

    def __init__(self, settlement: Settlement, label: str) -> None:
        seconds, milliseconds = divmod(settlement.at_ms, 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        self._label = label
        self._attempts = settlement.attempts
        self._at = f"{stamp}.{milliseconds:03d}Z"

    def of(self, group: Group) -> bytes:
        rest = {
            "status": group.status.value,
            "code": group.code,
            "info": capped(group.info),
            "batch": self._label,
            "attempts": self._attempts,
            "lost_answers": group.lost,
            "at": self._at,
        }
        return b"," + orjson.dumps(rest)[1:] + b"\n"


def _alike(ids: tuple[str, ...], prefix: bytes, end: bytes) -> bytes:
    """One line an id, all settled alike."""
    encoded = orjson.dumps(ids)
    if b"\\" in encoded:
        return b"".join(prefix + orjson.dumps(name) + end for name in ids)
    # No backslash, so no quote inside an id: `","` stands between ids and nowhere else.
    between = b'"' + end + prefix + b'"'
    return prefix + encoded[1:-1].replace(b'","', between) + end


def _mixed(ids: tuple[str, ...], prefix: bytes, settlement: Settlement, ends: _Ends) -> bytes:
    """One line for each id that was settled, with the end of its group."""
    carried = range(len(ids)) if settlement.of is None else settlement.of
    end_of: dict[int, bytes] = {}
    for group in settlement.groups:
        end = ends.of(group)
        if group.items is None:
            named = end_of.keys() | set(settlement.left)
            end_of.update((position, end) for position in carried if position not in named)
        else:
            end_of.update(dict.fromkeys(group.items, end))
    return b"".join(
        prefix + orjson.dumps(ids[position]) + end_of[position] for position in sorted(end_of)
    )
