"""What seeds have found, each as the smallest scenario that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.oracle import complaints
from tests.simulation.people import Friendships
from tests.simulation.scenario import Act, End, Scenario, TargetPlan
from tests.simulation.whole_run import Story, carried_out
from tests.simulation.wire import Roads

_PAIRS = tuple((f"a{number}", "b") for number in range(8))


def plain(*, target: dict[str, Any] | None = None, **changes: Any) -> Story:
    """The story of eight pairs at a calm provider, with these changes."""
    at = {
        "name": "tencent",
        "provider": "tencent",
        "qps": 20.0,
        "max_in_flight": 8,
        "batch_size": 5,
        "roads": Roads(),
    }
    scenario: dict[str, Any] = {
        "seed": 1,
        "two_way": False,
        "sweeps": False,
        "targets": (TargetPlan(**(at | (target or {}))),),
        "people": Friendships(edges=_PAIRS, named=_PAIRS, existing=None),
        "pairs": _PAIRS,
        "max_attempts": 3,
        "base_delay_s": 0.5,
        "max_delay_s": 10.0,
        "timeout_s": 5.0,
        "outage_limit_s": 60.0,
        "max_failure_ratio": None,
        "min_sample": 1,
        "acts": (),
        "healed_s": 0.0,
        "stubborn": False,
        "thread_s": 0.0,
        "real_plan": False,
        "calm": True,
    }
    return carried_out(Scenario(**(scenario | changes)))


@pytest.mark.parametrize("at_ms", range(0, 400, 10))
def test_stopped_while_an_intent_is_written(at_ms: int) -> None:
    """An intent whose call did not leave is taken back, wherever the stop came."""
    story = plain(acts=(Act(end=End.STOPS, at_s=at_ms / 1000),), thread_s=0.04)
    assert complaints(story) == []
    seen = story.sittings[0]
    assert seen.after["tencent"]["calls"] == seen.calls["tencent"]


@pytest.mark.parametrize("at_s", range(5, 75, 10))
def test_stopped_while_it_waits_to_leave_again(at_s: int) -> None:
    """A call whose connection died as it left waits to leave again; a stop does not wait for it."""
    story = plain(
        target={"qps": 0.1, "batch_size": 1, "roads": Roads(dies=0.5)},
        acts=(Act(end=End.STOPS, at_s=float(at_s)),),
    )
    assert complaints(story) == []
