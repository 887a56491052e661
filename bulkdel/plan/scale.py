"""How much of an input is worked on at a time, so that planning keeps to the job's memory limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from bulkdel.plan.batches.grouping import GIANT_ROWS, PART_BYTES
from bulkdel.plan.batches.partition import CHUNK
from bulkdel.plan.sides.choose import SidesMemory

_DUCK_LEAST_MB: Final = 128
_BESIDE_DUCK_MB: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is worked on at a time.

    Attributes:
        duck_mb: memory that DuckDB may use.
        chunk: bytes of input.
        part: bytes of input that are grouped together.
        giant: rows of one account beyond which DuckDB sorts it by itself.
        sides: for choosing sides.
    """

    duck_mb: int = 384
    chunk: int = CHUNK
    part: int = PART_BYTES
    giant: int = GIANT_ROWS
    sides: SidesMemory = field(default_factory=SidesMemory)

    @classmethod
    def within(cls, memory_mb: int) -> Self:
        """What `memory_mb` of memory in all allow; 512 at least."""
        return cls(
            duck_mb=max(_DUCK_LEAST_MB, memory_mb - _BESIDE_DUCK_MB),
            sides=SidesMemory.within(memory_mb),
        )
