"""Who has whom: the friend lists that the emulated providers keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum

_NOBODY: frozenset[str] = frozenset()


class ReverseOnly(StrEnum):
    """What a two-way deletion does where only To_Account has From_Account; undocumented."""

    KEEP = "keep"  #: answers "not a friend", To_Account's list stays as it is
    REMOVE = "remove"  #: answers "not a friend", yet shortens To_Account's list
    DELETE = "delete"  #: shortens To_Account's list and answers "deleted"


class World:
    """Friend lists of one app, one set an account; A's set holds B where A has B.

    Args:
        friends: taken over, not copied. An account without friends needs no entry.
        existing: the accounts that exist; None means every account does.
    """

    def __init__(
        self,
        friends: dict[str, set[str]] | None = None,
        *,
        existing: Collection[str] | None = None,
    ) -> None:
        self.friends: dict[str, set[str]] = {} if friends is None else friends
        self.existing = existing
        self.removed = 0
        """Entries removed from friend lists so far; a two-way deletion may remove two."""

    def befriend(self, pairs: Iterable[tuple[str, str]], *, mutual: bool = False) -> None:
        """Let each pair's first account have the second, and with `mutual` the other way too."""
        for account, other in pairs:
            self.friends.setdefault(account, set()).add(other)
            if mutual:
                self.friends.setdefault(other, set()).add(account)

    def has(self, account: str, other: str) -> bool:
        """Whether `other` is in `account`'s list."""
        return other in self.friends.get(account, _NOBODY)

    def exists(self, account: str) -> bool:
        """Whether the provider knows this account."""
        return self.existing is None or account in self.existing

    def of(self, account: str) -> Collection[str]:
        """The friend list of an account, in no order."""
        return self.friends.get(account, _NOBODY)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every (account, friend), in no order."""
        return ((account, other) for account, mine in self.friends.items() for other in mine)

    def remove(
        self,
        account: str,
        others: Collection[str],
        *,
        two_way: bool,
        reverse_only: ReverseOnly = ReverseOnly.KEEP,
    ) -> set[str]:
        """Shorten `account`'s list by `others`; return those to answer "not a friend" for."""
        mine = self.friends.get(account)
        gone = mine.intersection(others) if mine else set()
        absent: set[str] = set() if len(gone) == len(others) else set(others) - gone
        if mine and gone:
            mine -= gone
            self.removed += len(gone)
            if not mine:
                del self.friends[account]
        if two_way:
            friends = self.friends
            for other in gone:  # a thousand times a call, so without a function for each
                if (theirs := friends.get(other)) is not None and account in theirs:
                    theirs.discard(account)
                    self.removed += 1
                    if not theirs:
                        del friends[other]
            if reverse_only is not ReverseOnly.KEEP:
                reached = {other for other in absent if self._discard(other, account)}
                if reverse_only is ReverseOnly.DELETE:
                    absent -= reached
        return absent

    def clear(self, account: str, *, two_way: bool) -> None:
        """Empty `account`'s list; two-way, take it out of the lists of those who were in it.

        Who has `account` without being in its list is not reached: the call can only walk that
        list (the documentation does not say so).
        """
        mine = self.friends.pop(account, _NOBODY)
        self.removed += len(mine)
        if two_way:
            for other in mine:
                self._discard(other, account)

    def _discard(self, account: str, other: str) -> bool:
        mine = self.friends.get(account)
        if mine is None or other not in mine:
            return False
        mine.discard(other)
        self.removed += 1
        if not mine:
            del self.friends[account]
        return True
