"""Who may be in flight together: never two calls for the same From_Account of a target.

A wide claim goes further, for a batch that met write conflicts again and again: while it is in
flight no other call touches any account of it, from either end. From the moment it waits, calls
that share an account with it queue behind it, so it is never starved.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bulkdel.words import Batch, Entry


@dataclass(eq=False, slots=True)
class Claim:
    """What one call holds while it is in flight."""

    entry: Entry
    wide: bool
    granted: asyncio.Future[None] | None = None
    own: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        if self.wide:
            self.own = frozenset(_accounts(self.entry))

    def meets(self, entry: Entry) -> bool:
        """Whether a wide claim shares an account with `entry`."""
        return not self.own.isdisjoint(_accounts(entry))


class Claims:
    """The accounts of one lane's calls in flight."""

    def __init__(self) -> None:
        self._in_flight: dict[str, Claim] = {}
        self._wide: list[Claim] = []  # in flight and waiting, in the order they came
        self._waiting: dict[Claim, None] = {}

    def take_at_once(self, entry: Entry) -> Claim | None:
        """A claim that is not wide, if `entry` is free: nearly always."""
        claim = Claim(entry, wide=False)
        if not self._free(claim):
            return None
        self._in_flight[entry.from_account] = claim
        return claim

    async def take(self, entry: Entry, *, wide: bool) -> Claim:
        """Wait until `entry` is free: first come, first served among those who can go."""
        claim = Claim(entry, wide)
        if wide:
            self._wide.append(claim)
        if self._free(claim):
            self._in_flight[entry.from_account] = claim
        else:
            await self._wait(claim)
        return claim

    def drop(self, claim: Claim) -> None:
        """The call is over."""
        del self._in_flight[claim.entry.from_account]
        self._leave(claim)

    def _free(self, claim: Claim) -> bool:
        if claim.entry.from_account in self._in_flight:
            return False
        for other in self._wide:
            if other is claim:
                break  # those behind it wait for it
            if other.meets(claim.entry):
                return False
        if not claim.wide:
            return True
        return not any(claim.meets(other.entry) for other in self._in_flight.values())

    async def _wait(self, claim: Claim) -> None:
        claim.granted = asyncio.get_running_loop().create_future()
        self._waiting[claim] = None
        try:
            await claim.granted
        except asyncio.CancelledError:
            if claim in self._waiting:
                del self._waiting[claim]
            else:  # granted and cancelled in the same turn of the loop
                del self._in_flight[claim.entry.from_account]
            self._leave(claim)
            raise

    def _leave(self, claim: Claim) -> None:
        if claim.wide:
            self._wide.remove(claim)
        for waiting in list(self._waiting):
            if self._free(waiting):
                del self._waiting[waiting]
                self._in_flight[waiting.entry.from_account] = waiting
                if waiting.granted is not None and not waiting.granted.done():
                    waiting.granted.set_result(None)


def _accounts(entry: Entry) -> tuple[str, ...]:
    if isinstance(entry, Batch):
        return (entry.from_account, *entry.to_accounts)
    return (entry.from_account,)
