"""Chooses for each friendship the side that it is sent from, so that the calls are few.

Two-way, removing a→b and removing b→a are the same deletion, and a call carries up to batch_size
friendships of one account. The fewest calls are NP-hard to find (with a large batch_size they are
a minimum vertex cover), so this comes close in time that is linear but for bounded searches: first
who sends (senders.py), then what each sends (fill_calls.py), and beside it a bound that no choice
gets below (lower_bound.py). For more friendships than memory holds see streaming_rule.py.

The same friendships under the same numbers give the same sides, whatever order they came in.
"""

from __future__ import annotations

from dataclasses import dataclass

from bulkdel.plan.sides.fill_calls import calls_of, sides
from bulkdel.plan.sides.graph import Edges, graph_of
from bulkdel.plan.sides.lower_bound import senders_needed
from bulkdel.plan.sides.senders import senders_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """The side of each friendship, and what that costs.

    Attributes:
        from_high: one byte a friendship, in the order of the edges: 1 where it is sent from its
            high end, 0 from its low end.
        calls: the sum over accounts of ⌈friendships sent / batch_size⌉.
        bound: no choice of sides costs fewer calls than this.
    """

    from_high: bytes
    calls: int
    bound: int


def orient(accounts: int, edges: Edges, batch_sizes: tuple[int, ...]) -> dict[int, Orientation]:
    """For each batch size, sides for all `edges` that cost few calls.

    Accounts are 0 … accounts - 1. Who sends at all, and the bound on that, are found once.

    Raises:
        ValueError: the edges are not as Edges says, or a batch size is below 1.
    """
    if min(batch_sizes) < 1:
        raise ValueError(f"batch_size {min(batch_sizes)}: wanted 1 or more")
    graph = graph_of(accounts, edges)
    senders = senders_of(graph)
    needed = senders_needed(graph)
    orientations: dict[int, Orientation] = {}
    for size in batch_sizes:
        from_high = bytes(sides(graph, edges, senders, size))
        calls = calls_of(edges, accounts, from_high, size)
        bound = max(needed, -(-len(from_high) // size))
        if not bound <= calls <= len(from_high):
            raise AssertionError(f"{calls} calls, bound {bound}, {len(from_high)} friendships")
        orientations[size] = Orientation(from_high=from_high, calls=calls, bound=bound)
    return orientations
