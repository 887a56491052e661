"""The data of an entry of a friend list, by ZIM's names; Attributes map a key to its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

from bulkdel.emulator.world import Data

_KEYS: Final = ("k0", "k1", "k2", "k3", "k4")
_TEXT_CHARACTERS = 256
_ATTRIBUTES_BYTES = 1024
_EARLIEST_S, _SPREAD_S = 1_500_000_000, 150_000_000

BAD_INPUT: Final = 660000002
_TOO_LONG = 660800021
_UNKNOWN_KEY = 660800023
_ATTRIBUTES_TOO_LONG = 660800024
_BAD_ATTRIBUTES = 660800026
_KEY_TWICE = 660800032
_IN_THE_FUTURE = 660800046


def made_data(account: str, friend: str) -> Data:
    """Data such as a list may hold, made from the two ids: the same whenever it is asked."""
    drawn = crc32(f"{account}\0{friend}".encode(errors="replace"))
    return {
        "Wording": f'"hello", it is {drawn % 89}' if drawn >> 4 & 1 else "",
        "FriendAlias": f"alias {drawn % 997} ✓" if drawn >> 5 & 1 else "",
        "CreateTime": (_EARLIEST_S + drawn % _SPREAD_S) * 1000 + drawn % 1000,
        "Attributes": {
            key: f"value {drawn % 31}" for bit, key in enumerate(_KEYS) if drawn >> (8 + bit) & 1
        },
    }


def added(info: Mapping[str, Any], now: float) -> Data | int:
    """The data of one of AddFriends' FriendInfos, or the code of the rule that it breaks."""
    now_ms = int(now * 1000)
    wording, alias = info.get("Wording", ""), info.get("FriendAlias", "")
    created_ms = info.get("FriendTime", 0)
    attributes = attributes_of(info.get("Attributes", []))
    if not isinstance(wording, str) or type(created_ms) is not int or created_ms < 0:
        return BAD_INPUT
    if len(wording) > _TEXT_CHARACTERS:
        return _TOO_LONG
    if code := wrong_alias(alias):
        return code
    if created_ms > now_ms:
        return _IN_THE_FUTURE
    if isinstance(attributes, int):
        return attributes
    return {
        "Wording": wording,
        "FriendAlias": alias,
        "CreateTime": created_ms or now_ms,
        "Attributes": attributes,
    }


def other_side(data: Data) -> Data:
    """What the other list's entry holds where an addition writes both."""
    return {"Wording": "", "FriendAlias": "", "CreateTime": data["CreateTime"], "Attributes": {}}


def wrong_alias(alias: object) -> int:
    """The code of the rule that a FriendAlias breaks; 0 if none."""
    if not isinstance(alias, str):
        return BAD_INPUT
    return _TOO_LONG if len(alias) > _TEXT_CHARACTERS else 0


def attributes_of(listed: object) -> dict[str, str] | int:
    """Attributes by key, or the code of the rule that they break."""
    if not isinstance(listed, list) or len(listed) > len(_KEYS):
        return _BAD_ATTRIBUTES
    attributes: dict[str, str] = {}
    for attribute in listed:
        match attribute:
            case {"Key": str(key), "Value": str(value)}:
                if key not in _KEYS:
                    return _UNKNOWN_KEY
                if key in attributes:
                    return _KEY_TWICE
                attributes[key] = value
            case _:
                return _BAD_ATTRIBUTES
    size = sum(len(text.encode(errors="replace")) for one in attributes.items() for text in one)
    return _ATTRIBUTES_TOO_LONG if size > _ATTRIBUTES_BYTES else attributes
