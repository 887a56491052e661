"""What a sample bounds: figures that are printed in books, and the definition itself."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.report.bound import CONFIDENCE, bound_of, largest_share


@pytest.mark.parametrize(
    ("bad", "sample"), list(enumerate([59, 93, 124, 153, 181, 208, 234, 260, 286, 311]))
)
def test_wilks_sample_sizes(bad: int, sample: int) -> None:
    """The published sizes at which so many bad ones just bound the share by 5% at 95%."""
    assert largest_share(sample, bad) <= 0.05 < largest_share(sample - 1, bad)


@pytest.mark.parametrize("sample", [100, 1000, 100_000, 10_000_000])
def test_the_rule_of_three(sample: int) -> None:
    """Where none is found, about three of as many could be."""
    assert largest_share(sample, 0) == pytest.approx(3 / sample, rel=0.03)
    assert largest_share(sample, 0) == pytest.approx(2.9957 / sample, rel=0.015)


@pytest.mark.parametrize(
    ("bad", "sample", "share"), [(0, 10, 0.2589), (1, 10, 0.3942), (5, 10, 0.7776), (9, 10, 0.9949)]
)
def test_printed_clopper_pearson_limits(bad: int, sample: int, share: float) -> None:
    """The upper ends of two-sided 90% intervals, as tables have them."""
    assert largest_share(sample, bad) == pytest.approx(share, abs=6e-5)


@given(sample=st.integers(1, 60), data=st.data())
def test_the_definition(sample: int, data: st.DataObject) -> None:
    """At the bound the chance of so few is one in twenty, counted exactly."""
    bad = data.draw(st.integers(0, sample - 1))
    share = Fraction(largest_share(sample, bad))
    chance = sum(
        math.comb(sample, k) * share**k * (1 - share) ** (sample - k) for k in range(bad + 1)
    )
    assert float(chance) == pytest.approx(1 - CONFIDENCE, rel=1e-6)


@given(sample=st.integers(1, 10**7), data=st.data())
def test_it_never_says_less_than_was_found(sample: int, data: st.DataObject) -> None:
    """Neither share nor pairs; more found or fewer asked says no less; quick at any size."""
    bad = data.draw(st.integers(0, sample))
    population = sample + data.draw(st.integers(0, 10**7))
    share = largest_share(sample, bad)
    assert bad / sample <= share <= 1
    assert share <= largest_share(sample, min(sample, bad + 1))
    bound = bound_of(population, sample, bad)
    assert bad <= bound.pairs <= bad + population - sample
    assert bound.pairs >= min(share * population, bad + population - sample)


def test_all_that_there_is() -> None:
    """Where nothing is left to chance, what was found is what there is."""
    assert bound_of(100, 100, 3).pairs == 3
    assert bound_of(100, 99, 0).pairs == 1
    assert largest_share(5, 5) == 1
