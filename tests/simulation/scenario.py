"""From a seed to a scenario: the job, the friendships, what goes wrong, and how each sitting ends.

Everything is decided here and written down as values; nothing later on draws what to do.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faults import Span
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.limits import RateLimit
from bulkdel.emulator.wire import EmulatedApp
from bulkdel.emulator.world import ReverseOnly, World
from tests.simulation.disk import Point
from tests.simulation.faults import fault_of, habits_of, limit_of
from tests.simulation.graph import Edge, Friendships, friendships, thinned
from tests.simulation.network import Links

SECRET: Final = "hush-a-secret-of-thirty-two-char"
WRONG_SECRET: Final = "wrong-secret-of-thirty-two-chars"


ORIENTED: Final = 0.4
"""Of the runs that delete pairs two-way, how many have their sides chosen."""
CALM: Final = 0.15
"""Of those, in how many nothing goes wrong."""
LONG_S: Final = 1000.0
"""Trouble that is called long, in seconds."""


class End(StrEnum):
    """How a sitting ends, if not by itself."""

    BY_ITSELF = "by itself"
    DIES_AT_TURN = "dies at a turn of the loop"
    DIES_AT_CALL = "dies as a call leaves"
    DIES_IN_WRITE = "dies in a write"
    STOPS = "is stopped"
    STOPS_AND_DIES = "is stopped twice"
    WRITE_FAILS = "a write fails"
    READ_FAILS = "a read fails"
    NO_SPACE = "the disk fills up"
    WRONG_KEY = "has the wrong key"
    SMALL_LIMIT = "has a limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One sitting.

    Attributes:
        pause_s: virtual seconds since the one before.
        at_s: when it is stopped, or the disk fills up; virtual seconds from its start.
        grace_s: from a first signal to the second.
        number: of the turn, call or tick at which it dies, or of the read that fails.
        damaged: whether that read finds damage, and not a disk that cannot be read.
        skews: (from second, by how many seconds this machine's clock is off), from its start.
        limit: pairs.
    """

    end: End
    pause_s: float = 0.0
    at_s: float = 0.0
    grace_s: float = 0.0
    number: int = 0
    damaged: bool = False
    point: Point = Point.COMMIT
    torn: float = 0.0
    skews: tuple[tuple[float, float], ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlan:
    """One target as the job file would say it, and its pairs cut into entries."""

    name: str
    provider: str
    qps: float
    max_in_flight: int
    batch_size: int
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that one seed decides.

    Attributes:
        pairs: what is to be removed, (From, To); (From, "") where whole lists are cleared.
        trials: the sittings in which something happens; those that follow end by themselves.
        healed_s: from then on nothing goes wrong but what never will go right, virtual seconds.
        stubborn: whether some pairs can never be settled.
        thread_s: the longest that a write or a read of the disk takes.
        real_plan: whether the plan is made from files.
        calm: whether nothing goes wrong at the providers.
        oriented: whether the planner chooses the side that each friendship is sent from.
    """

    seed: int
    two_way: bool
    sweeps: bool
    targets: tuple[TargetPlan, ...]
    graph: Friendships
    pairs: tuple[Edge, ...]
    max_attempts: int
    base_delay_s: float
    max_delay_s: float
    timeout_s: float
    outage_limit_s: float
    max_failure_ratio: float | None
    min_sample: int
    trials: tuple[Trial, ...]
    healed_s: float
    stubborn: bool
    thread_s: float
    real_plan: bool
    calm: bool = False
    oriented: bool = False

    @property
    def units(self) -> tuple[Edge, ...]:
        """What has a line each: the pairs, or the friendships as the first row names them."""
        if not self.oriented:
            return self.pairs
        first = {frozenset(pair): pair for pair in reversed(self.pairs)}
        return tuple(pair for pair in self.pairs if first[frozenset(pair)] == pair)

    def emulated(self, target: TargetPlan) -> Emulated:
        """The target's provider, new."""
        rng = random.Random(f"{self.seed}/{target.name}/weather")
        world = World(existing=self.graph.existing)
        world.befriend(self.graph.edges)
        app = EmulatedApp(app_id=1400000000, secret=SECRET)
        if self.calm:
            kind = rng.choice(tuple(ReverseOnly)) if self.oriented else ReverseOnly.KEEP
            habits = Habits(reverse_only=kind)
            return Emulated(
                target.provider,
                app=app,
                world=world,
                limit=RateLimit(ceiling=math.ceil(target.qps)),
                habits=habits,
                seed=self.seed,
            )
        fault = fault_of(
            rng,
            target.provider,
            sweeps=self.sweeps,
            healed_s=self.healed_s,
            timeout_s=self.timeout_s,
            ids=sorted({one for pair in self.pairs for one in pair[1 - self.oriented :]}),
            stubborn=self.stubborn,
        )
        return Emulated(
            target.provider,
            app=app,
            world=world,
            fault=fault,
            limit=limit_of(rng, target.qps, healed_s=self.healed_s),
            habits=habits_of(rng, target.provider, target.batch_size),
            seed=self.seed,
        )


def scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    rng = random.Random(f"scenario/{seed}")
    sweeps = rng.random() < 0.2
    providers = rng.choice((["tencent"], ["zego"], ["tencent", "zego"], ["tencent", "zego"]))
    healed_s = rng.choice((20.0, 60.0, 300.0, 300.0, 1800.0, 4 * 3600.0))
    graph = friendships(rng, narrow="zego" in providers, sweeps=sweeps)
    timeout_s = rng.choice((3.5, 5.0, 10.0))
    targets = tuple(_target(rng, name, sweeps, healed_s) for name in providers)
    calm, stubborn = rng.random() < 0.1, rng.random() < 0.1
    trials = (
        () if calm else tuple(_trial(rng, healed_s) for _ in range(rng.choice((0, 1, 1, 2, 3, 5))))
    )
    drawn = Scenario(
        seed=seed,
        two_way=rng.random() < 0.5,
        sweeps=sweeps,
        targets=targets,
        graph=graph,
        pairs=graph.named,
        max_attempts=rng.choice((1, 2, 3, 5, 8)),
        base_delay_s=rng.choice((0.05, 0.5, 2.0)),
        # Probes of a long outage at intervals of a second tell nothing new and take long.
        max_delay_s=rng.choice((1.0, 10.0, 60.0)) if healed_s < LONG_S else 60.0,
        timeout_s=timeout_s,
        # What never goes right looks like an outage once it is alone: probed till the limit.
        outage_limit_s=rng.choice((30.0, 120.0) if stubborn else (30.0, 120.0, 900.0, 3600.0)),
        max_failure_ratio=rng.choice((None,) * 8 + (0.05, 0.3)),
        min_sample=rng.choice((1, 5, 20)),
        trials=trials,
        healed_s=healed_s,
        stubborn=stubborn,
        thread_s=rng.choice((0.0, 0.0, 0.0005, 0.02)),
        real_plan=seed % 100 == 99,
    )
    return oriented(drawn) if random.Random(f"orient/{seed}").random() < ORIENTED else drawn


def oriented(drawn: Scenario) -> Scenario:
    """The same where the planner chooses sides, if that can be; it draws from nothing else."""
    if drawn.sweeps or not drawn.two_way:
        return drawn
    rng = random.Random(f"oriented/{drawn.seed}")
    drawn = replace(
        drawn,
        oriented=True,
        graph=thinned(rng, drawn.graph),
        real_plan=drawn.seed % 10 == 9,  # a choice by chance is a harder one to be right about
    )
    if rng.random() >= CALM:
        return drawn
    targets = tuple(replace(target, links=Links()) for target in drawn.targets)
    return replace(drawn, calm=True, targets=targets, trials=(), timeout_s=5.0)


def _target(rng: random.Random, provider: str, sweeps: bool, healed_s: float) -> TargetPlan:
    qps = rng.choice((1.0, 3.0, 5.0, 20.0, 20.0, 200.0, 0.7, 7.5))
    most = 20 if provider == "zego" else 1000
    size = 1 if sweeps else min(most, rng.choice((1, 2, 3, 5, 8, 20, 20, 1000)))
    outages: Sequence[Span] = ()
    if rng.random() < 0.3:
        start = rng.uniform(0, healed_s * 0.7)
        outages = [Span(from_s=start, until_s=min(healed_s, start + rng.uniform(1, healed_s)))]
    return TargetPlan(
        name=provider,
        provider=provider,
        qps=qps,
        max_in_flight=rng.choice((1, 2, 4, 16, 64, 400)),
        batch_size=size,
        links=Links(
            connect_s=rng.choice((0.0, 0.0, 0.02, 2.0)),
            refused=rng.choice((0.0, 0.0, 0.02)),
            dies=rng.choice((0.0, 0.0, 0.0, 0.05)),
            outages=tuple(outages),
        ),
    )


def _trial(rng: random.Random, healed_s: float) -> Trial:
    end = rng.choice(
        (
            End.BY_ITSELF,
            End.DIES_AT_TURN,
            End.DIES_AT_TURN,
            End.DIES_AT_CALL,
            End.DIES_IN_WRITE,
            End.DIES_IN_WRITE,
            End.STOPS,
            End.STOPS,
            End.STOPS_AND_DIES,
            End.WRITE_FAILS,
            End.NO_SPACE,
            End.WRONG_KEY,
            End.SMALL_LIMIT,
        )
    )
    most = {End.DIES_AT_TURN: 12.0, End.DIES_AT_CALL: 6.0}.get(end, 7.0)
    skews: tuple[tuple[float, float], ...] = ()
    if rng.random() < 0.15:
        by = rng.choice((-1.0, 1.0)) * rng.choice((2.0, 90.0, 700.0, 90_000.0))
        skews = ((rng.choice((0.0, rng.uniform(0, 30))), by),)
    return Trial(
        end=end,
        pause_s=rng.choice((0.0, 0.0, 0.3, 60.0, rng.uniform(0, healed_s))),
        at_s=rng.choice((0.0, rng.uniform(0, 3), rng.uniform(0, 30), rng.uniform(0, healed_s))),
        grace_s=rng.uniform(0, 4),
        number=int(2 ** rng.uniform(0, most)),
        point=rng.choice(tuple(Point)),
        torn=rng.choice((0.0, rng.random(), 1.0)),
        skews=skews,
        limit=int(2 ** rng.uniform(0, 7)) if end is End.SMALL_LIMIT else None,
    )
