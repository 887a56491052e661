"""The breaker: one call opens a lane, an outage is probed, poison is no outage."""

from __future__ import annotations

import pytest

from bulkdel.send.breaker import RUN, Breaker
from bulkdel.send.health import Health


def breaker(**more: float) -> Breaker:
    """At time 0, with delays of 1 s to 60 s."""
    settings = {"now": 0.0, "base_delay_s": 1.0, "max_delay_s": 60.0}
    return Breaker(**{**settings, **more})


def opened() -> Breaker:
    """One whose opening call was accepted."""
    one = breaker()
    assert one.leave()
    one.hear(Health.ACCEPTED, ordinal=0, fresh=True, probe=True, now=0.1)
    return one


def test_opening_lets_one_call_out() -> None:
    """The others wait for the first answer."""
    one = breaker()
    assert one.wait_s(0.0) == 0
    assert one.leave()
    assert one.wait_s(0.0) is None
    one.hear(Health.ACCEPTED, ordinal=0, fresh=True, probe=True, now=0.2)
    assert one.wait_s(0.2) == 0
    assert not one.leave()


@pytest.mark.parametrize("health", [Health.ALIVE, Health.FAILING])
def test_any_answer_that_does_not_refuse_us_opens(health: Health) -> None:
    """A transient code at the very start proves address and credentials."""
    one = breaker()
    one.leave()
    one.hear(health, ordinal=0, fresh=True, probe=True, now=0.2)
    assert one.closed


@pytest.mark.parametrize("health", [Health.SILENT, Health.GATEWAY, Health.ABSENT, Health.ODD])
def test_opening_probes_at_growing_intervals(health: Health) -> None:
    """Without an answer the lane sends one call at a time: 1, 2, 4 … seconds apart."""
    one = breaker()
    now, waits = 0.0, []
    for number in range(4):
        assert one.leave()
        one.hear(health, ordinal=number, fresh=True, probe=True, now=now)
        wait = one.wait_s(now)
        assert wait is not None
        waits.append(wait)
        now += wait
    assert waits == [1, 2, 4, 8]


def test_refused_credentials_may_be_tried_again_at_once() -> None:
    """New credentials go out without a delay, still one call at a time."""
    one = breaker()
    one.leave()
    one.hear(Health.REFUSED, ordinal=0, fresh=True, probe=True, now=0.2)
    assert one.wait_s(0.2) == 0
    assert not one.closed


@pytest.mark.parametrize("health", [Health.SILENT, Health.FAILING, Health.GATEWAY, Health.ABSENT])
def test_a_run_of_failures_of_fresh_entries_opens_it(health: Health) -> None:
    """Ten different entries failing with nothing accepted between them are an outage."""
    one = opened()
    for number in range(RUN):
        assert one.closed
        one.hear(health, ordinal=number, fresh=True, probe=False, now=1.0)
    assert not one.closed
    assert one.wait_s(1.0) == 1.0
    assert one.leave()
    one.hear(Health.ACCEPTED, ordinal=99, fresh=False, probe=True, now=2.0)
    assert one.closed


@pytest.mark.parametrize("health", [Health.SILENT, Health.FAILING])
def test_poison_is_no_outage(health: Health) -> None:
    """Entries that fail again and again never open it, however many they are."""
    one = opened()
    for number in range(100):
        one.hear(health, ordinal=number, fresh=False, probe=False, now=1.0)
    assert one.closed


def test_one_entry_behind_a_bad_gateway_is_no_outage() -> None:
    """A gateway's answer counts once for each entry."""
    one = opened()
    for _ in range(100):
        one.hear(Health.GATEWAY, ordinal=5, fresh=False, probe=False, now=1.0)
    assert one.closed


def test_accepted_calls_between_keep_it_closed() -> None:
    """A provider that fails every second call is not down."""
    one = opened()
    for number in range(100):
        one.hear(Health.SILENT, ordinal=number, fresh=True, probe=False, now=1.0)
        one.hear(Health.ACCEPTED, ordinal=number, fresh=False, probe=False, now=1.0)
    assert one.closed


def test_silence_is_counted_from_the_last_accepted_call() -> None:
    """Or from the start; a lane that was closed meanwhile was not silent."""
    one = breaker()
    assert one.silent_for_s(3600.0) == 3600.0
    one.hear(Health.ACCEPTED, ordinal=0, fresh=True, probe=False, now=1000.0)
    one.hear(Health.ALIVE, ordinal=1, fresh=True, probe=False, now=2000.0)
    assert one.silent_for_s(4599.0) == 3599.0
    one.resume(5000.0)
    assert one.silent_for_s(5001.0) == 1.0


def test_unknown_codes_count_while_opening() -> None:
    """Once anything was understood they say nothing any more."""
    one = breaker()
    for number in range(3):
        one.leave()
        one.hear(Health.ODD, ordinal=number, fresh=True, probe=True, now=1.0)
    assert (one.odd, one.opening) == (3, True)
    one.hear(Health.ALIVE, ordinal=9, fresh=True, probe=False, now=2.0)
    one.hear(Health.ODD, ordinal=10, fresh=True, probe=False, now=2.0)
    assert (one.odd, one.opening) == (0, False)


def test_forgone_probe_frees_the_way() -> None:
    """A probe that did not leave after all lets another go."""
    one = breaker()
    one.leave()
    one.forgo()
    assert one.wait_s(0.0) == 0
