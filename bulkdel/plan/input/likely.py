"""Which column of an input is From and which is To: a proposal for a person, never a decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_FROM: Final = (
    "fromaccount", "from", "fromuserid", "fromuser", "fromid", "userid", "user", "uid",
    "accountid", "account", "owner", "source", "id",
)  # fmt: skip
_TO: Final = (
    "toaccount", "to", "touserid", "touser", "toid", "friendid", "friend", "friendaccount",
    "frienduserid", "contactid", "contact", "target", "peer",
)  # fmt: skip


def propose(columns: Sequence[str]) -> tuple[str, str]:
    """The columns that look like From and To; empty where none does."""
    first = _like(columns, _FROM)
    return first, _like([column for column in columns if column != first], _TO)


def alike(one: str, other: str) -> bool:
    """Whether two names differ at most in capital letters, blanks and marks."""
    return bool(_plain(one)) and _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())


def _like(columns: Sequence[str], names: Sequence[str]) -> str:
    plain = {_plain(column): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), "")
