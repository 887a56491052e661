"""Delays of the growing kind: full jitter under a bound that doubles up to its own bound."""

from __future__ import annotations

from bulkdel.job.job import Retry
from bulkdel.send.delays import Delays

POLICY = Retry(max_attempts=5, base_delay_s=0.5, max_delay_s=1.5, timeout_s=10, outage_limit_s=60)


def test_delays_are_full_jitter_under_a_growing_bound() -> None:
    """Each delay is anywhere between nothing and 0.5, 1, 1.5, 1.5 … seconds."""
    delays = Delays(POLICY)
    for stalls, bound in enumerate([0.5, 1.0, 1.5, 1.5], 1):
        drawn = [delays.growing_s(stalls) for _ in range(200)]
        assert max(drawn) <= bound
        assert max(drawn) > 0.8 * bound
        assert min(drawn) < 0.2 * bound


def test_one_entry_says_nothing_of_another() -> None:
    """After long delays of one entry the next one's first delay is short again."""
    delays = Delays(POLICY)
    assert all(delays.growing_s(9) <= 1.5 and delays.growing_s(1) <= 0.5 for _ in range(200))
