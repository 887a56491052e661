"""What ZIM answers beside its Code; the results name only those that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.rules import STRANGER, listed
from bulkdel.emulator.wire import Action, Reading
from bulkdel.emulator.world import World
from bulkdel.emulator.zego.entry import made_data
from bulkdel.emulator.zego.reading import cursor

NOT_FRIEND: Final = 660800034
UNREGISTERED: Final = 660700015
_NONE_REGISTERED = 660800025


def results(
    asked: Reading, failures: Mapping[str, int], habits: Habits, listing: Listing
) -> tuple[int, dict[str, Any]]:
    """What became of each id of a deletion, an addition or a change.

    Where every id failed the code is the first one's, since it must be another than 0.
    """
    code, itemised = habits.own_code(failures, asked.ids, "code_and_items")
    if code and asked.action is Action.ADD and set(failures.values()) == {UNREGISTERED}:
        code = habits.all_failed_code or _NONE_REGISTERED
    if asked.action is Action.ATTRIBUTES:
        keys = asked.entries[asked.ids[0]]["Attributes"] if failures and itemised else ()
        return code, {"FailKey": [{"Key": key, "SubCode": code} for key in keys]}
    errors = [{"UserId": to, "SubCode": failures[to]} for to in asked.ids if to in failures]
    return code, {"ErrorList": _errors(listing, errors if itemised else [], habits)}


def relations(
    asked: Reading, failures: Mapping[str, int], world: World, habits: Habits, listing: Listing
) -> tuple[int, dict[str, Any]]:
    """How each id stands to FromUserId.

    One-way: 1 A lacks B, 2 A has B. Two-way: 3 neither, 4 only A, 5 only B, 6 both; one that
    failed has the half that is known, as in one-way.
    """
    code, itemised = habits.own_code(failures, asked.ids, "code_and_items")
    successes, fails = [], []
    for to in asked.ids:
        forth = world.has(asked.account, to)
        if to in failures:
            half = {"Relation": 1 + forth} if asked.two_way else {}
            fails.append({"UserId": to, "SubCode": failures[to], **half})
        elif asked.two_way:
            both = 3 + forth + 2 * world.has(to, asked.account)
            successes.append({"UserId": to, "Relation": both})
        else:
            successes.append({"UserId": to, "Relation": 1 + forth})
    return code, {
        "Successes": listed(listing, successes, "UserId", ordered=habits.ordered),
        "Fails": fails if itemised else [],
    }


def page(asked: Reading, world: World, listing: Listing) -> dict[str, Any]:
    """A page of a list."""
    friends = set(world.of(asked.account))
    if listing is Listing.CHANGED:
        friends ^= {STRANGER}
    end = asked.start + asked.limit
    infos = []
    for friend in sorted(friends)[asked.start : end]:
        known = world.has(asked.account, friend)
        data = (world.data if known else made_data)(asked.account, friend)
        attributes = [{"Key": k, "Value": value} for k, value in data["Attributes"].items()]
        user = {"UserId": friend, "UserName": f"Name of {friend}", "Avatar": ""}
        infos.append({**user, **data, "Attributes": attributes})
    return {
        "TotalCount": len(friends),
        "Next": 0 if end >= len(friends) else cursor(end),
        "FriendInfos": listed(listing, infos, "UserId"),
    }


def _errors(listing: Listing, errors: list[dict[str, Any]], habits: Habits) -> list[dict[str, Any]]:
    if not habits.ordered:
        errors.reverse()
    match listing:
        case Listing.EXTRA:
            return [*errors, {"UserId": STRANGER, "SubCode": NOT_FRIEND}]
        case Listing.DUPLICATE:
            return errors + errors[:1]
        case Listing.SHUFFLED:
            return errors[::-1]
        case Listing.WHOLE | Listing.MISSING | Listing.CHANGED:
            return errors  # an id that is not listed is one that it was done for
