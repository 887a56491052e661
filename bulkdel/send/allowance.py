"""How many more pairs a sitting may settle, over all lanes: `--limit`."""

from __future__ import annotations

import asyncio


class Allowance:
    """Never lets more than `limit` pairs be settled; None is no limit.

    What is taken for a call and not settled by it is given back.
    """

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._out = 0
        self._changed = asyncio.Event()

    @property
    def unlimited(self) -> bool:
        """Whether `take` never waits and gives what it is asked for."""
        return self._left is None

    @property
    def spent(self) -> bool:
        """Whether all that was allowed is settled."""
        return self._left == 0 and self._out == 0

    async def take(self, most: int) -> int:
        """At least one and at most `most` pairs; waits while all that is left is on its way."""
        if self._left is None:
            return most
        while self._left == 0:
            self._changed.clear()
            await self._changed.wait()
        taken = min(most, self._left)
        self._left -= taken
        self._out += taken
        return taken

    def give_back(self, taken: int, settled: int) -> None:
        """A call that had taken `taken` pairs settled `settled` of them."""
        if self._left is None:
            return
        self._out -= taken
        self._left += taken - settled
        self._changed.set()
