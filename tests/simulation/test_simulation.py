"""Whole runs in virtual time: whatever a seed lets go wrong, every promise is kept.

Any number of seeds: `python -m tests.simulation.run --seeds 0:20000`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.harness import carried_out
from tests.simulation.oracle import complaints
from tests.simulation.run import tried
from tests.simulation.scenario import End, scenario

SEEDS = 300
SIDES_CHOSEN = 16
"""Of them, one whose sides are chosen."""
_TOGETHER = 20
_LIVES = (End.BY_ITSELF, End.STOPS, End.SMALL_LIMIT, End.WRONG_KEY, End.NO_SPACE, End.WRITE_FAILS)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(0, SEEDS, _TOGETHER))
def test_every_promise_is_kept(first: int) -> None:
    """Nothing lost, nothing twice, nothing else, never over the rate, and the books balance."""
    for seed in range(first, first + _TOGETHER):
        _, wrong = tried(seed)
        assert not wrong, f"seed {seed}: {wrong}"


@pytest.mark.parametrize("seed", [4, 11, 24, SIDES_CHOSEN])
def test_a_seed_replays_exactly(seed: int) -> None:
    """The same seed gives the same calls, the same log and the same ledger, byte for byte."""
    first, second = tried(seed)[0], tried(seed)[0]
    assert first is not None
    assert second is not None
    assert first.log == second.log
    assert first.sittings[-1].ledger == second.sittings[-1].ledger
    assert list(map(repr, first.sent.items())) == list(map(repr, second.sent.items()))


@pytest.mark.parametrize("seed", range(1000, 1012))
def test_over_sockets_too(seed: int) -> None:
    """The transport that the simulation stands in for changes nothing."""
    drawn = scenario(seed)
    trials = tuple(trial for trial in drawn.trials if trial.end in _LIVES)
    history = carried_out(replace(drawn, trials=trials), sockets=True)
    assert complaints(history) == []
