"""Pairs of a run as rows: settled ones from the ledger, unsettled ones from plan and journal.

All of it streams: memory is that of one page of the plan, however large the run is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from bulkdel import files
from bulkdel.errors import Corrupt
from bulkdel.ledger.history import History
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.ledger.values import OpenEntry, Part
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta, Share
from bulkdel.words import Asked, Batch, Entry, Sides

LINE_MOST = 1 << 16
"""Bytes; a line of the ledger has two ids, a capped text and little more."""


class PairStatus(StrEnum):
    """What a pair may be, for the choice of what is exported."""

    DELETED = "deleted"
    ALREADY_GONE = "already_gone"
    FAILED = "failed"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which pairs are exported; what is empty chooses all.

    Attributes:
        accounts: a pair is chosen if either side of it is one of them.
    """

    statuses: frozenset[PairStatus] = frozenset()
    codes: frozenset[int] = frozenset()
    targets: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    def wants(self, status: str) -> bool:
        """Whether pairs of this status are chosen at all."""
        return not self.statuses or status in self.statuses

    def takes(self, row: Row) -> bool:
        """Whether this pair is chosen."""
        return (
            self.wants(row.status)
            and (not self.codes or row.code in self.codes)
            and (not self.targets or row.target in self.targets)
            and (not self.accounts or not self.accounts.isdisjoint((row.from_id, row.to_id)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One pair of one target.

    Attributes:
        to_id: None where a whole list was to be cleared.
        status: a PairStatus; "remains" of what a verification found.
        code: the provider's last one; None of a pair that no call has carried to an answer.
    """

    target: str
    from_id: str
    to_id: str | None
    status: str
    code: int | None
    info: str
    attempts: int
    lost_answers: int


def settled_rows(run_dir: Path, choice: ExportFilter) -> Iterator[Row]:
    """The chosen pairs of the ledger, in its order. A line that is being written is left out.

    Raises:
        Corrupt: a whole line is not what bulkdel writes.
    """
    statuses = [one for one in PairStatus if one is not PairStatus.UNSETTLED and choice.wants(one)]
    marks = [f'"status":"{status}"'.encode() for status in statuses]
    path = run_dir / LEDGER
    for number, line in whole_lines(path, marks):
        row = _row(path, number, line)
        if choice.takes(row):
            yield row


def whole_lines(path: Path, marks: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines of a ledger that hold one of the marks, with their numbers.

    A line that is being written is left out.

    Raises:
        Corrupt: a line is longer than any that bulkdel writes.
    """
    if not marks or not files.is_there(path):
        return
    with files.open_to_read(path) as lines:
        number = 0
        while line := lines.readline(LINE_MOST):
            number += 1
            if not line.endswith(b"\n"):
                if len(line) == LINE_MOST:
                    raise strange_line(path, number)
                return
            if any(mark in line for mark in marks):
                yield number, line


def unsettled_rows(
    plan: PlanReader, meta: PlanMeta, history: History | None, choice: ExportFilter
) -> Iterator[Row]:
    """The chosen pairs that are not settled, target by target in sending order."""
    if not choice.wants(PairStatus.UNSETTLED):
        return
    for index, share in enumerate(meta.shares):
        if not choice.targets or share.target in choice.targets:
            rows = chain(_of_share(plan, share, history), _in_reserve(share, index, history))
            yield from filter(choice.takes, rows)


def _of_share(plan: PlanReader, share: Share, history: History | None) -> Iterator[Row]:
    lo, hi = share.first, share.first + share.batches
    settled = None if history is None else history.settled()
    begun = iter(()) if history is None else history.open_entries(lo, hi)
    next_begun = next(begun, None)
    for entries in plan.scan(lo, hi):
        for entry in entries:
            if settled is not None and entry.ordinal in settled:
                continue
            while next_begun is not None and next_begun.ordinal < entry.ordinal:
                next_begun = next(begun, None)
            known = next_begun is not None and next_begun.ordinal == entry.ordinal
            yield from _of_entry(share.target, entry, next_begun if known else None)


def _in_reserve(share: Share, index: int, history: History | None) -> Iterator[Row]:
    """What one side has answered "not a friend" for, and the other has not settled."""
    if history is None:
        return
    for one in history.reserved(index):
        sides = Sides(bytes([one.turned]), (Asked(one.label, one.attempts, one.lost, one.code),))
        yield from _of_entry(share.target, Batch(-1, one.account, (one.other,), sides), None)
    for waiting in history.second_phase(index, history.settled()):
        batch = waiting.batch
        known = OpenEntry(
            ordinal=batch.ordinal, parts=waiting.parts, code=waiting.code, info=waiting.info
        )
        yield from _of_entry(share.target, batch, known)


def _of_entry(target: str, entry: Entry, history: OpenEntry | None) -> Iterator[Row]:
    sides = entry.sides if isinstance(entry, Batch) else None
    for part in (Part(),) if history is None else history.parts:
        code, info = None, ""
        if part.attempts > 0 and history is not None:
            code, info = history.code, history.info
        for position, to_id in _items(entry, part):
            asked = sides.asked[position] if sides and sides.asked else None
            pair = (entry.from_account, to_id)
            if sides and to_id is not None and sides.turned[position]:
                pair = (to_id, entry.from_account)
            yield Row(
                target=target,
                from_id=pair[0],
                to_id=pair[1],
                status=PairStatus.UNSETTLED,
                code=asked.code if asked and code is None else code,
                info=info,
                attempts=part.attempts + (asked.attempts if asked else 0),
                lost_answers=part.lost
                + part.lost_more.get(position, 0)
                + (asked.lost if asked else 0),
            )


def _items(entry: Entry, part: Part) -> Iterator[tuple[int, str | None]]:
    if not isinstance(entry, Batch):
        yield 0, None
        return
    for position in range(len(entry.to_accounts)) if part.items is None else part.items:
        yield position, entry.to_accounts[position]


def _row(path: Path, number: int, line: bytes) -> Row:
    record = read_line(path, number, line)
    try:
        return Row(
            target=record["target"],
            from_id=record["from_account"],
            to_id=record["to_account"],
            status=PairStatus(record["status"]),
            code=record["code"],
            info=record["info"],
            attempts=record["attempts"],
            lost_answers=record["lost_answers"],
        )
    except (KeyError, ValueError) as error:
        raise strange_line(path, number) from error


def read_line(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """The object in a line of a ledger.

    Raises:
        Corrupt: there is none.
    """
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise strange_line(path, number) from error
    if not isinstance(record, dict):
        raise strange_line(path, number)
    return record


def strange_line(path: Path, number: int) -> Corrupt:
    """What is said of a line that is not what bulkdel writes."""
    return Corrupt(
        "it is not a line that bulkdel writes, so what is read from it ends here",
        where=f"{path}, line {number}",
    )
