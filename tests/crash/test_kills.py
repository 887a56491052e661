"""SIGKILL at every named point of the write order and at random, then the same command again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.story import cut_power, friendships, network, tell
from tests.support.judge import Judge
from tests.support.process import Place

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

STORIES: dict[str, tuple[tuple[str, int], ...]] = {
    "planning": (
        ("lock-truncated", 1),
        ("rejects-written", 1),
        ("rejects-named", 1),
        ("plan-written", 1),
        ("plan-named", 1),
        ("sent", 1),
    ),
    "opening": (
        ("journal-made", 1),
        ("admitted", 1),
        ("mending", 1),
        ("closing", 1),
        ("lock-truncated", 1),
    ),
    "intents": (
        ("intent-committed", 1),
        ("intent-committed", 2),
        ("intent-committed", 5),
        ("sent", 1),
        ("sent", 9),
    ),
    "answers": (
        ("answered", 1),
        ("answered", 8),
        ("settlement-committed", 1),
        ("settlement-committed", 4),
        ("published", 1),
    ),
    "ledger": (
        ("ledger-torn", 1),
        ("ledger-torn", 4),
        ("ledger-unsynced", 1),
        ("ledger-unsynced", 4),
        ("published", 3),
    ),
    "mending": (
        ("ledger-torn", 3),
        ("mending", 1),
        ("ledger-mended", 1),
        ("landing-lost", 1),
        ("answered", 5),
        ("landing-lost", 1),
    ),
}

OF_BOTH_PHASES: tuple[tuple[str, int], ...] = (
    ("settlement-committed", 2),
    ("ledger-torn", 2),
    ("dealt", 1),
    ("intent-committed", 1),
    ("settlement-committed", 1),
    ("ledger-unsynced", 1),
    ("answered", 2),
    ("landing-lost", 1),
)
"""From the third one on, the process dies with friendships in the second phase."""


@pytest.mark.parametrize("name", STORIES)
def test_killed_at_every_point(tmp_path: Path, name: str) -> None:
    """Wherever the process dies, the same command ends as if it had not."""
    two_way = name in {"answers", "ledger"}
    provider = "zego" if name == "opening" else "tencent"
    pairs, friends, left = network(seed=len(name), two_way=two_way)
    with Judge({provider: friends}, faults=("latency:0.02-0.2",)) as judge:
        story = tell(
            Place(tmp_path),
            judge,
            pairs,
            friends=friends,
            left=left,
            provider=provider,
            mode="two_way" if two_way else "one_way",
        )
        for point, passages in STORIES[name]:
            story.dies_at(point, passages)
        story.finish()


@pytest.mark.parametrize("provider", ["tencent", "zego"])
def test_killed_with_friendships_in_reserve(tmp_path: Path, provider: str) -> None:
    """No death loses a friendship whose first side was asked, or asks that side again."""
    pairs, friends, left = friendships(seed=len(provider))
    with Judge({provider: friends}, faults=("latency:0.02-0.2",)) as judge:
        story = tell(
            Place(tmp_path),
            judge,
            pairs,
            friends=friends,
            left=left,
            provider=provider,
            mode="two_way",
            chosen=True,
        )
        for point, passages in OF_BOTH_PHASES:
            story.dies_at(point, passages)
        story.finish()


def test_killed_at_random(tmp_path: Path, story_seed: int) -> None:
    """Kills at any moment, with calls that are refused, cut and slow beside them."""
    rng = random.Random(story_seed)
    two_way = rng.random() < 0.5
    provider = rng.choice(("tencent", "tencent", "zego"))
    busy = "30006:0.1" if provider == "tencent" else "660000001:0.1"
    faults = ("latency:0.01-0.4", busy, "cut-after:0.05", "cut-before:0.05", "http502-after:0.03")
    pairs, friends, left = network(story_seed, two_way=two_way)
    with Judge({provider: friends}, faults=faults) as judge:
        story = tell(
            Place(tmp_path),
            judge,
            pairs,
            friends=friends,
            left=left,
            provider=provider,
            mode="two_way" if two_way else "one_way",
        )
        for _ in range(rng.randint(3, 6)):
            seconds = rng.choice((rng.uniform(0.3, 2.0), rng.uniform(1.5, 4.0)))
            warned_s = rng.choice((None, None, rng.uniform(0.0, 0.3)))
            if not story.dies_after(seconds, warned_s):
                break
        story.finish()


def test_a_power_cut_takes_nothing_that_was_synced(tmp_path: Path, story_seed: int) -> None:
    """What was not synced may be gone or torn, out of order too: nothing that was synced is."""
    rng = random.Random(story_seed)
    pairs, friends, left = network(story_seed, two_way=False)
    with Judge({"tencent": friends}, faults=("latency:0.01-0.1",)) as judge:
        story = tell(
            Place(tmp_path),
            judge,
            pairs,
            friends=friends,
            left=left,
            provider="tencent",
            mode="one_way",
        )
        for _ in range(4):
            point = rng.choice(("ledger-torn", "ledger-unsynced"))
            story.dies_at(point, rng.randint(1, 4))
            cut_power(story, rng)
        story.finish()
