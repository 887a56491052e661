"""Who has whom, and what stands with it: the friend lists that the emulated providers keep."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

Data: TypeAlias = Mapping[str, Any]
"""The data of one entry of a friend list, by the provider's own names."""

_NOBODY: frozenset[str] = frozenset()
_FIRST_SEQUENCES = (1, 1001)


class ReverseOnly(StrEnum):
    """What a two-way deletion does where only To_Account has From_Account; undocumented."""

    KEEP = "keep"  #: answers "not a friend", To_Account's list stays as it is
    REMOVE = "remove"  #: answers "not a friend", yet shortens To_Account's list
    DELETE = "delete"  #: shortens To_Account's list and answers "deleted"


class World:
    """Friend lists of one app, one set an account; A's set holds B where A has B.

    An entry's data costs nothing until it is set: before that it is what `made` says, the same
    whenever it is asked. Data ends with its entry.

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
        self.made: Callable[[str, str], Data] = _nothing
        """The data of an entry that nobody set; an emulated app puts its provider's here."""
        self._data: dict[tuple[str, str], Data] = {}
        self._sequences: dict[str, list[int]] = {}  # of accounts that were asked for theirs

    def befriend(self, pairs: Iterable[tuple[str, str]], *, mutual: bool = False) -> None:
        """Let each pair's first account have the second, and with `mutual` the other way too."""
        for account, other in pairs:
            self._add(account, other)
            if mutual:
                self._add(other, account)

    def put(self, account: str, other: str, data: Data) -> None:
        """Let `account` have `other` with this data and no other, whether or not it did."""
        self._add(account, other)
        if data != self.data(account, other):
            self._data[account, other] = data
            self._changed(account)

    def change(self, account: str, other: str, fields: Data) -> None:
        """Set some fields of an entry; of one that is a mapping, those keys.

        Raises:
            KeyError: `account` does not have `other`.
        """
        data = dict(self.data(account, other))
        for name, value in fields.items():
            data[name] = {**data[name], **value} if isinstance(value, Mapping) else value
        self.put(account, other, data)

    def data(self, account: str, other: str) -> Data:
        """The data of an entry.

        Raises:
            KeyError: `account` does not have `other`.
        """
        if not self.has(account, other):
            raise KeyError((account, other))
        found = self._data.get((account, other))
        return self.made(account, other) if found is None else found

    def snapshot(self) -> dict[tuple[str, str], Data]:
        """Every entry of every list with its data, by (account, friend): one world in one value."""
        return {pair: self.data(*pair) for pair in self.pairs()}

    def sequences(self, account: str) -> tuple[int, int]:
        """The standard and the custom sequence number of a list: both grow with each change."""
        standard, custom = self._sequences.setdefault(account, list(_FIRST_SEQUENCES))
        return standard, custom

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
            self._forget(account, gone)
        if two_way:
            friends = self.friends
            noted = bool(self._data or self._sequences)
            for other in gone:  # a thousand times a call, so without a function for each
                if (theirs := friends.get(other)) is not None and account in theirs:
                    theirs.discard(account)
                    self.removed += 1
                    if not theirs:
                        del friends[other]
                    if noted:
                        self._forget(other, (account,))
            if reverse_only is not ReverseOnly.KEEP:
                reached = {other for other in absent if self._discard(other, account)}
                if reverse_only is ReverseOnly.DELETE:
                    absent -= reached
        return absent

    def clear(self, account: str, *, two_way: bool, reverse: bool = False) -> bool:
        """Empty `account`'s list; two-way, take it out of the lists of those who were in it.

        Args:
            account: whose list.
            two_way: whether their lists are shortened too.
            reverse: two-way, also take it out of the lists of those who have it without being in
                its own: a walk over the whole world. The documentation does not say which.

        Returns:
            Whether there was anything to clear.
        """
        mine = self.friends.pop(account, _NOBODY)
        self.removed += len(mine)
        self._forget(account, mine)
        if two_way:
            for other in list(self.friends) if reverse else mine:
                self._discard(other, account)
        return bool(mine)

    def _add(self, account: str, other: str) -> None:
        mine = self.friends.setdefault(account, set())
        if other not in mine:
            mine.add(other)
            self._changed(account)

    def _discard(self, account: str, other: str) -> bool:
        mine = self.friends.get(account)
        if mine is None or other not in mine:
            return False
        mine.discard(other)
        self.removed += 1
        if not mine:
            del self.friends[account]
        self._forget(account, (other,))
        return True

    def _forget(self, account: str, others: Collection[str]) -> None:
        if self._data:
            for other in others:
                self._data.pop((account, other), None)
        if others:
            self._changed(account)

    def _changed(self, account: str) -> None:
        if (numbers := self._sequences.get(account)) is not None:
            numbers[:] = (number + 1 for number in numbers)


def _nothing(account: str, other: str) -> Data:
    del account, other
    return {}
