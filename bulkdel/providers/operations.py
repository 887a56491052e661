"""What one operation of a provider's API is: how its calls are written, what their replies say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from bulkdel.words import Answer, Batch, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The provider's documented ceilings for one operation.

    Attributes:
        qps: calls/s, per app.
        batch_size: ids a call, as documented and by default.
        batch_size_most: ids a call where the provider's support has raised it.
    """

    qps: float
    batch_size: int
    batch_size_most: int


class Standing(StrEnum):
    """What a provider makes of an app and its credentials."""

    ACCEPTED = "accepted"  #: the call was let in, whatever became of it
    REFUSED = "refused"  #: credentials, permission or app refused
    UNCLEAR = "unclear"  #: throttled, a server's trouble, or not readable: it does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What the reply to a call that changes nothing says of the app that made it.

    Attributes:
        code: as in a Ruling; 0 where the call was carried out.
        info: the provider's text, at most INFO_CAP characters.
    """

    standing: Standing
    code: int
    info: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a call asks for, before it is signed.

    Attributes:
        name: the operation, as the provider's API calls it.
        content: the JSON body; None for a call without one.
        parameters: of the query, beside those that sign the call.
        ids: how many accounts its reply may speak of. That bounds how much of a reply is read, so
            one that tells more of each account than a result asks for the room of several.
    """

    name: str
    content: Mapping[str, object] | None = None
    parameters: tuple[tuple[str, object], ...] = ()
    ids: int = 1


SubjectT = TypeVar("SubjectT")
ReadingT = TypeVar("ReadingT")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCalls(Generic[SubjectT, ReadingT]):
    """One operation of a provider's API: how its calls are written and their replies are read.

    Attributes:
        limits: as documented.
        encode: the command for a subject, such as a Batch.
        decode: what a reply, its HTTP status and its body, says of a subject. Total: any status
            and any bytes are read as something.
    """

    limits: Limits
    encode: Callable[[SubjectT, Mode], Command]
    decode: Callable[[SubjectT, int, bytes], ReadingT]


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmlessCall:
    """A call that changes nothing, to learn what the provider makes of an app.

    Attributes:
        encode: the command that asks whether the first account has the second as a friend.
        decode: what a reply, its HTTP status and its body, says of the app. Total, as above.
    """

    encode: Callable[[str, str], Command]
    decode: Callable[[int, bytes], Hearing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Which page of an account's friend list a call asks for.

    Attributes:
        at: what the reply before named as the next; None for the first page.
    """

    account: str
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Friend:
    """One entry of a friend list: `data` is the provider's own object of it, JSON, all fields."""

    account: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of an account's friend list.

    Attributes:
        following: what to ask for next; None where this is the last page.
        stamp: what is the same on all pages of a list that nobody changed meanwhile.
        total: how many friends the provider says that the list has; None where it does not say.
    """

    friends: tuple[Friend, ...]
    following: int | None
    stamp: tuple[int, ...]
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """How some fields of friends that are on a list already are set.

    Attributes:
        calls: a Batch carries their data. The note of `deleted` or `failed` names the fields that
            were not set; `failed` says that there is no such friend on the list, or no such user.
        needed: whether data of a friend holds anything that these calls set. A call carries only
            friends of whom that is so.
    """

    calls: OperationCalls[Batch, Answer]
    needed: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """How friends are put back on an account's list.

    Attributes:
        add: puts them on it. A Batch carries their data. A ruling `already_gone` says that a friend
            is on the list already; the note of `deleted` names fields that no call can set.
        fill: for friends that were on the list already, one after the other; none where `add` sets
            the fields of those too.
        unset: the fields of this data that `fill` cannot set, by name; where there is no `fill`,
            all are set.
        writes_both: whether `add` may write the other list as well, which is then to be asked.
        at_once: the keys of a friend's data that hold texts which `add` sets and `fill` cannot.
    """

    add: OperationCalls[Batch, Answer]
    fill: tuple[Fill, ...] = ()
    unset: Callable[[str], tuple[str, ...]] = lambda _: ()
    writes_both: bool = False
    at_once: tuple[str, ...] = ()
