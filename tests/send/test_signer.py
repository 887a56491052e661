"""Credentials: renewed before they expire, and borne with for a while when a provider refuses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bulkdel import load_job, run
from bulkdel.providers.protocol import App, Credentials, Secret
from bulkdel.providers.tencent import TENCENT
from bulkdel.send.breaker import Breaker
from bulkdel.send.health import Health
from bulkdel.send.signer import PATIENCE_S, Signer, next_try_s
from tests.support.refusing import Refusing

APP = App(app_id=1, admin="administrator", secret=Secret("k"))


class Clock:
    """The wall clock, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.now


def test_the_tries_are_few_and_end_with_the_patience() -> None:
    """After 2, 4, 8 and 16 s; the last one is answered when half a minute is over."""
    now = 0.0
    tries: list[float] = []
    while (wait := next_try_s(len(tries) + 1, now)) is not None:
        tries.append(wait)
        now += wait
    assert tries == [2.0, 4.0, 8.0, 16.0]
    assert now == PATIENCE_S


@pytest.mark.parametrize("slow_s", [0.001, 0.5, 3.0, 10.0])
def test_slow_answers_make_no_more_tries(slow_s: float) -> None:
    """However long an answer takes: no wait is nothing, and the patience ends."""
    now, tries = 0.0, 0
    while (wait := next_try_s(tries + 1, now)) is not None:
        assert wait > 0
        tries += 1
        now += wait + slow_s
    assert tries <= 5
    assert now <= PATIENCE_S + slow_s


def refused(signer: Signer, now: float) -> float | None:
    """What is said of the next try, and the refusal itself."""
    wait_s = signer.try_again_s(now)
    signer.refused(now)
    return wait_s


def test_what_was_accepted_is_signed_anew_at_once() -> None:
    """Old credentials are replaced without waiting; the new ones are borne with."""
    signer = Signer(TENCENT, APP, lambda: 0.0)
    signer.accepted(0)
    assert refused(signer, 100.0) == 0.0
    assert (signer.generation, signer.in_doubt) == (1, False)
    assert [refused(signer, at) for at in (100.0, 102.0)] == [2.0, 4.0]
    assert signer.in_doubt
    signer.accepted(signer.generation - 1)  # an answer to a call that left before
    assert signer.in_doubt
    signer.accepted(signer.generation)
    assert not signer.in_doubt
    assert refused(signer, 200.0) == 0.0
    assert [refused(signer, at) for at in (200.0, 230.0)] == [2.0, None]


def test_credentials_are_renewed_when_due() -> None:
    """Once, as the provider says; those that last for ever are not."""
    clock = Clock()
    signer = Signer(TENCENT, APP, clock)
    first = signer.credentials
    assert not signer.renew_if_due()
    clock.now = first.renew_at_s
    assert signer.renew_if_due()
    assert (signer.generation, signer.renew_if_due()) == (1, False)
    assert signer.credentials != first
    signer.credentials = Credentials(token="", renew_at_s=math.inf)
    clock.now = 1e12
    assert not signer.renew_if_due()


def test_alone_lets_one_call_out_at_a_time() -> None:
    """Until one is accepted; and not before its time."""
    breaker = Breaker(now=0.0, base_delay_s=0.5, max_delay_s=60)
    breaker.leave()
    breaker.hear(Health.ACCEPTED, ordinal=0, fresh=True, probe=True, now=0.0)
    breaker.alone(7.0)
    assert breaker.wait_s(5.0) == 2.0
    assert breaker.wait_s(7.0) == 0.0
    assert breaker.leave()
    assert breaker.wait_s(8.0) is None
    breaker.hear(Health.ALIVE, ordinal=1, fresh=True, probe=False, now=8.0)  # of older credentials
    assert not breaker.closed


@pytest.mark.parametrize("code", [70009, 70016, 70001, 70052])
@pytest.mark.parametrize("known_after_s", [0.0, 3.0, 29.0])
async def test_a_key_that_is_known_late_costs_no_run(
    tmp_path: Path, code: int, known_after_s: float
) -> None:
    """All is deleted, by single calls until the provider knows the key."""
    async with Refusing(code, until_s=known_after_s) as provider:
        told = [settled async for settled in run(load_job(provider.job(tmp_path)))]
    assert sum(len(settled.deleted) for settled in told) == provider.rows
    assert provider.refused <= 5
    assert provider.together == (1 if known_after_s else 0)


@pytest.mark.parametrize("code", [70001, 70009])
async def test_credentials_that_are_refused_on_the_way(tmp_path: Path, code: int) -> None:
    """Those in flight are refused together; after that one call at a time asks again."""
    async with Refusing(code, until_s=12.0, since_s=2.0, rows=200) as provider:
        told = [settled async for settled in run(load_job(provider.job(tmp_path)))]
    assert sum(len(settled.deleted) for settled in told) == provider.rows
    assert provider.refused <= provider.in_flight_most + 5


async def test_a_wrong_key_ends_the_lane_within_the_patience(tmp_path: Path) -> None:
    """Five calls in half a minute, then it is the provider's last word."""
    async with Refusing(70009, until_s=math.inf) as provider:
        told = [settled async for settled in run(load_job(provider.job(tmp_path)))]
    assert told == []
    assert provider.refused == provider.calls == 5
    assert PATIENCE_S <= provider.last_s <= PATIENCE_S + 1
    assert '"end":"refused"' in (tmp_path / "run/run.log").read_text()


async def test_a_lock_out_ends_the_lane_at_once(tmp_path: Path) -> None:
    """70050 asks for a minute of silence: no other call would fare better."""
    async with Refusing(70050, until_s=math.inf) as provider:
        assert [settled async for settled in run(load_job(provider.job(tmp_path)))] == []
    assert provider.calls == 1
