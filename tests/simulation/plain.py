"""A scenario by hand: a calm provider, and what a test changes of it."""

from __future__ import annotations

from typing import Any

from tests.simulation.graph import Friendships
from tests.simulation.harness import carried_out
from tests.simulation.history import History
from tests.simulation.network import Links
from tests.simulation.scenario import Scenario, TargetPlan

_PAIRS = tuple((f"a{number}", "b") for number in range(8))


def plain(
    *,
    target: dict[str, Any] | None = None,
    pairs: tuple[tuple[str, str], ...] = _PAIRS,
    **changes: Any,
) -> History:
    """The history of these pairs at a calm provider that has them, with these changes."""
    at: dict[str, Any] = {
        "name": "tencent",
        "provider": "tencent",
        "qps": 20.0,
        "max_in_flight": 8,
        "batch_size": 5,
        "links": Links(),
    }
    scenario: dict[str, Any] = {
        "seed": 1,
        "two_way": False,
        "sweeps": False,
        "targets": (TargetPlan(**(at | (target or {}))),),
        "graph": Friendships(edges=pairs, named=pairs, existing=None),
        "pairs": pairs,
        "max_attempts": 3,
        "base_delay_s": 0.5,
        "max_delay_s": 10.0,
        "timeout_s": 5.0,
        "outage_limit_s": 60.0,
        "max_failure_ratio": None,
        "min_sample": 1,
        "trials": (),
        "healed_s": 0.0,
        "stubborn": False,
        "thread_s": 0.0,
        "real_plan": False,
        "calm": True,
    }
    return carried_out(Scenario(**(scenario | changes)))
