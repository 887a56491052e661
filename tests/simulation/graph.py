"""Who has whom before a run, and which of it the job names."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Final

Edge = tuple[str, str]

_AWKWARD: Final = (
    "007",
    "1e5",
    "null",
    "NA",
    " lead",
    "trail ",
    'q"uote',
    "back\\slash",
    "a,b",
    "x;y",
    "%41&=+?#/",
    "Ünïcødé",
    "好友",
    "🙂",
    "'; DROP TABLE x",
    "a" * 32,
    "<b>",
    "user:1",
    "A",
    "a",
    "é" * 16,
)
_NARROW: Final = ("007", "1e5", "null", " lead", "trail ", "%41&=+?#", "<b>", "user:1", "A", "a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Friendships:
    """The world before a run.

    Attributes:
        edges: (account, friend): the friend is in the account's list.
        named: the pairs that the job is to remove, distinct; (account, "") for a whole list.
        existing: the accounts that the providers know; None means any.
    """

    edges: tuple[Edge, ...]
    named: tuple[Edge, ...]
    existing: frozenset[str] | None


def friendships(rng: random.Random, *, narrow: bool, sweeps: bool) -> Friendships:
    """A small world with hubs, overlaps, one-sided friendships, and some who are named in vain."""
    awkward = list(_NARROW if narrow else _AWKWARD)
    rng.shuffle(awkward)
    accounts = [*awkward[: rng.randrange(len(awkward))]]
    accounts += [f"u{number}" for number in range(rng.choice((3, 6, 12, 30)))]
    rng.shuffle(accounts)
    hubs = accounts[: rng.choice((0, 1, 2))]
    edges: dict[Edge, None] = {}
    wanted = int(2 ** rng.uniform(1, 7.6))
    for _ in range(wanted):
        one = rng.choice(hubs) if hubs and rng.random() < 0.5 else rng.choice(accounts)
        other = rng.choice(accounts)
        if one == other:
            continue
        if rng.random() < 0.4:
            one, other = other, one
        edges[one, other] = None
        if rng.random() < 0.7:
            edges[other, one] = None
    share = rng.choice((1.0, 0.7, 0.4))
    named = {edge: None for edge in edges if rng.random() < share}
    for _ in range(rng.choice((0, 1, 5))):
        one, other = rng.sample(accounts, 2)
        named[one, other] = None
    if sweeps:
        named = {(one, ""): None for one, _ in named}
    if not named:
        named = {(accounts[0], "" if sweeps else accounts[1]): None}
    existing = None
    if rng.random() < 0.3:
        existing = frozenset(account for account in accounts if rng.random() < 0.9)
    order = list(named)
    rng.shuffle(order)
    return Friendships(edges=tuple(edges), named=tuple(order), existing=existing)


def thinned(rng: random.Random, graph: Friendships) -> Friendships:
    """The same job in a world that has fewer of these friendships, or only one side of them."""
    share = rng.choice((0.0, 0.2, 0.6))
    kept = tuple(edge for edge in graph.edges if rng.random() >= share)
    return replace(graph, edges=kept)
