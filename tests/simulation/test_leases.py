"""Leases in virtual time: whatever a seed lets go wrong, no promise is broken; and the judge sees.

Any number of seeds: `python -m tests.simulation.test_leases 0:20000`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Final

import pytest

from bulkdel.lease.terms import Terms
from bulkdel.lease.values import Member
from tests.simulation.leases import Protocol, complaints
from tests.support.lease_model import Model

SEEDS: Final = 100
_TOGETHER: Final = 25
_TELLING: Final = (1, 10, 13, 28, 32, 53, 74, 217, 6252)
"""Seeds that show what is spoilt; where none does any more, one of the first `_ENOUGH` must."""
_ENOUGH: Final = 400


@pytest.mark.parametrize("first", range(0, SEEDS, _TOGETHER))
def test_every_promise_is_kept(first: int) -> None:
    """No overlap, no second over qps, no call after the lease, and every shard ends."""
    for seed in range(first, first + _TOGETHER):
        assert complaints(seed) == [], f"seed {seed}"


class _NoMargin(Terms):
    def until_s(self, asked_at_s: float) -> float:
        return asked_at_s + self.lease_s


class _Revives(Model):
    def renew(self, session: str) -> bool:
        return super().renew(session) or True


class _TakesAtOnce(Model):
    def _remove_sessions(self, host: str) -> None:
        del host
        for name, one in list(self.sessions.items()):
            if one.dead or one.expires < self.now:
                del self.sessions[name]
                self._free(name)


class _NeverRests(Model):
    def _rests(self, member: Member) -> bool:
        del member
        return False


class _RaisesAtOnce(Model):
    """Gives a slice its fair share though another may still send at more than its own."""

    def _shares(
        self,
        member: Member,
        rates: Mapping[str, float],
        in_force: Mapping[str, float],
        before: Mapping[str, float],
    ) -> dict[str, float]:
        del in_force
        slices = {one.row.name: 0.0 for one in self.shards if one.run_id == member.run_id}
        return super()._shares(member, rates, slices, before)


SPOILT: Final[Mapping[str, Protocol]] = {
    "no grace": Protocol(model=_TakesAtOnce),
    "no margin": Protocol(terms=_NoMargin),
    "a session that is over goes on": Protocol(model=_Revives, reads_epochs=False),
    "the clock is read after the answer": Protocol(read_late=True),
    "epochs are not read": Protocol(reads_epochs=False),
    "stopped after asking, and no deadline": Protocol(without_deadline=True),
    "goes on at once": Protocol(goes_on_at_once=True),
    "an old share is heard": Protocol(hears_old_shares=True),
    "no rest after a failover": Protocol(model=_NeverRests),
    "a share is raised too early": Protocol(model=_RaisesAtOnce),
}
"""What the judge must see, so that what it does not see is worth something."""


@pytest.mark.parametrize("spoilt", SPOILT)
def test_the_judge_sees_it(spoilt: str) -> None:
    """Each part of the protocol is needed: without it, a seed of a few breaks a promise."""
    assert any(complaints(seed, SPOILT[spoilt]) for seed in (*_TELLING, *range(_ENOUGH)))


def _try_all(seeds: Iterable[int]) -> int:
    failing = {seed: wrong for seed in seeds if (wrong := complaints(seed))}
    for seed, wrong in failing.items():
        sys.stdout.write(f"{seed}: {wrong[0]}\n")
    return len(failing)


if __name__ == "__main__":
    _first, _, _last = sys.argv[1].partition(":")
    sys.exit(min(1, _try_all(range(int(_first), int(_last)))))
