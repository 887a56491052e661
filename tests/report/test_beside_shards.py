"""What runs beside a run's shards have done is told as if it were one run beside the whole."""

from __future__ import annotations

from dataclasses import replace

from bulkdel.ledger.history import CodeCount
from bulkdel.ledger.values import Counters
from bulkdel.plan.values import Origin
from bulkdel.report.beside import SideStatus, SideTarget, together
from bulkdel.words import Errand

ORIGIN = Origin(plan_digest="d", whole_lists=False, sample=10, seed=7)


def side(folder: str, *targets: tuple[str, int, int, int], at_work: bool = False) -> SideStatus:
    """A verification of targets: name, population, pairs asked for, and of those how many gone."""
    return SideStatus(
        folder=folder,
        errand=Errand.ASK,
        origin=replace(ORIGIN, population=tuple(population for _, population, _, _ in targets)),
        targets=tuple(
            SideTarget(name=name, pairs=pairs, counters=Counters(deleted=gone, calls=1))
            for name, _, pairs, gone in targets
        ),
        failed=tuple(CodeCount(target=one[0], code=9, info="no", pairs=1) for one in targets),
        began_ms=1000 if at_work else 500,
        ended_ms=2000,
        at_work=at_work,
    )


def test_slices_of_a_target_are_summed_and_targets_stand_in_the_run_s_order() -> None:
    """One target a name, however many shards send it: its pairs, population, calls and codes."""
    whole = together(
        [
            side("verification", ("big", 30, 4, 4)),
            side("verification", ("big", 70, 6, 5), at_work=True),
            side("verification", ("a", 8, 8, 8), ("b", 5, 5, 5)),
        ],
        ["a", "big", "never", "b"],
    )
    assert [one.name for one in whole.targets] == ["a", "big", "b"]
    assert whole.origin.population == (8, 100, 5)
    big = whole.targets[1]
    assert (big.pairs, big.counters.deleted, big.counters.calls, big.unsettled) == (10, 9, 2, 1)
    assert (whole.pairs, whole.unsettled, whole.is_part) == (23, 1, True)
    assert (whole.began_ms, whole.ended_ms, whole.state) == (500, 2000, "running")
    assert [(one.target, one.pairs) for one in whole.failed] == [("big", 2), ("a", 1), ("b", 1)]
    assert (whole.origin.sample, whole.origin.seed) == (10, 7)


def test_a_run_that_is_not_cut_is_told_as_it_is() -> None:
    """One part alone is not changed."""
    alone = side("backup", ("a", 3, 3, 3))
    assert together([alone], ["a"]) is alone
