"""Sides of friendships: valid always, near the least where that is known."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan.sides.graph import Edges
from bulkdel.plan.sides.search import Orientation, orient
from tests.support.networks import a_network, edges_of

DEMO = Path(__file__).parents[3] / "jobs" / "demo" / "pairs.csv"


def oriented(accounts: int, edges: Edges, batch_size: int) -> Orientation:
    """The sides for this batch size, alone or beside another one."""
    made = orient(accounts, edges, (batch_size,))
    assert orient(accounts, edges, (batch_size + 1, batch_size))[batch_size] == made[batch_size]
    return made[batch_size]


def counted(edges: Edges, made: Orientation, batch_size: int) -> int:
    """The calls of `made`, by a count that shares nothing with the code."""
    assert len(made.from_high) == len(edges.low)
    assert set(made.from_high) <= {0, 1}
    sent = Counter(
        high if side else low
        for low, high, side in zip(edges.low, edges.high, made.from_high, strict=True)
    )
    return sum((count + batch_size - 1) // batch_size for count in sent.values())


def least(edges: Edges, batch_size: int) -> int:
    """The fewest calls, by trying every choice of sides."""
    pairs = list(zip(edges.low, edges.high, strict=True))
    return min(
        sum(-(-count // batch_size) for count in Counter(choice).values())
        for choice in product(*pairs)
    )


@st.composite
def small(draw: st.DrawFn) -> Edges:
    """At most ten friendships of seven accounts."""
    pairs = list(combinations(range(7), 2))
    return edges_of(draw(st.lists(st.sampled_from(pairs), max_size=10)))


@given(edges=small(), batch_size=st.integers(1, 7))
@settings(max_examples=300, deadline=None)
def test_small_graphs_lie_between_bound_and_what_trying_all_finds(
    edges: Edges, batch_size: int
) -> None:
    """The bound is never above the optimum, the calls are as counted and never below it."""
    made = oriented(7, edges, batch_size)
    best = least(edges, batch_size)
    assert made.bound <= best <= made.calls == counted(edges, made, batch_size)
    assert made.calls <= best + 1


@given(
    pairs=st.sets(st.tuples(st.integers(0, 39), st.integers(0, 39)).filter(lambda p: p[0] != p[1])),
    batch_size=st.integers(1, 8),
)
@settings(max_examples=100, deadline=None)
def test_any_graph_is_oriented_whole(pairs: set[tuple[int, int]], batch_size: int) -> None:
    """Calls are as counted, at least the bound, and at most one a friendship."""
    edges = edges_of(pairs)
    made = oriented(40, edges, batch_size)
    assert made.bound <= made.calls == counted(edges, made, batch_size) <= len(edges.low)


STAR = [(0, leaf) for leaf in range(1, 46)]
CLIQUE = list(combinations(range(10), 2))
PATH = [(at, at + 1) for at in range(100)]
RING = [(at, (at + 1) % 9) for at in range(9)]
BIPARTITE = list(product(range(5), range(5, 35)))
PENDANTS = [(0, 1), (1, 2), (0, 2), (0, 3), (1, 4), (2, 5)]


@pytest.mark.parametrize(
    ("pairs", "batch_size", "calls", "bound"),
    [
        ([], 1000, 0, 0),
        (STAR, 1000, 1, 1),  # the middle sends all
        (STAR, 20, 3, 3),  # 20 + 20 + 5
        (CLIQUE, 1000, 9, 9),  # all but one
        (CLIQUE, 5, 9, 9),  # 45 friendships fill nine calls of five
        (PATH, 1000, 50, 50),  # every second account
        (RING, 1000, 5, 5),  # half of nine, rounded up
        (BIPARTITE, 1000, 5, 5),  # the small side
        (BIPARTITE, 20, 10, 8),  # 30 each is two calls each
        (PENDANTS, 1000, 3, 3),  # the triangle's corners, each for its own leaf as well
    ],
)
def test_known_shapes(
    pairs: list[tuple[int, int]], batch_size: int, calls: int, bound: int
) -> None:
    """Stars, cliques, paths, rings and bipartite graphs cost what reasoning says."""
    edges = edges_of(pairs)
    made = oriented(50 if pairs is not PATH else 101, edges, batch_size)
    assert (made.calls, made.bound) == (calls, bound)
    assert counted(edges, made, batch_size) == calls


def test_full_calls_leave_nothing_for_a_second() -> None:
    """What is over is taken by friends who have room: 21 friends, three of them senders."""
    # 0 has 21 friends; 1, 2 and 3 each have two leaves of their own and so send anyway.
    pairs = [(0, friend) for friend in range(1, 22)]
    pairs += [(hub, 20 + 2 * hub + leaf) for hub in (1, 2, 3) for leaf in (0, 1)]
    edges = edges_of(pairs)
    made = oriented(40, edges, 20)
    assert made.calls == counted(edges, made, 20) == 4


def test_room_is_made_along_a_way() -> None:
    """Friendships are passed on where only a friend's friend has room."""
    # Calls of two. 0, 1, 2 and 3 have leaves to send; 0-1, 1-2 and 2-3 can go either way.
    pairs = [(0, 1), (1, 2), (2, 3)]
    pairs += [(0, 10), (0, 11), (1, 12), (2, 13), (3, 14)]
    edges = edges_of(pairs)
    made = oriented(20, edges, 2)
    assert made.calls == counted(edges, made, 2) == least(edges, 2) == 4


