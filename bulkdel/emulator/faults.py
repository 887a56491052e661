"""What may go wrong with a call, as frozen values and one pure function, `decide`.

fault = Together(faults=(
    Latency(least_s=0.02, most_s=0.08),
    Seeded(odds=0.05, fate=Fate(code=30006, done=False)),
    Only(fault=Always(fate=CUT_AFTER), accounts=frozenset({"alice"})),
))
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from bulkdel.emulator.wire import Action


class Cut(StrEnum):
    """Whether the connection is cut instead of answering."""

    NO = "no"
    SILENT = "silent"  #: before the first byte of the answer
    MIDWAY = "midway"  #: after the headers and half of the body


class Form(StrEnum):
    """What the body of the answer looks like."""

    INTACT = "intact"
    GARBAGE = "garbage"  #: no JSON
    TRUNCATED = "truncated"  #: half of the JSON, in a complete HTTP answer
    EMPTY = "empty"  #: no byte
    NOT_OBJECT = "not_object"  #: JSON, but a list
    HUGE = "huge"  #: the JSON, followed by HUGE_BYTES spaces


HUGE_BYTES = 16 * 1024 * 1024


class Listing(StrEnum):
    """Which items an answer lists."""

    WHOLE = "whole"
    MISSING = "missing"  #: half of them only; all, where an unlisted id is one that succeeded
    EXTRA = "extra"  #: one more, of an account that nobody asked for
    DUPLICATE = "duplicate"  #: the first one twice
    SHUFFLED = "shuffled"  #: in another order
    CHANGED = "changed"  #: of a page: as if the list had one account more at that moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to one call.

    Attributes:
        done: whether what was asked is carried out, apart from `items`.
        code: answered at top level in place of the results; 0 means the results.
        items: codes for some of the ids.
        items_done: whether it is carried out for the ids in `items` although they get a code.
        pretended: ids that are answered as done, and nothing is done; where a call has no ids, its
            account.
        status: the HTTP status; other than 200, the body is no JSON.
        retry_after_s: seconds in a Retry-After header.
        before_s: seconds between the call's arrival and what it does.
        after_s: seconds between that and the answer.
    """

    done: bool = True
    code: int = 0
    items: Mapping[str, int] = field(default_factory=dict)
    items_done: bool = False
    pretended: frozenset[str] = frozenset()
    status: int = 200
    retry_after_s: int | None = None
    cut: Cut = Cut.NO
    form: Form = Form.INTACT
    listing: Listing = Listing.WHOLE
    before_s: float = 0.0
    after_s: float = 0.0

    @property
    def readable(self) -> bool:
        """Whether the client gets an answer that says what happened."""
        return self.status == HTTP_OK and self.cut is Cut.NO and self.form in _READABLE


HTTP_OK = 200
_READABLE = frozenset({Form.INTACT, Form.HUGE})

