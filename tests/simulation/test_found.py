"""What seeds have found, each as the smallest scenario that shows it."""

from __future__ import annotations

import pytest

from tests.simulation.oracle import complaints
from tests.simulation.plain import plain
from tests.simulation.scenario import Act, End
from tests.simulation.wire import Roads


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
