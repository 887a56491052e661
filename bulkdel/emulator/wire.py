"""The values that pass between an emulated provider and those who use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bulkdel.emulator.world import Data

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
    ADD = "add"
    ALIAS = "alias"
    ATTRIBUTES = "attributes"


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
        two_way: of a deletion, an addition or a check: whether both lists are meant.
        entries: by id, the data of the entries to add, or the fields of them to change.
        start: of a list: where the page begins.
        limit: of a list: accounts a page.
        sequences: of a list: those that the caller has already, standard and custom; 0 if none.
        failed: codes for single ids that can never be right.
        refused: the code for what is wrong with the call itself; 0 if nothing is.
    """

    action: Action | None
    account: str = ""
    ids: tuple[str, ...] = ()
    two_way: bool = False
    entries: Mapping[str, Data] = field(default_factory=dict)
    start: int = 0
    limit: int = 100
    sequences: tuple[int, int] = (0, 0)
    failed: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
