"""The friendships of an input as a graph in flat arrays: four bytes an end, no object each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeAlias

Numbers: TypeAlias = "array[int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Friendships between accounts numbered from 0, each once.

    Attributes:
        low: the smaller account number of each friendship.
        high: the larger one. Friendships ascend by (low, high), so that what comes of them does
            not depend on the order of the input, and so that none is there twice.
    """

    low: Sequence[int]
    high: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Who is a friend of whom.

    Attributes:
        accounts: how many there are.
        start: the friends of account v are friends[start[v] : start[v + 1]], ascending.
        friends: account numbers.
        most: the most friends that an account has.
    """

    accounts: int
    start: Numbers
    friends: Numbers
    most: int

    def degree(self, account: int) -> int:
        """How many friends the account has."""
        return self.start[account + 1] - self.start[account]

    def of(self, account: int) -> Numbers:
        """The account's friends."""
        return self.friends[self.start[account] : self.start[account + 1]]


def filled(length: int, value: int = 0) -> Numbers:
    """`length` times `value`, in four bytes each."""
    return array("i", [value]) * length


def graph_of(accounts: int, edges: Edges) -> Graph:
    """The graph of `edges`.

    Raises:
        ValueError: an edge is a loop, out of order, there twice, or names no account.
    """
    if len(edges.low) != len(edges.high):
        raise ValueError(f"{len(edges.low)} low ends, {len(edges.high)} high ends")
    degrees = filled(accounts)
    before = (-1, -1)
    for edge in zip(edges.low, edges.high, strict=True):
        low, high = edge
        if not (before < edge and 0 <= low < high < accounts):
            raise ValueError(
                f"friendship {edge} after {before}: wanted ascending, distinct, low < high, "
                f"accounts below {accounts}"
            )
        before = edge
        degrees[low] += 1
        degrees[high] += 1
    start = array("q", accumulate(degrees, initial=0))
    free = start[:]
    friends = filled(start[-1])
    # Ascending edges reach each account's lower friends first, ascending, then its higher ones.
    for low, high in zip(edges.low, edges.high, strict=True):
        at = free[low]
        friends[at] = high
        free[low] = at + 1
        at = free[high]
        friends[at] = low
        free[high] = at + 1
    return Graph(accounts=accounts, start=start, friends=friends, most=max(degrees, default=0))


def edge_numbers(graph: Graph, edges: Edges) -> Numbers:
    """For each entry of graph.friends, the number of the edge that it stands for."""
    free = graph.start[:]
    numbers = filled(len(graph.friends))
    for number, (low, high) in enumerate(zip(edges.low, edges.high, strict=True)):
        for end in (low, high):
            at = free[end]
            numbers[at] = number
            free[end] = at + 1
    return numbers


def by_degree(graph: Graph) -> Numbers:
    """All accounts, fewest friends first, then by number."""
    counts = filled(graph.most + 2)
    for here, after in pairwise(graph.start):
        counts[after - here + 1] += 1
    place = array("i", accumulate(counts))
    order = filled(graph.accounts)
    for account in range(graph.accounts):
        degree = graph.degree(account)
        order[place[degree]] = account
        place[degree] += 1
    return order
