"""The values that every stage speaks in: what is planned, and what an answer means.

They are frozen and travel per entry of the plan, never per pair: at 200 calls/s of 1000 ids, one
object a pair at every seam would cost more than the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import orjson

INFO_CAP = 200
"""Characters of a provider's text that are kept, in the ledger, the journal and the log."""


class Operation(StrEnum):
    """What a job does to each of its rows."""

    DELETE_FRIENDS = "delete_friends"
    DELETE_ALL_FRIENDS = "delete_all_friends"


class Errand(StrEnum):
    """What the calls of a run beside a run do; none of them deletes anything."""

    PULL = "pull"  #: friend data of an account's list, before it is shortened
    ASK = "ask"  #: whether pairs are gone
    ASK_LIST = "ask_list"  #: whether an account's list is empty
    PUT_BACK = "put_back"  #: what was deleted


AnyOperation: TypeAlias = Operation | Errand
"""What the calls of a run do, whichever kind of run it is."""


class Mode(StrEnum):
    """How much one deletion removes."""

    ONE_WAY = "one_way"  #: To_Account from From_Account's list only
    TWO_WAY = "two_way"  #: and From_Account from To_Account's list as well


class Orient(StrEnum):
    """From which side a friendship is sent where a deletion is two-way."""

    AS_GIVEN = "as_given"  #: each pair from its From_Account
    FEWEST_CALLS = "fewest_calls"  #: from the side that the planner chooses, each friendship once


class Verdict(StrEnum):
    """What an answer, or one item of it, means for a pair."""

    DELETED = "deleted"  #: settles: the provider said so
    ALREADY_GONE = "already_gone"  #: settles: there was nothing to delete
    FAILED = "failed"  #: settles: refused for good
    MORE = "more"  #: the call did its part, and what it is of needs another one: goes again at once
    TRANSIENT = "transient"  #: goes again, with growing delays, a bounded number of times
    THROTTLED = "throttled"  #: holds the whole lane; uses up no attempt
    RESIGN = "resign"  #: goes again with new credentials, for half a minute
    SPLIT = "split"  #: halve the batch until the culprit is alone
    FATAL = "fatal"  #: credentials, permission or app refused: the lane stops

    @property
    def settles(self) -> bool:
        """Whether a pair with this verdict is done and gets its ledger line."""
        return self in _SETTLING


_SETTLING = frozenset({Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.FAILED})

_ASKED = {
    Verdict.DELETED: "gone",
    Verdict.ALREADY_GONE: "remains",
    Verdict.FAILED: "unknown",
}
STATUSES: Mapping[AnyOperation, Mapping[Verdict, str]] = MappingProxyType(
    {
        **{key: {one: one.value for one in _SETTLING} for key in Operation},
        Errand.PULL: {Verdict.DELETED: "pulled", Verdict.FAILED: "failed"},
        Errand.ASK: _ASKED,
        Errand.ASK_LIST: _ASKED,
        Errand.PUT_BACK: {
            Verdict.DELETED: "restored",
            Verdict.ALREADY_GONE: "already_there",
            Verdict.FAILED: "failed",
        },
    }
)
"""The word that each settling verdict has in the ledger, by what the calls of the run do.

A journal counts in three verdicts, whatever a run does. A list that was pulled is `deleted` or
`failed` there; a pair that was asked for is `deleted` where it is gone and `already_gone` where it
remains; one that is put back `already_gone` where it was there.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a friendship's first side, which was answered "not a friend".

    Attributes:
        label: the `batch` of the entry that the friendship was planned in.
        attempts: calls that carried it.
        lost: of those, how many may have been carried out without a definite verdict.
        code: the provider's, of that answer.
    """

    label: str
    attempts: int
    lost: int
    code: int


