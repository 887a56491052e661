"""The leases of one machine: no shard has two owners, none is lost, and nobody has too many."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from bulkdel.lease.table import Table
from bulkdel.lease.values import Left, Nothing, Taken

SHARDS = {"1": 100.0, "2": 100.0, "3": 300.0, "4": 100.0}


def taken_all(table: Table, member: int, most_qps: float = math.inf) -> list[str]:
    """Everything that a child may take, taken."""
    names = []
    while isinstance(got := table.take(member, most_qps), Taken):
        names.append(got.shard)
    return names


def test_nobody_takes_the_share_of_a_child_that_is_about_to_join() -> None:
    """Two are expected: the first to come takes half, in order."""
    table = Table(SHARDS, expected=2)
    table.join(1)
    assert taken_all(table, 1) == ["1", "2"]
    table.join(2)
    assert taken_all(table, 2) == ["3", "4"]


def test_what_a_dead_child_had_is_free_for_the_others_at_once() -> None:
    """They take it without waiting for the child that comes in its place, and as followers."""
    table = Table(SHARDS, expected=2)
    for member in (1, 2):
        table.join(member)
        taken_all(table, member)
    assert table.gone(1) == ("1", "2")
    got = table.take(2, math.inf)
    assert got == Taken(shard="1", epoch=2, follows=True)


def test_the_first_to_take_a_shard_follows_nobody() -> None:
    """Nothing of it was sent by a child of this table before."""
    table = Table(SHARDS)
    table.join(1)
    got = table.take(1, math.inf)
    assert got == Taken(shard="1", epoch=1, follows=False)


def test_a_child_with_room_for_less_takes_what_fits_and_one_without_any_takes_whatever() -> None:
    """A shard that is larger than a child's whole room is sent by a child of its own."""
    table = Table(SHARDS)
    table.join(1)
    assert taken_all(table, 1, 250.0) == ["1", "2", "4"]
    alone = Table({"large": 5000.0})
    alone.join(1)
    assert taken_all(alone, 1, 1000.0) == ["large"]


def test_it_is_over_when_every_shard_is_settled_or_ended() -> None:
    """One that is sent by another may still come free: that is not over."""
    table = Table({"1": 1.0, "2": 1.0}, expected=2)
    for member in (1, 2):
        table.join(member)
        table.take(member, 10.0)
    table.give_back(1, "1", Left.SETTLED)
    assert table.take(1, 10.0) == Nothing(over=False)
    table.give_back(2, "2", Left.ENDED)
    assert table.take(1, 10.0) == Nothing(over=True)


def test_what_is_given_back_free_waits_behind_all_others() -> None:
    """One that cannot be opened now stands in nobody's way."""
    table = Table(SHARDS)
    table.join(1)
    assert table.take(1, math.inf) == Taken(shard="1", epoch=1, follows=False)
    table.give_back(1, "1", Left.FREE)
    assert taken_all(table, 1) == ["2", "3", "4", "1"]


def test_who_has_many_gives_half_of_what_he_has_more_to_who_has_few() -> None:
    """Those taken last; and nothing while anything is free, or the difference is one."""
    table = Table({str(at): 1.0 for at in range(5)}, expected=1)
    table.join(1)
    taken_all(table, 1)
    assert table.excess() == {}
    table.join(2)
    assert table.excess() == {1: frozenset({"3", "4"})}
    table.give_back(1, "4", Left.FREE)
    assert table.excess() == {}
    table.take(2, math.inf)
    table.give_back(1, "3", Left.FREE)
    table.take(2, math.inf)
    assert table.excess() == {}


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("jtfseg"), st.integers(0, 5))))
def test_a_shard_has_one_owner_whatever_happens(steps: list[tuple[int, str, int]]) -> None:
    """Children join, take, give back and die in any order; epochs of a shard only ever grow."""
    shards = {str(at): 10.0 for at in range(6)}
    table, owner, over = Table(shards, expected=2), dict[str, int](), set[str]()
    epochs = dict.fromkeys(shards, 0)
    joined: set[int] = set()
    lefts = {"f": Left.FREE, "s": Left.SETTLED, "e": Left.ENDED}
    for member, what, at in steps:
        mine = [name for name, who in owner.items() if who == member]
        if what == "j":
            table.join(member)
            joined.add(member)
        elif what == "t" and member in joined:
            got = table.take(member, 25.0)
            if isinstance(got, Taken):
                assert got.shard not in owner
                assert got.shard not in over
                assert got.epoch == epochs[got.shard] + 1
                owner[got.shard], epochs[got.shard] = member, got.epoch
            else:
                assert got.over == (len(over) == len(shards))
        elif what == "g":
            assert set(table.gone(member)) == set(mine)
            joined.discard(member)
            owner = {name: who for name, who in owner.items() if who != member}
        elif what in lefts and mine:
            name = mine[at % len(mine)]
            table.give_back(member, name, lefts[what])
            del owner[name]
            if lefts[what] is not Left.FREE:
                over.add(name)
