"""What a verification found to remain: the lines of its ledger that say so. It streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.report.exported import Row, read_line, strange_line, whole_lines

_REMAINS: Final = b'"status":"remains"'
"""In no id: a quotation mark in one is written with a backslash before it."""
WHERE: Final = ("from", "to", "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """A pair that is still there, or a list that is not empty.

    Attributes:
        to_id: None of a list.
        where: "from", "to" or "both": on whose list; "friends" of a list.
        friends: how many are on the list; 0 of a pair.
    """

    target: str
    from_id: str
    to_id: str | None
    where: str
    friends: int = 0


def remaining_lines(folder: Path) -> Iterator[Remaining]:
    """What remains, in the order in which it was answered; `folder` is the verification's.

    Raises:
        Corrupt: a whole line is not what bulkdel writes.
    """
    path = folder / LEDGER
    for number, line in whole_lines(path, (_REMAINS,)):
        record: dict[str, Any] = read_line(path, number, line)
        try:
            yield Remaining(
                target=record["target"],
                from_id=record["from_account"],
                to_id=record["to_account"],
                where=record["where"],
                friends=record.get("friends", 0),
            )
        except KeyError as error:
            raise strange_line(path, number) from error


def as_rows(remaining: Iterable[Remaining]) -> Iterator[Row]:
    """The same as the rows of a new job's input, named as in the run's.

    But where only To_Account's list still has From_Account, the row names the pair from there: what
    a two-way deletion does from the other side is not documented.
    """
    for one in remaining:
        ends = (one.from_id, one.to_id)
        if one.where == "to" and one.to_id is not None:
            ends = (one.to_id, one.from_id)
        yield Row(
            target=one.target,
            from_id=ends[0],
            to_id=ends[1],
            status="remains",
            code=None,
            info="",
            attempts=0,
            lost_answers=0,
        )
