"""Friend lists: one-way, two-way, clearing, and the undocumented reverse-only case."""

from __future__ import annotations

import pytest

from bulkdel.emulator.world import ReverseOnly, World


def mutual() -> World:
    """Of a, b and c: a and b have each other; c has a, a lacks c."""
    return World({"a": {"b"}, "b": {"a"}, "c": {"a"}})


def test_one_way_leaves_the_other_list_alone() -> None:
    """A one-way deletion shortens From_Account's list only."""
    world = mutual()
    assert world.remove("a", ["b"], two_way=False) == set()
    assert world.friends == {"b": {"a"}, "c": {"a"}}
    assert world.removed == 1


def test_two_way_shortens_both_lists() -> None:
    """A two-way deletion removes each from the other's list."""
    world = mutual()
    assert world.remove("a", ["b"], two_way=True) == set()
    assert world.friends == {"c": {"a"}}
    assert world.removed == 2


def test_who_is_no_friend_is_reported_and_the_rest_is_done() -> None:
    """Ids that are not in the list come back; the others are deleted."""
    world = World({"a": {"b", "d"}})
    assert world.remove("a", ["b", "x"], two_way=False) == {"x"}
    assert world.friends == {"a": {"d"}}


@pytest.mark.parametrize(
    ("rule", "absent", "reverse_stays"),
    [
        (ReverseOnly.KEEP, {"c"}, True),
        (ReverseOnly.REMOVE, {"c"}, False),
        (ReverseOnly.DELETE, set(), False),
    ],
)
def test_two_way_where_only_the_reverse_exists(
    rule: ReverseOnly, absent: set[str], reverse_stays: bool
) -> None:
    """Each of the three readings of the undocumented case can be had."""
    world = mutual()
    assert world.remove("a", ["c"], two_way=True, reverse_only=rule) == absent
    assert world.has("c", "a") is reverse_stays
    assert world.has("a", "b")


def test_reverse_only_rule_does_not_touch_one_way() -> None:
    """A one-way deletion never shortens To_Account's list, whatever the rule."""
    world = mutual()
    assert world.remove("a", ["c"], two_way=False, reverse_only=ReverseOnly.DELETE) == {"c"}
    assert world.has("c", "a")


def test_clear_one_way() -> None:
    """Clearing one-way empties one list."""
    world = mutual()
    world.clear("a", two_way=False)
    assert world.friends == {"b": {"a"}, "c": {"a"}}
    assert world.removed == 1


def test_clear_two_way_walks_the_own_list_only() -> None:
    """Clearing two-way reaches those in the list, not those who only have the account."""
    world = mutual()
    world.clear("a", two_way=True)
    assert world.friends == {"c": {"a"}}
    assert world.removed == 2


def test_accounts_exist_unless_a_list_says_otherwise() -> None:
    """By default every account exists."""
    assert World().exists("anyone")
    assert not World(existing={"a"}).exists("anyone")


def test_befriend_adds_pairs_one_way_or_mutual() -> None:
    """Pairs can be added in one direction or both."""
    world = World()
    world.befriend([("a", "b")])
    world.befriend([("c", "d")], mutual=True)
    assert sorted(world.pairs()) == [("a", "b"), ("c", "d"), ("d", "c")]
