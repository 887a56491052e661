"""How long a session lasts, and how slices share a target's rate. Pure; times are in seconds.

Two clocks are read and never compared: this machine's, for the fence, and the store's, for the
session. Both count from moments that lie in the right order: the machine's from before a renewal
is sent, the store's from when it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bulkdel.lease.fence import Fence

RENEWALS: Final = 5
"""In a lease, so that a store that is away for half of it goes unnoticed."""
MARGIN: Final = 1 / 30
"""Of a lease and of a timeout: clocks may be 2 % apart, and a call that passed the fence leaves
some microseconds later."""
GRACE_S: Final = 1.0
SECOND_S: Final = 1.05
"""So long after a call at the old rate has left, no second holds it and a call at the new one."""
APPLIED_S: Final = 1.0 + SECOND_S
"""So long after `renew` returned a share, no second holds a call at a higher one."""
IDLE_MOST_S: Final = 10.0
"""A shard that was free for so long is taken by whoever has room, its fair share or not."""
REBALANCE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What follows from the length of a lease and how long a call may take."""

    lease_s: float
    timeout_s: float

    @property
    def renew_s(self) -> float:
        """From one renewal to the next."""
        return self.lease_s / RENEWALS

    @property
    def retry_s(self) -> float:
        """From a renewal that failed to the next."""
        return self.renew_s / 3

    @property
    def patience_s(self) -> float:
        """How long one call to the store may take."""
        return min(5.0, self.renew_s)

    @property
    def grace_s(self) -> float:
        """From the end of a session until its shards are another's.

        The last call of the old owner is then answered, timed out, or dropped by the kernel.
        """
        return self.timeout_s + max(GRACE_S, self.timeout_s * MARGIN)

    def until_s(self, asked_at_s: float) -> float:
        """How long a process may send whose renewal it began to ask for at `asked_at_s`."""
        return asked_at_s + self.lease_s * (1 - MARGIN)


def answered(terms: Terms, fence: Fence, asked_at_s: float, *, renewed: bool) -> None:
    """What an answer of the store means; where there was none, the fence stays where it is.

    A session is never revived: where it was over, this does not return.
    """
    if not renewed:
        fence.end()
    fence.stand_until(terms.until_s(asked_at_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A slice of a target, and the calls/s that go with it.

    Attributes:
        owned: some session owns it. mine: that of the process that asks.
        share: what its owner was told last.
        used: what its owner may still be sending with: never under the share. That of a slice
            without an owner counts until `SECOND_S` after it was let go.
        warm: whether that is not over yet.
    """

    name: str
    owned: bool
    mine: bool
    share: float
    used: float
    warm: bool


def shares(
    ceiling: float, slices: Iterable[Slice], in_force: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """The share and the use of each slice of mine from now on, so that no use adds up to more.

    A share is lowered at once; the use only when the lower share is `in_force`: it was returned
    `APPLIED_S` ago. Only then there is room for the share of another to be raised.
    """
    all_of_them = list(slices)
    uses = {one.name: one.used for one in all_of_them if one.owned or one.warm}
    fair = ceiling / max(1, sum(one.owned for one in all_of_them))
    result: dict[str, tuple[float, float]] = {}
    for one in all_of_them:
        if not one.mine:
            continue
        used = max(one.share, min(one.used, in_force.get(one.name, one.used)))
        others = sum(use for name, use in uses.items() if name != one.name)
        share = min(fair, max(0.0, ceiling - others))
        uses[one.name] = max(share, used)
        result[one.name] = (share, uses[one.name])
    return result
