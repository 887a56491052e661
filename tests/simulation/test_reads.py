"""Every read of journal and plan fails once, in both rounds and in the second phase."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from tests.simulation.harness import carried_out
from tests.simulation.oracle import complaints
from tests.simulation.scenario import End, Scenario, Trial, scenario

MOST: Final = 100
"""More reads than a sitting of any run here has."""


def failing(drawn: Scenario, number: int) -> Scenario:
    """The same run, whose first sitting meets a read that fails, or finds damage."""
    trial = Trial(end=End.READ_FAILS, number=number, damaged=number % 2 == 0)
    return replace(drawn, trials=(trial,), stubborn=False)


@pytest.mark.parametrize(
    ("seed", "oriented"),
    [(10, False), (14, False), (6, True), (16, True)],
    ids=["one lane", "two lanes", "second phase", "two lanes and second phase"],
)
def test_a_failed_read_ends_the_sitting_in_order(seed: int, *, oriented: bool) -> None:
    """Calls in flight are recorded, every lane says how it ended, and the next sitting goes on.

    Where all of a target was settled before the read, its lane has finished.
    """
    drawn = scenario(seed)
    assert drawn.oriented == oriented
    ends = set()
    for number in range(1, MOST):
        history = carried_out(failing(drawn, number))
        assert complaints(history) == [], number
        first = history.sittings[0]
        if first.reads < number:
            break
        assert set(first.ends) == {target.name for target in drawn.targets}, number
        for target, end in first.ends.items():
            assert end in {"finished", "storage"}, (number, first.ends)
            if end == "storage":
                assert first.words[target] == f"read {number} failed"
        ends.add(frozenset(first.ends.values()))
    else:
        pytest.fail("the reads of this run do not end")
    assert frozenset({"storage"}) in ends
    assert (frozenset({"finished"}) in ends) == oriented  # only the last look failed
