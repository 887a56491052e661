"""The emulator inside the process: its world is what the plan was made of, less what is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.ledger.history import open_history
from bulkdel.plan.entries import TURNED
from bulkdel.plan.read import PlanReader
from bulkdel.runs.stand_in import world_of
from bulkdel.words import Mode, Orient
from tests.support import front
from tests.support.ledger import deleted, intent, open_journal, tick
from tests.support.plans import write_batches

A0, A1, A2 = ("a0", "b0-0"), ("a1", "b1-0"), ("a1", "b1-1")


def pairs(run_dir: Path, orient: Orient, *, other: str, mode: Mode, done: bool) -> set[object]:
    """The world of a plan with a batch of a0 and one of a1, the latter settled or not."""
    write_batches(run_dir, ("a0", [other]), ("a1", ["b1-0", "b1-1"]))
    job = front.job(front.tencent(), mode=mode, orient=orient)
    meta = front.plan(job, front.books(read=3, pairs=3), {"tencent": 2})
    with open_journal(run_dir) as journal, PlanReader(run_dir, meta) as plan:
        if done:
            tick(journal, intent(1))
            tick(journal, deleted(1))
        with open_history(run_dir) as history:
            return set(world_of(mode, meta.shares[0], plan, history).pairs())


@pytest.mark.parametrize("mode", Mode)
def test_as_given_it_holds_the_rows(tmp_path: Path, mode: Mode) -> None:
    """Where every pair goes from its From_Account, the world holds just what the input says."""
    held = pairs(tmp_path, Orient.AS_GIVEN, other="b0-0", mode=mode, done=False)
    assert held == {A0, A1, A2}


@pytest.mark.parametrize("other", ["b0-0", "b0-0" + TURNED])
@pytest.mark.parametrize("done", [False, True])
def test_chosen_sides_are_mutual(tmp_path: Path, other: str, done: bool) -> None:
    """Where sides were chosen both accounts have each other, however the input names the pair.

    What is settled is gone from both lists.
    """
    held = pairs(tmp_path, Orient.FEWEST_CALLS, other=other, mode=Mode.TWO_WAY, done=done)
    left = {A0} if done else {A0, A1, A2}
    assert held == left | {(b, a) for a, b in left}


def test_what_is_settled_is_gone(tmp_path: Path) -> None:
    """A later sitting finds the friendships gone that an earlier one settled."""
    held = pairs(tmp_path, Orient.AS_GIVEN, other="b0-0", mode=Mode.ONE_WAY, done=True)
    assert held == {A0}
