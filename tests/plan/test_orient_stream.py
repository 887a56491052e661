"""The rule for networks too large for memory."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from bulkdel.plan import duck
from bulkdel.plan.orient_stream import orient_streaming
from tests.support.networks import a_network


def streamed(folder: Path, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What the rule makes of `pairs`, as (from, to)."""
    folder.mkdir()
    con = duck.open_workshop(folder, memory_limit_mb=256)
    try:
        con.execute("CREATE TABLE friendships (a VARCHAR, b VARCHAR)")
        con.executemany("INSERT INTO friendships VALUES (?, ?)", pairs)
        orient_streaming(con, "friendships", "sent")
        return [(str(f), str(t)) for f, t in con.execute("SELECT f, t FROM sent").fetchall()]
    finally:
        con.close()


def test_who_is_depended_on_sends(tmp_path: Path) -> None:
    """A star is sent from its middle; of two equal friends the smaller account sends."""
    pairs = [("leaf1", "mid"), ("mid", "leaf2"), ("leaf3", "mid"), ("y", "x")]
    assert sorted(streamed(tmp_path / "w", pairs)) == [
        ("mid", "leaf1"), ("mid", "leaf2"), ("mid", "leaf3"), ("x", "y"),
    ]  # fmt: skip


def test_every_friendship_once_whatever_the_order_and_cheaper(tmp_path: Path) -> None:
    """Neither order nor direction of the rows changes a side; a quarter of the calls are saved."""
    edges = a_network(600, 1500)
    pairs = [(f"u{a}", f"u{b}") for a, b in zip(edges.low, edges.high, strict=True)]
    sent = streamed(tmp_path / "one", pairs)
    other = [pair[::-1] for pair in pairs]
    random.Random(5).shuffle(other)
    assert sorted(streamed(tmp_path / "two", other)) == sorted(sent)
    assert sorted(map(sorted, sent)) == sorted(map(sorted, pairs))
    assert len(Counter(f for f, _ in sent)) < 0.75 * len({end for pair in pairs for end in pair})
