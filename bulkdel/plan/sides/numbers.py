"""Friendships by the hashes of their accounts → friendships between numbered accounts.

Accounts are numbered in the order of their hashes, which no order of the input changes.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from bulkdel.plan.ids import Flags, Whole, Words
from bulkdel.plan.sides.graph import Edges, Numbers

_SHIFT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """Friendships as Edges.

    Attributes:
        accounts: how many there are.
        edges: the friendships, ascending.
        order: which friendship each edge is.
        high_first: for each friendship, whether its first account is the edge's high end.
    """

    accounts: int
    edges: Edges
    order: Whole
    high_first: Flags

    def turned(self, from_high: bytes) -> Flags:
        """For each friendship, whether these sides of the edges send it from its second account."""
        sides = np.empty(len(self.order), np.bool_)
        sides[self.order] = np.frombuffer(from_high, np.bool_)
        sides ^= self.high_first
        return sides


def numbered(first: Words, second: Words) -> Numbered | None:
    """The friendships between accounts with these hashes, each there once.

    None if two accounts with one hash make a friendship look like another one, or like none.
    """
    accounts = np.unique(np.concatenate((first, second)))
    one, two = (np.searchsorted(accounts, hashes) for hashes in (first, second))
    high_first = one > two
    keys = np.where(high_first, two, one) << _SHIFT
    keys |= np.where(high_first, one, two)
    if (one == two).any():
        return None
    del one, two
    order = np.argsort(keys)
    keys = keys[order]
    if (keys[1:] == keys[:-1]).any():
        return None
    edges = Edges(
        low=_numbers(keys >> _SHIFT),
        high=_numbers(keys & ((1 << _SHIFT) - 1)),
    )
    return Numbered(accounts=len(accounts), edges=edges, order=order, high_first=high_first)


def _numbers(values: Whole) -> Numbers:
    """In four bytes each, as plain Python reads them fastest."""
    numbers = array("i")
    numbers.frombytes(values.astype(np.int32).tobytes())
    return numbers
