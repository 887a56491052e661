"""The data of an entry of a friend list, by its tags; a field that is empty has no tag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from zlib import crc32

from bulkdel.emulator.world import Data

SOURCE: Final = "Tag_SNS_IM_AddSource"
REMARK: Final = "Tag_SNS_IM_Remark"
GROUP: Final = "Tag_SNS_IM_Group"
TIME: Final = "Tag_SNS_IM_AddTime"
WORDING: Final = "Tag_SNS_IM_AddWording"
CUSTOM: Final = "Tag_SNS_Custom_"

_SOURCE = re.compile(r"AddSource_Type_[A-Za-z]{1,8}", re.ASCII)
_SOURCES = ("Android", "iOS", "Web", "Import")
_GROUPS = ("Friends", "Colleagues", "家人")
_REMARK_BYTES, _WORDING_BYTES, _GROUP_BYTES, _VALUE_BYTES = 96, 256, 30, 500
_GROUPS_MAX = 32
_EARLIEST_S, _SPREAD_S = 1_500_000_000, 150_000_000


def made_data(account: str, friend: str) -> Data:
    """Data such as a list may hold, made from the two ids: the same whenever it is asked."""
    drawn = crc32(f"{account}\0{friend}".encode(errors="replace"))
    groups = [name for bit, name in enumerate(_GROUPS) if drawn >> (8 + bit) & 1]
    return full(
        {
            SOURCE: f"AddSource_Type_{_SOURCES[drawn % len(_SOURCES)]}",
            REMARK: f"note {drawn % 997} ✓" if drawn >> 4 & 1 else "",
            GROUP: groups,
            TIME: _EARLIEST_S + drawn % _SPREAD_S,
            WORDING: f'"hello", it is {drawn % 89}' if drawn >> 5 & 1 else "",
            f"{CUSTOM}Level": drawn % 7 if drawn >> 6 & 1 else "",
            f"{CUSTOM}Motto": f"motto {drawn % 31}" if drawn >> 7 & 1 else "",
        }
    )


def full(data: Data) -> Data:
    """The fields that hold something; a number 0 does."""
    return {tag: value for tag, value in data.items() if value not in ("", [])}


def imported(item: Mapping[str, Any], now: float) -> Data | None:
    """The data of an AddFriendItem of friend_import; None where a rule for it is broken."""
    return _entry(item, item.get("GroupName", []), now)


def added(item: Mapping[str, Any], now: float) -> Data | None:
    """The data of an AddFriendItem of friend_add, which has one group at most; None as above."""
    group = item.get("GroupName", "")
    return _entry(item, [group] if group else [], now)


def other_side(data: Data) -> Data:
    """What the other list's entry holds where an addition writes both."""
    return {SOURCE: data[SOURCE], TIME: data[TIME]}


def _entry(item: Mapping[str, Any], groups: object, now: float) -> Data | None:
    source, remark, wording = (item.get(name, "") for name in ("AddSource", "Remark", "AddWording"))
    added_s = item.get("AddTime", int(now))
    custom = _custom(item.get("CustomItem", []))
    if not (
        isinstance(source, str)
        and _SOURCE.fullmatch(source)
        and _fits(remark, _REMARK_BYTES)
        and _fits(wording, _WORDING_BYTES)
        and _are_groups(groups)
        and type(added_s) is int
        and type(item.get("RemarkTime", 0)) is int  # which no call gives back
        and custom is not None
    ):
        return None
    entry = {SOURCE: source, REMARK: remark, GROUP: groups, TIME: added_s, WORDING: wording}
    return full(entry | custom)


def _custom(items: object) -> dict[str, Any] | None:
    if not isinstance(items, list):
        return None
    custom: dict[str, Any] = {}
    for item in items:
        match item:
            case {"Tag": str(tag), "Value": str() | int() as value} if (
                tag.startswith(CUSTOM)
                and not isinstance(value, bool)
                and (isinstance(value, int) or _fits(value, _VALUE_BYTES))
            ):
                custom[tag] = value
            case _:
                return None
    return custom


def _are_groups(groups: object) -> bool:
    return (
        isinstance(groups, list)
        and len(groups) <= _GROUPS_MAX
        and all(group and _fits(group, _GROUP_BYTES) for group in groups)
    )


def _fits(text: object, limit: int) -> bool:
    return isinstance(text, str) and len(text.encode(errors="replace")) <= limit
