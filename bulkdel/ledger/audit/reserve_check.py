"""What settlements put in reserve against what the journal holds of it: nothing lost or changed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import orjson

from bulkdel.ledger.reserve import Reserved, everything
from bulkdel.ledger.values import Counters

_MODULUS = 1 << 128


class ReserveCheck:
    """Friendships in reserve, by target: how many, and a sum of hashes that knows each of them.

    Settlements name them in another order than they are kept in, and they are too many to be held.
    """

    def __init__(self, targets: int) -> None:
        self._count = [0] * targets
        self._sum = [0] * targets

    def add(self, rows: Iterable[Reserved]) -> None:
        """Counts these."""
        for row in rows:
            content = hashlib.blake2b(orjson.dumps(tuple(row)), digest_size=16).digest()
            self._count[row.target] += 1
            self._sum[row.target] = (self._sum[row.target] + int.from_bytes(content)) % _MODULUS

    def disagreements(
        self,
        db: sqlite3.Connection,
        names: Sequence[str],
        settled: Sequence[int],
        counters: Sequence[Counters],
    ) -> Iterator[str]:
        """Where the journal holds something else.

        Args:
            db: the journal.
            names: the targets'.
            settled: how many pairs each target's second phase settled, as counted again.
            counters: as the journal has them.
        """
        kept = ReserveCheck(len(names))
        kept.add(row for row in everything(db) if 0 <= row.target < len(names))
        for target, name in enumerate(names):
            put, held = self._count[target], kept._count[target]
            if put != held:
                yield (
                    f"{name}: {put:,} pairs were put in reserve, but {held:,} wait for the second "
                    "phase or are in it"
                )
            elif self._sum[target] != kept._sum[target]:
                yield f"{name}: the pairs in reserve are not those that settlements put there"
        for name, put, done, counter in zip(names, self._count, settled, counters, strict=False):
            if put - done != counter.in_reserve:
                yield (
                    f"{name}: {put - done:,} pairs are in reserve and not settled, but the "
                    f"counter says {counter.in_reserve:,}"
                )
