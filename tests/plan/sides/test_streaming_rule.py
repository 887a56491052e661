"""The rule for networks too large for memory."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan.ids import Words
from bulkdel.plan.sides.cells import Cells
from bulkdel.plan.sides.streaming_rule import Rule
from tests.support.networks import a_network

Pairs = list[tuple[int, int]]
STEP = 0x9E3779B97F4A7C15


def hashes_of(numbers: list[int]) -> Words:
    """64 bits for each account, spread as hashes are."""
    return np.array([(number + 1) * STEP % 2**64 for number in numbers], "<u8")


def rule_for(pairs: Pairs, *, parts: int = 1, most_cells: int = 1 << 20) -> Rule:
    """The rule, having seen `pairs`."""
    first, second = hashes_of([one for one, _ in pairs]), hashes_of([two for _, two in pairs])

    def passes() -> Iterator[tuple[Words, Words]]:
        return zip(np.array_split(first, parts), np.array_split(second, parts), strict=True)

    return Rule(passes, Cells(passes, len(pairs), most_cells=most_cells))


def ruled(pairs: Pairs, *, parts: int = 1, most_cells: int = 1 << 20) -> Pairs:
    """What the rule makes of `pairs`, as (sender, other)."""
    first, second = hashes_of([one for one, _ in pairs]), hashes_of([two for _, two in pairs])
    rule = rule_for(pairs, parts=parts, most_cells=most_cells)
    greater = np.array([one > two for one, two in pairs])
    turned = rule.turned(first, second, greater).tolist()
    return [pair[::-1] if other else pair for pair, other in zip(pairs, turned, strict=True)]


def test_who_is_depended_on_sends() -> None:
    """A star is sent from its middle; of two equal friends the smaller account sends."""
    assert ruled([(1, 5), (5, 2), (3, 5), (9, 8)]) == [(5, 1), (5, 2), (5, 3), (8, 9)]


def test_a_friend_who_sends_anyway_lends_little() -> None:
    """Two middles that are friends send to their leaves; their only common friend never sends."""
    pairs = [(0, 1), *((0, leaf) for leaf in (10, 11)), *((1, leaf) for leaf in (20, 21, 22))]
    pairs += [(30, 0), (30, 1)]
    senders = Counter(one for one, _ in ruled(pairs))
    assert set(senders) == {0, 1}
    assert senders[0] + senders[1] == 8


@pytest.mark.parametrize("parts", [1, 7])
def test_neither_direction_nor_parts_change_a_side(parts: int) -> None:
    """Rows the other way round, and worked on in other parts: every side is the same."""
    edges = a_network(600, 1500)
    pairs = list(zip(edges.low, edges.high, strict=True))
    draw = random.Random(5).random
    other = [pair[::-1] if draw() < 0.5 else pair for pair in pairs]
    assert ruled(other, parts=parts) == ruled(pairs)


def test_far_fewer_senders_than_by_degree() -> None:
    """On a network with hubs the rule saves a tenth beside "the side with more friends sends"."""
    edges = a_network(3000, 9000)
    pairs = list(zip(edges.low, edges.high, strict=True))
    friends = Counter([*edges.low, *edges.high])
    simple = {max(pair, key=lambda account: (friends[account], account)) for pair in pairs}
    assert len({one for one, _ in ruled(pairs)}) < 0.91 * len(simple)


def test_accounts_that_share_a_cell_cost_quality_only() -> None:
    """With far fewer cells than accounts every friendship still has a side, and most are good."""
    edges = a_network(300_000, 150_000)
    pairs = list(zip(edges.low, edges.high, strict=True))
    sent = ruled(pairs, most_cells=50_000)
    assert [set(pair) for pair in sent] == [set(pair) for pair in pairs]
    both = len({end for pair in pairs for end in pair})
    assert len({one for one, _ in sent}) < 0.6 * both


@given(
    pairs=st.sets(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]),
        max_size=16,
    ),
    most_cells=st.sampled_from([3, 1 << 20]),
)
@settings(max_examples=100, deadline=None)
def test_fewer_cannot_send(pairs: set[tuple[int, int]], most_cells: int) -> None:
    """No set of accounts with an end of every friendship is smaller, found by trying all of them.

    Nor if accounts share cells.
    """
    covers = (set(some) for count in range(9) for some in combinations(range(8), count))
    smallest = next(some for some in covers if all(some & set(pair) for pair in pairs))
    needed = rule_for(sorted(pairs), most_cells=most_cells).senders_needed()
    assert bool(pairs) <= needed <= len(smallest)


def test_how_few_can_send_is_known_where_it_is_plain() -> None:
    """Stars need their middles, a ring half of its accounts; near that on a network."""
    stars = [(middle, 100 * middle + leaf) for middle in range(1, 6) for leaf in range(9)]
    assert rule_for(stars).senders_needed() == 5
    assert rule_for([(at, (at + 1) % 10) for at in range(10)]).senders_needed() == 5
    edges = a_network(3000, 9000)
    pairs = list(zip(edges.low, edges.high, strict=True))
    assert rule_for(pairs).senders_needed() > 0.8 * 1460  # what a matching shows


def test_a_bound_is_no_larger_for_rounding() -> None:
    """Two million friends, whose sum in four bytes is inexact, never make a star two senders."""
    hashes = np.arange(1, 2_000_001, dtype="<u8") * np.uint64(STEP)
    middle = np.zeros(len(hashes), "<u8")
    rule = Rule(lambda: [(middle, hashes)], Cells(lambda: [(middle, hashes)], len(hashes)))
    assert rule.senders_needed() == 1
