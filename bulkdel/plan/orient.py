"""Chooses for each friendship the side that it is sent from, so that the calls are few.

Two-way, removing a→b and removing b→a are the same deletion, and a call carries up to batch_size
friendships of one account. The fewest calls are NP-hard to find (with a large batch_size they are
a minimum vertex cover), so this comes close in time that is linear but for bounded searches: first
who sends (orient_cover), then what each sends (orient_room), and beside it a bound that no choice
gets below (orient_bound). Past MOST_FRIENDSHIPS see orient_stream.

The same friendships under the same numbers give the same sides, whatever order they came in.
"""

from __future__ import annotations

from dataclasses import dataclass

from bulkdel.plan.orient_bound import senders_needed
from bulkdel.plan.orient_cover import cover
from bulkdel.plan.orient_graph import Edges, graph_of
from bulkdel.plan.orient_room import calls_of, sides

MOST_FRIENDSHIPS = 10_000_000
"""Up to here the graph is worked on in memory: 340 MB and 130 s of CPU for so many, measured."""


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


def orient(accounts: int, edges: Edges, batch_size: int) -> Orientation:
    """Sides for all `edges` between accounts 0 … accounts - 1 that cost few calls.

    Raises:
        ValueError: the edges are not as Edges says, or batch_size is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size {batch_size}: wanted 1 or more")
    graph = graph_of(accounts, edges)
    from_high = bytes(sides(graph, edges, cover(graph), batch_size))
    calls = calls_of(edges, accounts, from_high, batch_size)
    bound = max(senders_needed(graph), -(-len(from_high) // batch_size))
    if not bound <= calls <= len(from_high):
        raise AssertionError(f"{calls} calls, bound {bound}, {len(from_high)} friendships")
    return Orientation(from_high=from_high, calls=calls, bound=bound)
