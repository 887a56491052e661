"""The values that pass between an emulated provider and those who use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bulkdel.emulator.world import ReverseOnly

DEMO_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105  # guards nothing but an emulator
"""The key of an emulated app that was given none. A public text, good for nothing else."""

ID_BYTES = 32
"""The longest account id, in bytes of UTF-8 (every provider documents the same)."""


class Action(StrEnum):
    """What a call asks for, whatever the provider calls it."""

    DELETE = "delete"
    DELETE_ALL = "delete_all"
    CHECK = "check"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedApp:
    """The app whose calls are accepted.

    Attributes:
        secret: as text; one that looks like hex is not decoded.
        admin: the account that may call, where calls are made in the name of one.
    """

    app_id: int
    secret: str = field(default=DEMO_SECRET, repr=False)
    admin: str = "administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A call as the provider understood it.

    Attributes:
        action: None where there is no such call.
        account: From_Account; "" where there is none.
        ids: To_Accounts, as sent.
        two_way: of a deletion or a check.
        start: of a list: where the page begins.
        limit: of a list: accounts a page.
        failed: codes for single ids that can never be right.
        refused: the code for what is wrong with the call itself; 0 if nothing is.
    """

    action: Action | None
    account: str = ""
    ids: tuple[str, ...] = ()
    two_way: bool = False
    start: int = 0
    limit: int = 100
    failed: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What the documentation leaves open; the defaults are our guesses.

    Attributes:
        reverse_only: see ReverseOnly.
        batch_limit: ids a call; None means the documented maximum.
        all_failed_code: the top-level code where every id failed; None means as each provider's
            `answer` says.
        vague_not_friend: an id that is not a friend gets the code of a bad parameter, with the
            reason only in its text, where the documentation says that this happens.
        conflicts: two calls at once that write the same friend list: the later one is refused,
            whole, with the provider's `conflict`.
        strict_nonce: a nonce that was seen before is refused while its time may be valid.
        lockout_after: signatures refused in a row until every call is refused for `lockout_s`
            seconds, where the documentation says that this happens.
    """

    reverse_only: ReverseOnly = ReverseOnly.KEEP
    batch_limit: int | None = None
    all_failed_code: int | None = None
    vague_not_friend: bool = False
    conflicts: bool = False
    strict_nonce: bool = False
    lockout_after: int = 10
    lockout_s: float = 60.0