PLAIN = Fate()
CUT_BEFORE = Fate(done=False, cut=Cut.SILENT)
CUT_AFTER = Fate(cut=Cut.SILENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a fault may look at.

    Attributes:
        ids: the To_Accounts; empty where the call has none.
        number: the how-manieth call of this provider, from 1.
        nth: the how-manieth call of this account, from 1.
    """

    provider: str
    action: Action
    account: str
    ids: tuple[str, ...]
    number: int
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `from_s` until before `until_s`, in seconds since the emulator's first call or start."""

    from_s: float = 0.0
    until_s: float = float("inf")

    def holds(self, elapsed: float) -> bool:
        """Whether a moment lies in it."""
        return self.from_s <= elapsed < self.until_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """Every call has this fate."""

    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Call number 1 has the first fate, and so on; calls beyond the last one are plain.

    Attributes:
        per_account: count each account's calls, not all of them.
    """

    fates: tuple[Fate, ...]
    per_account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """Each call has this fate with the probability `odds`."""

    odds: float
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededItems:
    """Each id gets this code with the probability `odds`.

    Attributes:
        ids: only these; None means any.
        done: whether it is carried out for such an id nevertheless.
    """

    code: int
    odds: float = 1.0
    ids: frozenset[str] | None = None
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretended:
    """Each id (or the account, of a call without ids) is pretended with the probability `odds`.

    Attributes:
        ids: only these; None means any.
    """

    odds: float = 1.0
    ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Each answer takes so many seconds, evenly spread; half of it before the deletion."""

    least_s: float
    most_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """A fault for some calls only; None means any.

    Attributes:
        ids: calls that carry at least one of these.
        calls: first and last call number, both included.
    """

    fault: Fault
    providers: frozenset[str] | None = None
    actions: frozenset[Action] | None = None
    accounts: frozenset[str] | None = None
    ids: frozenset[str] | None = None
    calls: tuple[int, int] | None = None
    span: Span = field(default_factory=Span)

    def concerns(self, request: Request, elapsed: float) -> bool:
        """Whether the fault may strike this call."""
        return (
            self.span.holds(elapsed)
            and (self.providers is None or request.provider in self.providers)
            and (self.actions is None or request.action in self.actions)
            and (self.accounts is None or request.account in self.accounts)
            and (self.calls is None or self.calls[0] <= request.number <= self.calls[1])
            and (self.ids is None or not self.ids.isdisjoint(request.ids))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Several faults at once, each decided by itself, then joined by `join`."""

    faults: tuple[Fault, ...] = ()


Fault: TypeAlias = Always | Script | Seeded | SeededItems | Pretended | Latency | Only | Together

NO_FAULT = Together()


def decide(  # noqa: C901, PLR0911  # one kind of fault, one return
    fault: Fault, request: Request, elapsed: float, rng: random.Random
) -> Fate:
    """The fate of a call; `elapsed` is seconds since the first call or start."""
    match fault:
        case Always():
            return fault.fate
        case Script():
            index = (request.nth if fault.per_account else request.number) - 1
            return fault.fates[index] if index < len(fault.fates) else PLAIN
        case Seeded():
            return fault.fate if rng.random() < fault.odds else PLAIN
        case SeededItems():
            struck = {
                other: fault.code
                for other in request.ids
                if (fault.ids is None or other in fault.ids) and rng.random() < fault.odds
            }
            return Fate(items=struck, items_done=fault.done) if struck else PLAIN
        case Pretended():
            drawn = frozenset(
                other
                for other in request.ids or (request.account,)
                if (fault.ids is None or other in fault.ids) and rng.random() < fault.odds
            )
            return Fate(pretended=drawn) if drawn else PLAIN
        case Latency():
            half = rng.uniform(fault.least_s, fault.most_s) / 2
            return Fate(before_s=half, after_s=half)
        case Only():
            if not fault.concerns(request, elapsed):
                return PLAIN
            return decide(fault.fault, request, elapsed, rng)
        case Together():
            fate = PLAIN
            for each in fault.faults:
                fate = join(fate, decide(each, request, elapsed, rng))
            return fate
        case _ as never:
            assert_never(never)


def join(first: Fate, second: Fate) -> Fate:
    """Both at once: delays add up, ids are joined, nothing is done unless both let it be done.

    Of two codes, statuses and so on, the first one that differs from plain counts.
    """
    if second is PLAIN:
        return first
    if first is PLAIN:
        return second
    return replace(
        first,
        done=first.done and second.done,
        code=first.code or second.code,
        items={**second.items, **first.items},
        items_done=first.items_done or second.items_done,
        pretended=first.pretended | second.pretended,
        status=second.status if first.status == HTTP_OK else first.status,
        retry_after_s=second.retry_after_s if first.retry_after_s is None else first.retry_after_s,
        cut=second.cut if first.cut is Cut.NO else first.cut,
        form=second.form if first.form is Form.INTACT else first.form,
        listing=second.listing if first.listing is Listing.WHOLE else first.listing,
        before_s=first.before_s + second.before_s,
        after_s=first.after_s + second.after_s,
    )
