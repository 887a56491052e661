"""What a random sample says of all that it was drawn from: exact binomial, one-sided. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

CONFIDENCE: Final = 0.95
_HALVINGS: Final = 60
_NEGLIGIBLE: Final = 1e-17


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that can remain: were it more, so few would be found in less than 1 of 20 samples.

    Attributes:
        share: of all pairs that were drawn from, 0 … 1.
        pairs: how many of them that is; rounded up, and never more than could be.
    """

    share: float
    pairs: int


def bound_of(population: int, sample: int, bad: int) -> Bound:
    """What a sample bounds.

    Args:
        population: the pairs that it was drawn from.
        sample: how many were drawn, without replacement; at least one.
        bad: how many of them remain, those that could not be asked for included.
    """
    share = largest_share(sample, bad)
    most = math.ceil(share * population)
    return Bound(share=share, pairs=min(max(most, bad), bad + population - sample))


def largest_share(sample: int, bad: int, confidence: float = CONFIDENCE) -> float:
    """The upper Clopper-Pearson bound: the share at which so few `bad` ones have chance 1 - c.

    As if with replacement, so for small populations it says more than there can be, never less.
    """
    if bad >= sample:
        return 1.0
    chance = 1 - confidence
    if bad == 0:
        return -math.expm1(math.log(chance) / sample)
    low, high = bad / sample, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(bad, sample, middle) > chance:
            low = middle
        else:
            high = middle
    return high


def _at_most(bad: int, sample: int, share: float) -> float:
    """The chance of at most `bad` in a sample, for a share that is larger than bad / sample.

    Then each term is smaller than the one for one more, and those that add nothing are left out.
    """
    if not share < 1:
        return 0.0
    log_term = (
        math.lgamma(sample + 1)
        - math.lgamma(bad + 1)
        - math.lgamma(sample - bad + 1)
        + bad * math.log(share)
        + (sample - bad) * math.log1p(-share)
    )
    term = total = 1.0
    for found in range(bad, 0, -1):
        term *= found * (1 - share) / ((sample - found + 1) * share)
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return total * math.exp(log_term)
