"""A call is understood or refused, whatever was sent: an emulator never falls over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.limits import RateLimit
from bulkdel.emulator.world import World
from tests.emulator.calls import TENCENT_APP, ZEGO_APP, tencent, zego

ANYTHING: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0, 2**53, 1.5, "", "x", "x" * 300, "Tag_SNS_Custom_A"),
    *([], [None], [7], [""], ["a", "b", "b"], [[]], [{}], {}, {"a": {}}),
)
CUSTOM = [{"Tag": "Tag_SNS_Custom_A", "Value": "x"}]
ITEM = {
    "To_Account": "b",
    "AddSource": "AddSource_Type_Web",
    "Remark": "x",
    "RemarkTime": 1,
    "GroupName": ["x"],
    "AddTime": 1,
    "AddWording": "x",
    "CustomItem": CUSTOM,
}
ADD = {"AddFriendItem": [ITEM], "AddType": "Add_Type_Both", "ForceAddFlags": 1}
TENCENT_CALLS: dict[str, dict[str, Any]] = {
    "friend_delete": {"To_Account": ["b"], "DeleteType": "Delete_Type_Both"},
    "friend_delete_all": {"DeleteType": "Delete_Type_Both"},
    "friend_check": {"To_Account": ["b"], "CheckType": "CheckResult_Type_Both"},
    "friend_get": {"StartIndex": 0, "StandardSequence": 0, "CustomSequence": 0},
    "friend_import": ADD,
    "friend_add": ADD,
}
ATTRIBUTES = [{"Key": "k0", "Value": "x"}]
INFO = {
    "UserId": "b",
    "Wording": "x",
    "FriendAlias": "x",
    "FriendTime": 1,
    "Attributes": ATTRIBUTES,
}
ZEGO_CALLS: dict[str, dict[str, Any]] = {
    "DeleteFriends": {"UserIds": ["b"], "DeleteType": 0},
    "CheckFriendsRelation": {"UserIds": ["b"], "CheckType": 0},
    "AddFriends": {"FriendInfos": [INFO]},
    "UpdateFriendsAlias": {"UserIds": [{"UserId": "b", "FriendAlias": "x"}]},
    "UpdateFriendAttributes": {"UserId": "b", "Attributes": ATTRIBUTES, "Action": 0},
}


def spoilt(value: Any) -> Iterator[Any]:
    """The value with each of its parts, one after the other, replaced by anything or left out."""
    yield from ANYTHING
    if isinstance(value, dict):
        for key, part in value.items():
            yield {name: one for name, one in value.items() if name != key}
            yield from (value | {key: other} for other in spoilt(part))
    elif isinstance(value, list):
        yield value * 2
        yield from ([other] for other in spoilt(value[0]))


def emulated(provider: str) -> Emulated:
    """An app that lets all be sent that a habit can let be."""
    habits = Habits(oneself="item", repeated_id="twice")
    return Emulated(
        provider,
        app=TENCENT_APP if provider == "tencent" else ZEGO_APP,
        world=World({"a": {"b"}}),
        limit=RateLimit(ceiling=10**6),
        habits=habits,
    )


@pytest.mark.parametrize("command", TENCENT_CALLS)
def test_tencent(command: str) -> None:
    """Every answer has an ErrorCode."""
    app = emulated("tencent")
    for body in spoilt({"From_Account": "a"} | TENCENT_CALLS[command]):
        answer = tencent(app, body, command=command)
        assert type(answer["ErrorCode"]) is int, body


@pytest.mark.parametrize("action", ZEGO_CALLS)
def test_zego(action: str) -> None:
    """Every answer has a Code."""
    app = emulated("zego")
    for body in spoilt({"FromUserId": "a"} | ZEGO_CALLS[action]):
        if body is not None:  # which would be a GET
            answer = zego(app, action, body)
            assert type(answer["Code"]) is int, body
