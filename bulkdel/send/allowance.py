"""How many more pairs a sitting may settle, shared by its lanes: `--limit`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


def fair_shares(limit: int, rooms: Sequence[int]) -> list[int]:
    """How many of `limit` each lane gets: as even as possible, and none more than it has room for.

    What one has no room for goes to the others; where it is not even, the first ones get one more.
    """
    shares = [0] * len(rooms)
    while limit > 0 and (open_ones := [n for n, room in enumerate(rooms) if shares[n] < room]):
        each, odd = divmod(limit, len(open_ones))
        for at, lane in enumerate(open_ones):
            more = min(each + (each == 0 and at < odd), rooms[lane] - shares[lane])
            shares[lane] += more
            limit -= more
    return shares


class Allowance:
    """Never lets more than `limit` pairs be settled; None is no limit.

    Each lane has a fair share of it. What is taken for a call and not settled by it is given back;
    what a lane that has ended did not use goes to the others.
    """

    def __init__(self, limit: int | None, unsettled: Sequence[int]) -> None:
        """For lanes with so many pairs `unsettled`, in the plan's order."""
        self._unlimited = limit is None
        self._left = fair_shares(limit or 0, unsettled)
        self._out = [0] * len(unsettled)
        self._rooms = [most - share for most, share in zip(unsettled, self._left, strict=True)]
        self._more = [asyncio.Event() for _ in unsettled]

    @property
    def unlimited(self) -> bool:
        """Whether `take` never waits and gives what it is asked for."""
        return self._unlimited

    @property
    def spent(self) -> bool:
        """Whether all that was allowed is settled."""
        return not self._unlimited and not any(self._left) and not any(self._out)

    def waits(self, lane: int) -> bool:
        """Whether a lane has settled its share, and others have not."""
        return not (self._unlimited or self._left[lane] or self._out[lane] or self.spent)

    async def take(self, lane: int, most: int) -> int:
        """At least one and at most `most` pairs; waits while the lane has no more to give out."""
        if self._unlimited:
            return most
        while self._left[lane] == 0:
            self._more[lane].clear()
            await self._more[lane].wait()
        taken = min(most, self._left[lane])
        self._left[lane] -= taken
        self._out[lane] += taken
        return taken

    def give_back(self, lane: int, taken: int, settled: int) -> None:
        """A call that had taken `taken` pairs settled `settled` of them."""
        if self._unlimited:
            return
        self._out[lane] -= taken
        self._add(lane, taken - settled)

    def close(self, lane: int) -> None:
        """A lane has ended, and has no call out: what it did not use is shared by the others."""
        if self._unlimited:
            return
        unused, self._left[lane], self._rooms[lane] = self._left[lane], 0, 0
        for other, more in enumerate(fair_shares(unused, self._rooms)):
            self._rooms[other] -= more
            self._add(other, more)

    def _add(self, lane: int, more: int) -> None:
        self._left[lane] += more
        if self._left[lane]:
            self._more[lane].set()  # nobody else is woken: thousands may wait