def test_senders_share_by_room_from_the_start() -> None:
    """In a dense network, what can go either way goes to who has more room at once.

    Calls of 20: 715; 749 if all of that went to one side, and then what can be saved was saved.
    """
    edges = a_network(1000, 10_000)
    made = oriented(1000, edges, 20)
    assert made.calls == counted(edges, made, 20) < 730


def test_the_demo_network() -> None:
    """Les Misérables: 77 people, 254 friendships. 42 calls suffice; its bound says how close."""
    with DEMO.open(encoding="utf-8", newline="") as file:
        names = [(row["From_Account"], row["To_Account"]) for row in csv.DictReader(file)]
    number = {name: at for at, name in enumerate(sorted({name for pair in names for name in pair}))}
    edges = edges_of((number[one], number[two]) for one, two in names)
    made = oriented(len(number), edges, 1000)
    assert (len(number), len(edges.low)) == (77, 254)
    assert made.calls == counted(edges, made, 1000)
    assert (made.calls, made.bound) == (42, 42)


@pytest.mark.parametrize("batch_size", [1000, 20, 3])
def test_few_calls_on_a_network_with_hubs(batch_size: int) -> None:
    """Far fewer than from the side with more friends, which in turn beats as given."""
    edges = a_network(3000, 9000, seed=batch_size)
    made = oriented(3000, edges, batch_size)
    friends = Counter([*edges.low, *edges.high])
    simple = Counter(
        max(pair, key=lambda account: (friends[account], account))
        for pair in zip(edges.low, edges.high, strict=True)
    )
    by_degree = sum(-(-count // batch_size) for count in simple.values())
    assert made.calls == counted(edges, made, batch_size)
    assert made.calls < 0.97 * by_degree
    assert made.calls < 1.1 * made.bound


def test_the_same_again() -> None:
    """The same friendships give the same sides."""
    edges = a_network(500, 1500)
    assert oriented(500, edges, 20) == oriented(500, edges, 20)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([1, 0], [2, 1]),  # not ascending
        ([0, 0], [1, 1]),  # twice
        ([1], [1]),  # with itself
        ([1], [0]),  # the wrong way round
        ([0], [3]),  # no such account
        ([0], []),  # one end only
    ],
)
def test_other_edges_are_refused(low: list[int], high: list[int]) -> None:
    """An edge twice, or no edge at all, is the caller's mistake and never oriented."""
    with pytest.raises(ValueError, match=r"friendship|ends"):
        orient(3, Edges(low=low, high=high), (20,))


def test_a_call_carries_one_at_least() -> None:
    """No batch size below 1."""
    with pytest.raises(ValueError, match="batch_size 0"):
        orient(3, Edges(low=[0], high=[1]), (20, 0))