@dataclass(frozen=True, slots=True)
class Sides:
    """From which side a batch's friendships are sent, where the planner chose.

    Attributes:
        turned: one byte a To_Account; 1 where the input names the pair the other way round.
        asked: None in the first phase: the other side is in reserve. In the second phase, what came
            of the first side, one for each To_Account.
    """

    turned: bytes
    asked: tuple[Asked, ...] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One From_Account with the To_Accounts that one call carries, for one target.

    Attributes:
        ordinal: its place in the plan, over all targets; the key of the journal.
        from_account: whose list is shortened.
        to_accounts: at least one, distinct, sorted bytewise.
        sides: where the planner chose the side that each friendship is sent from.
        data: where friends are put back: the data of each To_Account, a JSON object as the
            provider gave it.
        attempts: of a load that was carried before: by how many calls.
    """

    ordinal: int
    from_account: str
    to_accounts: tuple[str, ...]
    sides: Sides | None = None
    data: tuple[str, ...] | None = None
    attempts: int = 0

    @property
    def has_reserve(self) -> bool:
        """Whether what is answered "not a friend" is sent from its other side afterwards."""
        return self.sides is not None and self.sides.asked is None


@dataclass(frozen=True, slots=True)
class Sweep:
    """One account whose whole friend list is cleared, for one target.

    A type of its own, so that a batch that became empty can never mean "everything".
    """

    ordinal: int
    from_account: str


@dataclass(frozen=True, slots=True)
class Pull:
    """One account whose friend list is pulled, for one target; one item, over as many pages.

    Attributes:
        ordinal: its place in the plan, over all targets.
        from_account: whose list is pulled.
        wanted: the friends of whom data is kept, sorted bytewise; None means all.
    """

    ordinal: int
    from_account: str
    wanted: tuple[str, ...] | None


Entry: TypeAlias = Batch | Sweep | Pull
"""One entry of the plan: what one call carries if all goes well."""


def size_of(entry: Entry) -> int:
    """Returns the number of items of an entry; a Sweep and a Pull have one."""
    return len(entry.to_accounts) if isinstance(entry, Batch) else 1


def batch_label(target: str, operation: AnyOperation, mode: Mode, entry: Entry) -> str:
    """The ledger's `batch`: 16 hex digits, the same in every run over the same input."""
    to_accounts = list(entry.to_accounts) if isinstance(entry, Batch) else None
    content = orjson.dumps([target, operation, mode, entry.from_account, to_accounts])
    return hashlib.sha256(content).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one result code means, and all that the lane must know of it.

    Attributes:
        verdict: see Verdict.
        code: the provider's own code; the HTTP status where only that is known;
            NO_REPLY or UNREADABLE where there is neither.
        info: the provider's text, at most INFO_CAP characters.
        note: what the status needs beside it: where a pair remains ("from", "to", "both"; of a list
            how many are on it), which fields could not be put back (names with a comma between).
        lost: the call may have been carried out although this is no definite verdict, so the pair
            counts a lost answer.
        hold_s: how long the provider wants the lane to be held, in seconds, where it says so.
        conflict: a write conflict between accounts (30008): serialise both ends if it recurs.
        shrink: the batch was larger than the app's limit: the lane sends smaller ones from now on.
        defer: another call now would meet the same, so what is left waits for the next round.
        known: false for a code that is in no table, or documented but not for deletions, and for
            an HTTP status that explains nothing.
    """

    verdict: Verdict
    code: int
    info: str = ""
    note: str = ""
    lost: bool = False
    hold_s: float | None = None
    conflict: bool = False
    shrink: bool = False
    defer: bool = False
    known: bool = True


NO_REPLY = -1
UNREADABLE = -2
NEVER_SENT = -3
"""The code of a pair that was closed by the operator before any call had carried it."""


def is_providers(code: int) -> bool:
    """Whether a code came from the provider, or from HTTP; the others are our own."""
    return code not in (NO_REPLY, UNREADABLE, NEVER_SENT)


_NOTHING: Mapping[str, Ruling] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reply says of the entry that its call carried, joined by id, never by position.

    Attributes:
        rest: the ruling for every id that `items` does not name (for a Sweep, for the account).
        items: the exceptions, by To_Account. Only ids that the call carried.
        strangers: how many ids the reply named that the call did not carry; they are ignored.
    """

    rest: Ruling
    items: Mapping[str, Ruling] = field(default_factory=lambda: _NOTHING)
    strangers: int = 0
