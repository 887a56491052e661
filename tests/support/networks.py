"""Friendships to orient, drawn by a seed: few accounts have many friends, most have few."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable

from bulkdel.plan.sides.graph import Edges


def edges_of(pairs: Iterable[tuple[int, int]]) -> Edges:
    """The distinct friendships among `pairs`, whichever way they are written."""
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    return Edges(
        low=array("I", (low for low, _ in ordered)),
        high=array("I", (high for _, high in ordered)),
    )


def a_network(accounts: int, rows: int, *, seed: int = 1) -> Edges:
    """Some fewer friendships than `rows`: the earlier an account, the more friends it has."""
    draw = random.Random(seed).random
    keys = array("q")
    for _ in range(rows):
        one, two = int(accounts * draw() ** 2.5), int(accounts * draw() ** 1.5)
        if one != two:
            keys.append(min(one, two) * accounts + max(one, two))
    keys = array("q", sorted(set(keys)))
    return Edges(
        low=array("I", (key // accounts for key in keys)),
        high=array("I", (key % accounts for key in keys)),
    )
