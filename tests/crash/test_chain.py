"""Backup, run, verification and undo, each killed at any moment, against a judge of the world.

Nothing is deleted before its data is kept, nothing by a verification, and nothing is put back that
this run did not delete; what is put back is what was there, field by field; and no byte of the
run's own files is changed by what is done beside it.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.chain import EXISTING, NOBODY, Chain, World, differing, friends_again, tell
from tests.support.judge import Judge, Pair
from tests.support.process import Place

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


FEW = 1  # of each kind: the same is told below with deaths at named points
SLOW = ("latency:0.01-0.1",)


def test_what_was_deleted_is_as_it_was(tmp_path: Path, story_seed: int) -> None:
    """The commands in a row, each killed at random, with calls that fail beside them."""
    rng = random.Random(f"chain {story_seed}")
    provider = ("tencent", "zego")[story_seed % 2]
    busy = "30006:0.1" if provider == "tencent" else "660000001:0.1"
    habits = (f"add_writes_both={rng.choice(('true', 'false'))}", f"page={rng.choice((2, 3, 100))}")
    faults = (*SLOW, busy, "cut-after:0.05", "cut-before:0.03")
    with Judge({provider: []}, existing=EXISTING, habits=habits, faults=faults) as judge:
        chain = tell(Place(tmp_path), judge, rng, provider, two_way=rng.random() < 0.6)
        if rng.random() < 0.5:  # else the run does it
            backed_up(chain)
        after = deleted(chain)
        now = friends_again(chain, after)
        verified(chain, now)
        undone(chain, after, now, writes_both=habits[0].endswith("true"))


DEATHS = {
    "backup": (
        ("plan-named", 2),
        ("settlement-committed", 2),
        ("friends-written", 1),
        ("friends-synced", 2),
        ("ledger-torn", 2),
        ("answered", 6),
    ),
    "run": (("sent", 2), ("settlement-committed", 3)),
    "verify": (
        ("plan-written", 1),
        ("plan-named", 1),
        ("answered", 2),
        ("ledger-torn", 1),
        ("landing-lost", 1),
        ("settlement-committed", 2),
    ),
    "undo": (
        ("plan-named", 1),
        ("plan-named", 1),
        ("sent", 2),
        ("settlement-committed", 1),
        ("answered", 9),
        ("ledger-torn", 4),
        ("closing", 1),
    ),
}
"""Where each command dies, one death after the other; what was not synced of friend data is lost
each time."""


@pytest.mark.parametrize("provider", ["tencent", "zego"])
def test_killed_at_every_point(tmp_path: Path, provider: str) -> None:
    """Wherever a process dies, and whatever it had not synced, the same command goes on."""
    rng = random.Random(provider)
    with Judge({provider: []}, existing=EXISTING, habits=("page=3",), faults=SLOW) as judge:
        chain = tell(Place(tmp_path), judge, rng, provider, two_way=provider == "tencent")
        chain.points = DEATHS
        backed_up(chain)
        after = deleted(chain)
        now = friends_again(chain, after)
        verified(chain, now)
        undone(chain, after, now, writes_both=True)


def test_lists_that_were_cleared_are_as_they_were(tmp_path: Path, story_seed: int) -> None:
    """The same for whole lists, and for the lists of those who were on them."""
    rng = random.Random(f"lists {story_seed}")
    provider = ("zego", "tencent")[story_seed % 2]
    faults = (*SLOW, "cut-after:0.05", "cut-before:0.03")
    with Judge({provider: []}, existing=EXISTING, habits=("page=2",), faults=faults) as judge:
        two_way = rng.random() < 0.6
        chain = tell(Place(tmp_path), judge, rng, provider, two_way=two_way, lists=True)
        after = deleted(chain)
        now = friends_again(chain, after)
        verified(chain, now)
        undone(chain, after, now, writes_both=True)


def unchanged(chain: Chain, world: World) -> None:
    """The provider's lists are what they were."""
    assert chain.world() == world


def backed_up(chain: Chain) -> None:
    """A backup changes nothing."""
    done = chain.killed("backup", "job.toml", "--no-progress", check=chain.untouched)
    assert done.code == 1, done  # some accounts do not exist
    holds_all(chain)


def holds_all(chain: Chain) -> None:
    """The backup holds each friend that the plan names, with all data, and nobody else."""
    lines = Counter((line["account"], line["status"]) for line in chain.lines("backup"))
    assert set(lines.values()) == {1}
    owners = {side[0] for pair in chain.pairs for side in chain.sides(pair)}
    if chain.lists:
        owners = {account for account, _ in chain.pairs}
    assert {account for account, _ in lines} == owners
    assert {account for account, status in lines if status == "failed"} == set(NOBODY)
    sides = {side for pair in chain.pairs for side in chain.sides(pair)}
    kept = Counter((one["account"], one["friend"]) for one in chain.friends())
    assert kept == Counter(side for side in sides if side in chain.first)


