"""The side that each friendship is sent from, for every batch size.

Few enough friendships: their graph is searched in memory (see search.py), for each batch size by
itself. More of them, or two accounts that their hashes do not tell apart: a rule that streams (see
streaming_rule.py), the same for every batch size.

Neither knows which side the input names. Where that is cheaper as it stands, a friendship that is
named from one side only is sent from there: so there are never more batches than as given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from bulkdel.plan.ids import Flags, Words
from bulkdel.plan.sides.batch_count import BatchCount
from bulkdel.plan.sides.cells import MOST_BITS, MOST_CELLS, Cells
from bulkdel.plan.sides.friendships import Ends, Friendships
from bulkdel.plan.sides.numbers import numbered
from bulkdel.plan.sides.search import orient
from bulkdel.plan.sides.streaming_rule import Rule

_MB: Final = 1_000_000
_BESIDE_SEARCH_MB: Final = 120
_BESIDE_RULE_MB: Final = 400
_FRIENDSHIP_BYTES: Final = 62
"""Measured: 736 MB for 10 M friendships, 120 MB for a few."""
_CELL_BYTES: Final = 12
_EIGHT_BITS_BYTES: Final = 1.5


Turned = Callable[[Ends, int], Flags]
"""Whether friendships are sent from their second account. They are given as their ends, and the
place of the first of them among all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesMemory:
    """What choosing sides may hold in memory; of a Scale, all that a plan depends on.

    Attributes:
        friendships: up to so many, sides are searched for. Planning 10 M with two batch sizes took
            140 s of processor time and 740 MB (measured), and found 5 % fewer calls on that network
            than the rule for more of them, which took 26 s and 370 MB; ten minutes of sending at
            200 calls/s, say.
        bits, cells: for the rule that takes more of them, see Cells.
    """

    friendships: int = 10_000_000
    bits: int = MOST_BITS
    cells: int = MOST_CELLS

    @classmethod
    def within(cls, memory_mb: int) -> Self:
        """What `memory_mb` allow, and no more than pays."""
        most = cls()
        search = (memory_mb - _BESIDE_SEARCH_MB) * _MB // _FRIENDSHIP_BYTES
        rule = (memory_mb - _BESIDE_RULE_MB) * _MB
        bits = 1 << int(rule / 2 * 8 / _EIGHT_BITS_BYTES).bit_length() - 1
        left = rule - int(bits / 8 * _EIGHT_BITS_BYTES)
        return cls(
            friendships=min(most.friendships, search),
            bits=min(most.bits, bits),
            cells=min(most.cells, left // _CELL_BYTES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Sides for some batch sizes; `least` is how few batches of each size there can be at all."""

    turned: Turned
    least: dict[int, int]


def choose(
    friendships: Friendships, as_given: dict[int, int], count: BatchCount, memory: SidesMemory
) -> list[Choice]:
    """Sides for each batch size that `as_given` names with its number of batches.

    `count` is an empty one.
    """
    if len(friendships) <= memory.friendships and (choices := _searched(friendships, as_given)):
        return choices
    return _ruled(friendships, as_given, count, memory)


def _searched(friendships: Friendships, as_given: dict[int, int]) -> list[Choice]:
    """By the search; nothing where hashes do not tell accounts apart."""
    first, second = (np.empty(len(friendships), "<u8") for _ in range(2))
    both = np.empty(len(friendships), np.bool_)
    at = 0
    for ends in friendships.ends():
        end = at + len(ends)
        first[at:end], second[at:end], both[at:end] = ends.T[:3]
        at = end
    network = numbered(first, second)
    if network is None:
        return []
    del first, second
    choices = []
    for size, orientation in orient(network.accounts, network.edges, tuple(as_given)).items():
        turned = network.turned(orientation.from_high)
        if orientation.calls > as_given[size]:
            turned &= both
        choices.append(Choice(turned=_looked_up(turned), least={size: orientation.bound}))
    return choices


def _looked_up(turned: Flags) -> Turned:
    return lambda ends, at: turned[at : at + len(ends)]


def _ruled(
    friendships: Friendships, as_given: dict[int, int], count: BatchCount, memory: SidesMemory
) -> list[Choice]:
    """By the rule; where it costs more than the input as given, only where the input is free."""

    def hashes() -> Iterator[tuple[Words, Words]]:
        return ((ends[:, 0], ends[:, 1]) for ends in friendships.ends())

    cells = Cells(hashes, len(friendships), most_bits=memory.bits, most_cells=memory.cells)
    rule = Rule(hashes, cells)
    for ends in friendships.ends():
        count.add(np.where(_by_rule(rule, ends), ends[:, 1], ends[:, 0]))
    needed = count.batches(tuple(as_given))
    senders = rule.senders_needed()
    least = {size: max(senders, -(-len(friendships) // size)) for size in as_given}
    good = {size: least[size] for size in as_given if needed[size] <= as_given[size]}
    rest = {size: least[size] for size in as_given if size not in good}
    choices = [
        Choice(turned=lambda ends, _: _by_rule(rule, ends), least=good),
        Choice(turned=lambda ends, _: _by_rule(rule, ends) & (ends[:, 2] != 0), least=rest),
    ]
    return [choice for choice in choices if choice.least]


def _by_rule(rule: Rule, ends: Ends) -> Flags:
    return rule.turned(ends[:, 0], ends[:, 1], ends[:, 3] != 0)
