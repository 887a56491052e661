"""Whole verifications in virtual time: whatever a seed lets go wrong, what they say is so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.simulation.harness import carried_out
from tests.simulation.history import History
from tests.simulation.scenario import Scenario, scenario

Line = dict[str, Any]
SEEDS = 60
_TOGETHER = 10
PLACES = {(False, False): None, (True, False): "from", (False, True): "to", (True, True): "both"}


def drawn(seed: int) -> Scenario:
    """What a seed lets go wrong, where a purge has left some friendships, or one side of them.

    Each pair is asked for as it is named.
    """
    told, rng = scenario(seed), random.Random(f"{seed}/left")
    share = rng.choice((0.1, 0.5, 0.9))
    ends = [edge for one, other in told.pairs for edge in ((one, other), (other, one))]
    world = [*dict.fromkeys([*told.graph.edges, *ends])] if not told.sweeps else told.graph.edges
    left = tuple(edge for edge in world if rng.random() < share)
    return replace(
        told,
        graph=replace(told.graph, edges=left),
        oriented=False,
        real_plan=False,
        max_failure_ratio=None,
    )


def complaints(history: History) -> Iterator[str]:
    """What a verification says that is not so."""
    whole = history.sittings[-1].ledger
    for earlier in history.sittings:
        if not whole.startswith(earlier.ledger):
            yield "lines that a reader has seen are gone"
    lines = [orjson.loads(line) for line in whole.splitlines()]
    for target in history.scenario.targets:
        if history.before[target.name] != history.after[target.name]:
            yield f"{target.name}: a question has changed something"
        own = [line for line in lines if line["target"] == target.name]
        yield from _untrue(history, target.name, own)
    if not history.finished and not history.scenario.stubborn:
        yield f"it does not end: {history.sittings[-1].words}"
    yield from history.findings


def _untrue(history: History, target: str, lines: list[Line]) -> Iterator[str]:
    told = history.scenario
    counted = Counter((line["from_account"], line["to_account"] or "") for line in lines)
    if any(many > 1 for many in counted.values()):
        yield f"{target}: a pair has two lines"
    if history.finished and counted.keys() != set(told.units):
        yield f"{target}: not each pair has its line"
    if history.overlaps[target]:
        yield f"{target}: two calls of one account were under way"
    for line in lines:
        if line["status"] == "unknown":
            if line["code"] == 0:
                yield f"{target}: unknown without a reason: {line}"
            continue
        if (remains := _remains(history, target, line)) != line.get("where"):
            yield f"{target}: it is {remains or 'gone'}, and is said to be {line}"


def _remains(history: History, target: str, line: Line) -> str | None:
    """Where the pair of a line is in the world."""
    world, one, other = history.before[target], line["from_account"], line["to_account"]
    if history.scenario.sweeps:
        return "friends" if any(account == one for account, _ in world) else None
    both = history.scenario.two_way and (other, one) in world
    return PLACES[(one, other) in world, both]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(0, SEEDS, _TOGETHER))
def test_what_is_said_is_so(first: int) -> None:
    """Nothing is gone that is there, nothing remains that is not; each pair once; nothing changes.

    Whatever answers, deaths, full disks and stops come between.
    """
    for seed in range(first, first + _TOGETHER):
        assert not list(complaints(carried_out(drawn(seed), asks=True))), f"seed {seed}"


def test_the_seeds_ask_for_all_there_is() -> None:
    """Among so few seeds each answer comes, and each kind of trouble of a process."""
    met: Counter[str] = Counter()
    for seed in range(12):
        history = carried_out(drawn(seed), asks=True)
        met["died"] += sum(one.died for one in history.sittings)
        for line in map(orjson.loads, history.sittings[-1].ledger.splitlines()):
            met[line.get("where", line["status"])] += 1
    assert {"died", "gone", "unknown", "from", "to", "both", "friends"} <= met.keys(), met
