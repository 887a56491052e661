"""How much of an input is worked on at a time, so that planning keeps to the job's memory limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from bulkdel.plan.batches.grouping import GIANT_ROWS, PART_BYTES
from bulkdel.plan.batches.partition import CHUNK
from bulkdel.plan.sides.cells import MOST_BITS, MOST_CELLS

_MB: Final = 1_000_000
_DUCK_LEAST_MB: Final = 128
_BESIDE_DUCK_MB: Final = 600
_BESIDE_SEARCH_MB: Final = 120
_BESIDE_RULE_MB: Final = 400
_FRIENDSHIP_BYTES: Final = 62
"""Measured: 736 MB for 10 M friendships, 120 MB for a few."""
_CELL_BYTES: Final = 12
_EIGHT_BITS_BYTES: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What choosing sides may hold in memory; the only thing here that a plan depends on.

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
class Scale:
    """How much is worked on at a time.

    Attributes:
        duck_mb: memory that DuckDB may use.
        chunk: bytes of input.
        part: bytes of input that are grouped together.
        giant: rows of one account beyond which DuckDB sorts it by itself.
        room: for choosing sides.
    """

    duck_mb: int = 384
    chunk: int = CHUNK
    part: int = PART_BYTES
    giant: int = GIANT_ROWS
    room: Room = Room()

    @classmethod
    def within(cls, memory_mb: int) -> Self:
        """What `memory_mb` of memory in all allow; 512 at least."""
        return cls(
            duck_mb=max(_DUCK_LEAST_MB, memory_mb - _BESIDE_DUCK_MB), room=Room.within(memory_mb)
        )
