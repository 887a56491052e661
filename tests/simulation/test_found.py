"""What seeds have found, each as the smallest scenario that shows it."""

from __future__ import annotations

import pytest

from tests.simulation.network import Links
from tests.simulation.oracle import complaints
from tests.simulation.plain import plain
from tests.simulation.scenario import End, Trial


@pytest.mark.parametrize("at_ms", range(0, 400, 10))
def test_stopped_while_an_intent_is_written(at_ms: int) -> None:
    """An intent whose call did not leave is taken back, wherever the stop came."""
    history = plain(trials=(Trial(end=End.STOPS, at_s=at_ms / 1000),), thread_s=0.04)
    assert complaints(history) == []
    seen = history.sittings[0]
    assert seen.after["tencent"]["calls"] == seen.calls["tencent"]


@pytest.mark.parametrize("at_s", range(5, 75, 10))
def test_stopped_while_it_waits_to_leave_again(at_s: int) -> None:
    """A call whose connection died as it left waits to leave again; a stop does not wait for it."""
    history = plain(
        target={"qps": 0.1, "batch_size": 1, "links": Links(dies=0.5)},
        trials=(Trial(end=End.STOPS, at_s=float(at_s)),),
    )
    assert complaints(history) == []


@pytest.mark.parametrize("at_ms", range(100, 2100, 100))
def test_stopped_while_it_connects_again(at_ms: int) -> None:
    """Such a call does not leave after the stop, although the pace would let it go at once."""
    history = plain(
        target={"qps": 20.0, "batch_size": 1, "links": Links(dies=0.5, connect_s=2.0)},
        trials=(Trial(end=End.STOPS, at_s=at_ms / 1000),),
    )
    assert complaints(history) == []


@pytest.mark.parametrize("seed", [1, 14, 15])
def test_a_limit_ends_a_sitting_whose_connections_die(seed: int) -> None:
    """A call that could not connect again after its connection had died does not outlive a stop."""
    history = plain(
        seed=seed,
        target={
            "qps": 5.0,
            "batch_size": 2,
            "max_in_flight": 4,
            "links": Links(refused=0.3, dies=0.3),
        },
        trials=(Trial(end=End.SMALL_LIMIT, limit=3),),
        max_attempts=8,
    )
    assert complaints(history) == []
    assert history.sittings[0].ends == {"tencent": "limit"}


@pytest.mark.parametrize("at_s", [1.0, 5.0, 9.0])
def test_a_stop_does_not_wait_for_a_retry(at_s: float) -> None:
    """The same call waits for its next try like any other: a stop ends that wait."""
    history = plain(
        seed=3,
        target={"qps": 2.0, "batch_size": 1, "links": Links(refused=0.5, dies=0.5)},
        trials=(Trial(end=End.STOPS, at_s=at_s),),
        base_delay_s=30.0,
        max_delay_s=60.0,
        outage_limit_s=9000.0,
    )
    assert complaints(history) == []
    assert history.sittings[0].ends == {"tencent": "stopped"}


@pytest.mark.parametrize(
    "pairs", [(("a", "b"),), (("a", "b"), ("b", "a")), (("a", "b"), ("a", "c"))]
)
def test_sides_are_chosen_where_all_stay_as_given(pairs: tuple[tuple[str, str], ...]) -> None:
    """A plan in which no friendship is better sent from its other side is a plan like any other."""
    history = plain(pairs=pairs, two_way=True, oriented=True, real_plan=True)
    assert complaints(history) == []
    assert history.finished
    assert len(history.sent["tencent"]) == 1
