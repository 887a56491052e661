"""What the journal is told: intents before calls leave, outcomes after.

Items of an entry are named by their position in its `to_accounts` (a Sweep has one item, 0), so no
account id is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TypeAlias

from bulkdel.ledger.samples import Sample
from bulkdel.words import Entry, Verdict

_NONE: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Items of one entry that go out together and are not settled yet.

    Attributes:
        items: positions, ascending; None means every item of the entry.
        attempts: calls that carried these items so far.
        lost: of those, how many may have been carried out without a definite verdict.
        lost_more: what single items have beyond `lost`, by position.
    """

    items: tuple[int, ...] | None = None
    attempts: int = 0
    lost: int = 0
    lost_more: Mapping[int, int] = field(default_factory=lambda: _NONE)


FRESH = (Part(),)
"""The parts of an entry that no call has carried yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The first of `parts` is about to go out; durable before it does.

    Attributes:
        ordinal: the entry's.
        target: index of the target in the plan.
        parts: all that is unsettled of the entry, before this call; `attempts` without it.
        again: whether items of the part were carried by a call before (a retry).
    """

    ordinal: int
    target: int
    parts: tuple[Part, ...]
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Items that were settled alike. For the rest of a call, `items` is None.

    Attributes:
        lost: lost answers of these items, this call included.
        note: what the status needs beside it, as in a Ruling.
        in_reserve: they were answered "not a friend" from one side, and their other side is asked
            in the second phase: no pair is settled yet, but this entry is done with them.
    """

    status: Verdict
    code: int
    info: str
    lost: int
    items: tuple[int, ...] | None
    in_reserve: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What one reply settled of one entry.

    Attributes:
        of: positions that the call carried; None means every item of the entry.
        left: positions of those that stay unsettled.
        groups: first the exceptions by position, then at most one Group with `items` None, which
            is all of `of` that neither `left` nor another group names.
        attempts: calls that carried these items, this one included.
        at_ms: Unix milliseconds, UTC.
    """

    of: tuple[int, ...] | None
    left: tuple[int, ...]
    groups: tuple[Group, ...]
    attempts: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an intent whose call left.

    Attributes:
        entry: the whole entry as planned.
        target: index of the target in the plan.
        settlement: None where the reply settled nothing.
        parts: what is unsettled of the entry now; empty means it is settled whole.
        code, info: the result code and text that left something unsettled; of no meaning when
            `parts` is empty. Code 0 where the call settled all that it carried: what is left of the
            entry keeps the code that it had.
        throttled: the call was refused for its rate.
        lost: the call may have been carried out without a definite verdict for some item.
    """

    entry: Entry
    target: int
    settlement: Settlement | None
    parts: tuple[Part, ...]
    code: int
    info: str
    throttled: bool
    lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The intent for this entry, if there is one, is taken back: its call will never leave."""

    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What is left of an entry, or some of it, is settled without a call.

    Attributes:
        entry: the whole entry as planned.
        target: index of the target in the plan.
        code, info: the last that is known of what calls have carried.
        at_ms: Unix milliseconds, UTC.
        groups: what is settled, by positions that are unsettled; the rest of the entry stays as it
            is. None settles all that is left as failed.
    """

    entry: Entry
    target: int
    code: int
    info: str
    at_ms: int
    groups: tuple[Group, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What a target has in reserve becomes entries of the second phase; some of it, if it is much.

    Attributes:
        target: index of the target in the plan.
        batch_size: To_Accounts of an entry at most.
        first: the first ordinal that no entry of the plan has.
    """

    target: int
    batch_size: int
    first: int


Event: TypeAlias = Intent | Outcome | Withdrawal | Closure | Deal | Sample
"""All that the journal is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEntry:
    """An entry that is not settled whole but has a history: what a later sitting goes on from."""

    ordinal: int
    parts: tuple[Part, ...]
    code: int
    info: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """One target's counters over all sittings: pairs by status, and calls.

    Attributes:
        in_reserve: pairs that wait for the second phase, or are in it and not settled.
    """

    deleted: int = 0
    already_gone: int = 0
    failed: int = 0
    calls: int = 0
    retries: int = 0
    throttled: int = 0
    lost_answers: int = 0
    in_reserve: int = 0

    def __add__(self, other: Counters) -> Counters:
        """Of both together, as of two slices of one target."""
        names = [one.name for one in fields(self)]
        return Counters(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def settled(self) -> int:
        """Pairs that have their final verdict."""
        return self.deleted + self.already_gone + self.failed

    @property
    def by_status(self) -> dict[Verdict, int]:
        """Pairs by their final verdict."""
        return {
            Verdict.DELETED: self.deleted,
            Verdict.ALREADY_GONE: self.already_gone,
            Verdict.FAILED: self.failed,
        }
