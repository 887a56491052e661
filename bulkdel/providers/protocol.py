"""What a provider is to the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from bulkdel.words import Answer, Batch, Entry, Mode, Operation


class Secret:
    """A secret that shows itself to nobody who does not ask: its repr and str are stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for signing only."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled or copied into a file")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRule:
    """A provider's narrower rule for account ids, beside 1…32 bytes without control characters.

    Attributes:
        name: as it stands in rejects.jsonl's reason, for example "zego_charset".
        words: the rule as a person reads it.
        pattern: what the whole id must match; a regular expression that Python's re and RE2
            read alike.
    """

    name: str
    words: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The provider's app that calls are made for, and what they are signed with."""

    app_id: int
    admin: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What calls are signed with until `renew_at_s` (Unix seconds); `token` may be empty."""

    token: str = field(repr=False)
    renew_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request. Its query holds signatures, so no repr shows it.

    Attributes:
        method: "POST" or "GET".
        path: begins with a slash, percent-encoded.
        query: percent-encoded, without the question mark.
        body: JSON, or None for a GET.
        ids: how many accounts its reply may speak of.
        hidden: texts that must stand nowhere if the reply repeats them: what signs the call.
    """

    method: str
    path: str
    query: str = field(repr=False)
    body: bytes | None = field(repr=False)
    ids: int = 1
    hidden: tuple[str, ...] = field(default=(), repr=False)


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


ENTROPY_BYTES: Final = 8


def checked_entropy(entropy: bytes) -> bytes:
    """`entropy` itself; ValueError if it is not of the agreed length."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a call needs {ENTROPY_BYTES} random bytes, not {len(entropy)}")
    return entropy


def checked_size(batch: Batch, limits: Limits) -> None:
    """Nothing; ValueError if the batch is empty or larger than the provider ever allows."""
    if not 1 <= len(batch.to_accounts) <= limits.batch_size_most:
        size, most = len(batch.to_accounts), limits.batch_size_most
        raise ValueError(f"a call carries 1 to {most} ids, not {size}")


class Provider(Protocol):
    """One provider's API as pure functions.

    Attributes:
        name: as in the job file.
        title: as a person reads it.
        regions: region name → address, "https://host".
        limits: what is documented for each operation.
        id_rule: the narrower rule for ids, if there is one.
        needs_admin: whether calls are made in the name of an admin account.
        clock_most_s: how far this machine's clock may be from the server's, in seconds; None
            where nothing is documented.
    """

    name: str
    title: str
    regions: Mapping[str, str]
    limits: Mapping[Operation, Limits]
    id_rule: IdRule | None
    needs_admin: bool
    clock_most_s: float | None

    def credentials(self, app: App, now_s: float) -> Credentials:
        """Fresh credentials at `now_s`, Unix seconds."""
        ...

    def encode(
        self,
        entry: Entry,
        mode: Mode,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """The call that carries `entry`. `entropy` is 8 random bytes, new for each call.

        Raises ValueError for an empty batch or one above `batch_size_most`: neither is planned.
        """
        ...

    def decode(self, entry: Entry, status: int, body: bytes) -> Answer:
        """What a reply says of `entry`. Total: any status and any bytes give an Answer.

        Never `deleted` or `already_gone` unless the provider said so of that very id in a reply
        with HTTP status 200. 429 and 5xx are ruled here too; Retry-After is read by the lane.
        """
        ...

    def encode_check(
        self,
        from_account: str,
        to_account: str,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """A call that changes nothing: it asks whether one account has another as a friend."""
        ...

    def decode_check(self, status: int, body: bytes) -> Hearing:
        """What a reply to `encode_check` says of the app and its credentials. Total, as decode."""
        ...

    def words(self, code: int) -> str:
        """Any code of a Ruling in a few words, for people."""
        ...

    def advice(self, code: int) -> str:
        """What a user can do about a code that refuses the app, naming keys of the target's table.

        Empty where there is nothing to say beyond `words`.
        """
        ...
