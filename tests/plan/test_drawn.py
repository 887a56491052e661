"""Accounts drawn from a plan: so many, without replacement, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan.drawn import drawn_accounts
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Errand
from tests.plan.test_beside import planned

ACCOUNTS = [f"account{number:03}" for number in range(200)]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PlanMeta]:
    """Two targets: two hundred accounts with up to three entries each, and five with many."""
    folder = tmp_path_factory.mktemp("drawn") / "verification"
    many = [(name, [f"x{turn}"]) for turn in range(3) for name in ACCOUNTS[: 200 - 50 * turn]]
    few = [(name, [f"x{turn}"]) for turn in range(400) for name in ACCOUNTS[:5]]
    return folder, planned(folder, Errand.ASK, many, few)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 300), seed=st.integers(0, 2**63 - 1))
def test_as_many_as_wanted_or_all(plan: tuple[Path, PlanMeta], count: int, seed: int) -> None:
    """Each target has as many of its own accounts as are wanted, or all that it has."""
    folder, meta = plan
    first, second = drawn_accounts(folder, meta, count, seed)
    assert len(first) == min(count, 200)
    assert first <= set(ACCOUNTS)
    assert len(second) == min(count, 5)
    assert second <= set(ACCOUNTS[:5])


def test_a_seed_draws_the_same_and_others_draw_others(plan: tuple[Path, PlanMeta]) -> None:
    """What is drawn depends on the seed and the accounts alone; more hold what fewer held."""
    folder, meta = plan
    assert drawn_accounts(folder, meta, 20, 1) == drawn_accounts(folder, meta, 20, 1)
    assert drawn_accounts(folder, meta, 20, 1)[0] < drawn_accounts(folder, meta, 40, 1)[0]
    draws = {drawn_accounts(folder, meta, 20, seed)[0] for seed in range(10)}
    assert len(draws) == 10


def test_every_account_is_as_likely(plan: tuple[Path, PlanMeta]) -> None:
    """However many entries an account has: over many seeds each is drawn about as often."""
    folder, meta = plan
    seeds = 60
    counts = dict.fromkeys(ACCOUNTS, 0)
    for seed in range(seeds):
        for name in drawn_accounts(folder, meta, 100, seed)[0]:
            counts[name] += 1
    thrice, once = ACCOUNTS[:100], ACCOUNTS[150:]
    share = sum(counts[name] for name in thrice) / len(thrice) / seeds
    assert abs(share - 0.5) < 0.03
    assert abs(sum(counts[name] for name in once) / len(once) / seeds - 0.5) < 0.05
