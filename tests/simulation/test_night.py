"""A night's run takes seconds, and survives what a night brings."""

from __future__ import annotations

import time

from bulkdel.emulator.faults import Span
from tests.simulation.network import Links
from tests.simulation.oracle import complaints
from tests.simulation.plain import plain
from tests.simulation.scenario import End, Trial

_HOUR_S = 3600.0


def test_eight_hours() -> None:
    """Eight hours with two outages, one longer than outage_limit, a death and a stop."""
    pairs = tuple((f"a{number}", f"b{number % 7}") for number in range(1800))
    began = time.process_time()
    history = plain(
        target={
            "qps": 0.1,
            "batch_size": 1,
            "links": Links(
                outages=(
                    Span(from_s=1 * _HOUR_S, until_s=1.5 * _HOUR_S),
                    Span(from_s=3 * _HOUR_S, until_s=5 * _HOUR_S),
                )
            ),
        },
        pairs=pairs,
        outage_limit_s=_HOUR_S,
        max_delay_s=60.0,
        healed_s=5 * _HOUR_S,
        trials=(Trial(end=End.DIES_AT_CALL, number=300), Trial(end=End.STOPS, at_s=_HOUR_S)),
    )
    assert complaints(history) == []
    assert history.finished
    assert history.virtual_s >= 7 * _HOUR_S
    assert [seen.ends.get("tencent") for seen in history.sittings[:3]] == [None, "stopped", "down"]
    assert time.process_time() - began < 30