def deleted(chain: Chain) -> World:
    """The run removes what it was asked to, and never before it was kept; who has whom then."""
    done = chain.killed("run", "job.toml", "--no-progress", check=chain.backed_up)
    assert done.code == (1 if chain.go else 75), done
    holds_all(chain)
    after = chain.world()
    gone = {side for pair in chain.pairs for side in removed(chain, pair)}
    assert after == {pair: data for pair, data in chain.first.items() if pair not in gone}
    lines = chain.lines()
    named = [(line["from_account"], line["to_account"] or "") for line in lines]
    sent = [pair for pair in chain.pairs if chain.go or not set(pair) & set(NOBODY)]
    assert sorted(named) == sorted(sent)
    return after


def removed(chain: Chain, pair: Pair) -> tuple[Pair, ...]:
    """The entries that the deletion of a pair removes, as the judge's providers have it."""
    if pair not in chain.first and not chain.lists:
        return ()
    return tuple(side for side in chain.sides(pair) if side in chain.first)


def verified(chain: Chain, now: World) -> None:
    """A verification changes nothing anywhere, and says of each pair what is on the lists."""
    files = chain.files()

    def nothing_changes() -> None:
        unchanged(chain, now)
        assert chain.files() == files

    done = chain.killed("verify", "job.toml", "--remote", "--no-progress", check=nothing_changes)
    assert done.code == 1, done
    asked = {
        (line["from_account"], line["to_account"] or "")
        for line in chain.lines()
        if line["status"] in {"deleted", "already_gone"}
    }
    lines = chain.lines("verification")
    named = [(line["from_account"], line["to_account"] or "") for line in lines]
    assert sorted(named) == sorted(asked)
    expected = set()
    for line, pair in zip(lines, named, strict=True):
        there = [side for side in chain.sides(pair) if side in now]
        if chain.lists:
            there = [side for side in now if side[0] == pair[0]]
        assert line["status"] == ("remains" if there else "gone"), (line, there)
        if there and chain.lists:
            assert (line["where"], line["friends"]) == ("friends", len(there))
            expected.add(pair)
        elif there:
            where = "both" if len(there) > 1 else "from" if there[0] == pair else "to"
            assert line["where"] == where
            expected.add(there[0])
    done = chain.place.run("export", "job.toml", "--remaining", "--output", "remaining.csv")
    assert done.code == 0, done
    with (chain.place.folder / "remaining.csv").open(newline="") as file:
        rows = [(row["From_Account"], row.get("To_Account", "")) for row in csv.DictReader(file)]
    assert sorted(rows) == sorted(expected)
    nothing_changes()


def undone(chain: Chain, after: World, now: World, *, writes_both: bool) -> None:
    """Exactly what this run removed is back, as it was; what was put there since keeps its data."""
    files = chain.files()
    own = chain.first.keys() - after.keys()
    may_come = {pair[::-1] for pair in own} if writes_both and chain.provider == "zego" else set()

    meanwhile: World = {}

    def nothing_else() -> None:
        world = chain.world()
        assert world.keys() - now.keys() <= own | may_come, (
            "put back, and never deleted by this run"
        )
        assert {pair: world.get(pair) for pair in now} == now, "changed by an undo"
        assert chain.files() == files
        absent = sorted(own - world.keys())
        if absent and len(absent) < len(own) and chain.rng.random() < 0.5:
            pair = chain.rng.choice(absent)  # while no process works
            chain.judge.put(chain.provider, pair, chain.fresh_data(len(meanwhile)))
            meanwhile[pair] = chain.world()[pair]

    done = chain.killed("undo", "job.toml", "--yes", "--no-progress", check=nothing_else)
    assert done.code == 0, done
    world = chain.world()
    assert own <= world.keys()
    lines = chain.lines("undo")
    of = {(line["from_account"], line["to_account"]): line for line in lines}
    assert len(of) == len(lines)
    assert own <= of.keys()
    for pair, line in of.items():
        if pair in now:
            assert line["status"] == "already_there", line
        elif pair in meanwhile and line["attempts"] <= 1:
            # Of one that a call had carried before nobody can tell who has put it there.
            assert world[pair] == meanwhile[pair], line
        elif pair not in meanwhile:
            assert line["status"] == "restored", line
            lacking = differing(world[pair], chain.first[pair])
            assert lacking <= set(line.get("not_restored", ())), (
                line,
                world[pair],
                chain.first[pair],
            )
    again = chain.place.run("undo", "job.toml", "--yes", "--no-progress")
    assert again.code == 0, again
    unchanged(chain, world)
    refused = chain.place.run("run", "job.toml", "--no-progress")
    assert refused.code == 2, refused
    unchanged(chain, world)
    checked = chain.place.run("verify", "job.toml")
    assert checked.code == 0, checked
    assert chain.place.status()["state"] == "finished"
