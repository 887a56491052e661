"""How many batches accounts need, counted by their hashes on disk: no account in memory for long.

Accounts with the same 64 bits count as one. That may make a figure smaller by one, no plan.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bulkdel.plan.batches.spill import Spill
from bulkdel.plan.ids import Words


class BatchCount:
    """Counts what accounts send. Several threads may add."""

    def __init__(self, path: Path, *, parts: int) -> None:
        self._spill = Spill(path, parts=parts)

    def close(self) -> None:
        """Lets go of its file."""
        self._spill.close()

    def add(self, hashes: Words) -> None:
        """One pair for each account in `hashes`."""
        self._spill.partition(hashes[:, np.newaxis, np.newaxis], hashes)

    def batches(self, sizes: tuple[int, ...]) -> dict[int, int]:
        """By batch size, the fewest batches that carry what was added."""
        needed = dict.fromkeys(sizes, 0)
        for part in range(self._spill.parts):
            _, counts = np.unique(self._spill.read(part)[:, 0, 0], return_counts=True)
            for size in sizes:
                needed[size] += int((-(-counts // size)).sum())
        return needed
