"""The adaptive rate, in closed loop with servers of three kinds whose limit falls and returns."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bulkdel.send.rate import Rate

FALL_S, BACK_S, END_S = 20.0, 320.0, 420.0


@dataclass
class WholeSeconds:
    """Counts calls in each whole second."""

    counts: Counter[int] = field(default_factory=Counter)

    def takes(self, now: float, limit: float) -> bool:
        """Whether a call at `now` is under the limit."""
        if self.counts[int(now)] >= limit:
            return False
        self.counts[int(now)] += 1
        return True


@dataclass
class AnySecond:
    """Counts the calls of the last second."""

    taken: deque[float] = field(default_factory=deque)

    def takes(self, now: float, limit: float) -> bool:
        """Whether a call at `now` is under the limit."""
        while self.taken and self.taken[0] <= now - 1:
            self.taken.popleft()
        if len(self.taken) >= limit:
            return False
        self.taken.append(now)
        return True


@dataclass
class Tokens:
    """A bucket that holds a second's worth."""

    level: float = 0.0
    at: float = 0.0

    def takes(self, now: float, limit: float) -> bool:
        """Whether a call at `now` is under the limit."""
        self.level = max(0.0, self.level - (now - self.at) * limit)
        self.at = now
        if self.level + 1 > max(limit, 1):
            return False
        self.level += 1
        return True


Server = WholeSeconds | AnySecond | Tokens


def calls(server: Server, *, ceiling: float, limit: float) -> list[tuple[float, bool]]:
    """Every call's time and whether it was taken, with answers 20 to 300 ms later."""
    rng = random.Random(1)
    rate = Rate(ceiling)
    now, resumed_at, held_at, row = rng.random(), float("-inf"), float("-inf"), 0
    answers: list[tuple[float, float, bool]] = []
    made: list[tuple[float, bool]] = []
    while now < END_S:
        while answers and answers[0][0] <= now:
            at, left_at, taken = heapq.heappop(answers)
            if taken:
                row = 0
            elif left_at > held_at:
                since = max(resumed_at, left_at - 1)
                counted = sum(1 for one, _ in made[-int(ceiling) - 2 :] if since <= one < left_at)
                held_at, resumed_at = at, at + 2**row
                row += 1
                rate.throttled(left_at, counted, resumes_at=resumed_at)
        if now < resumed_at:
            now = min(resumed_at, answers[0][0] if answers else resumed_at) + 1e-9
            continue
        taken = server.takes(now, limit if FALL_S <= now < BACK_S else ceiling + 1)
        made.append((now, taken))
        heapq.heappush(answers, (now + rng.uniform(0.02, 0.3), now, taken))
        now += 1 / rate.at(now)
    return made


@pytest.mark.parametrize("server", [WholeSeconds, AnySecond, Tokens])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.25, 0.1])
@pytest.mark.parametrize("ceiling", [20.0, 200.0, 1000.0])
def test_it_finds_any_limit_and_the_ceiling_again(
    ceiling: float, share: float, server: Callable[[], Server]
) -> None:
    """It settles in seconds within a tenth below the limit, hardly throttled; then comes back."""
    limit = ceiling * share
    made = calls(server(), ceiling=ceiling, limit=limit)
    throttled = [at for at, taken in made if not taken and FALL_S <= at < BACK_S]
    settled_at = FALL_S
    for at in throttled:
        if at - settled_at > 5:
            break
        settled_at = at
    steady = [taken for at, taken in made if FALL_S + 60 <= at < BACK_S]
    assert settled_at - FALL_S < 15
    assert sum(steady) / (BACK_S - FALL_S - 60) >= 0.88 * limit
    if limit >= 5:  # below it one call is more than a hundredth of a minute's
        assert steady.count(False) < 0.01 * len(steady)
    assert steady.count(False) < 0.02 * len(steady)
    back = [at for at, _ in made if at >= BACK_S + 60]
    assert len(back) / (END_S - BACK_S - 60) >= 0.97 * ceiling


def test_it_does_not_oscillate() -> None:
    """Once settled, the calls of each second stay within a fifth of the limit, above it never."""
    made = calls(AnySecond(), ceiling=200, limit=100)
    seconds = Counter(int(at) for at, taken in made if taken and 120 <= at < 300)
    holds = [count for count in seconds.values() if count < 80]
    assert max(seconds.values()) <= 101
    assert len(holds) <= 10  # a hold of a second now and then, when the climb finds the limit


def test_never_above_the_ceiling_and_never_nothing() -> None:
    """However often it is throttled, it keeps a least rate, from which it climbs again."""
    rate = Rate(100)
    for number in range(200):
        rate.throttled(number * 1.0, 0, resumes_at=number * 1.0 + 0.5)
        assert 0.5 <= rate.at(number * 1.0 + 0.5) <= 100
    assert rate.at(1e6) == 100
