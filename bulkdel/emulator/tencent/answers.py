"""The bodies that Tencent answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.rules import STRANGER, listed
from bulkdel.emulator.tencent.codes import CODES
from bulkdel.emulator.tencent.entry import CUSTOM, made_data
from bulkdel.emulator.wire import Action, Reading
from bulkdel.emulator.world import World

NOT_FRIEND: Final = 31704
_BAD_PARAMETER: Final = 30001
_ITEM: Final = {"To_Account": "", "ResultCode": 0, "ResultInfo": ""}
_DELETED: Final = b'"ResultCode":0,"ResultInfo":""'
_RELATIONS: Final = {
    (True, True): "CheckResult_Type_BothWay",
    (True, False): "CheckResult_Type_AWithB",
    (False, True): "CheckResult_Type_BWithA",
    (False, False): "CheckResult_Type_NoRelation",
}


def body(code: int, more: Mapping[str, Any], *, info: str = "") -> bytes:
    """An answer with its own code; `info` is the ErrorInfo of one that went well."""
    return orjson.dumps(
        {
            **more,
            "ActionStatus": "FAIL" if code else "OK",
            "ErrorCode": code,
            "ErrorInfo": CODES.get(code, "unknown error") if code else info,
            "ErrorDisplay": "",
        }
    )


def results(
    asked: Reading, failures: Mapping[str, int], habits: Habits, listing: Listing
) -> tuple[int, bytes]:
    """What became of each id of a deletion or an addition."""
    deleted = asked.action is Action.DELETE
    usual = listing is Listing.WHOLE and habits.complete and habits.ordered
    if deleted and not failures and usual:
        return 0, _all_deleted(asked.ids)
    code, itemised = habits.own_code(failures, asked.ids, "zero")
    items = [
        _item(to, failures.get(to, 0), habits)
        for to in asked.ids
        if habits.complete or to in failures
    ]
    more: dict[str, Any] = {}
    if itemised:
        more["ResultItem"] = listed(listing, items, "To_Account", ordered=habits.ordered)
        if failures and not deleted:
            more["Fail_Account"] = list(failures)
    return code, body(code, more, info="0" if deleted else "")


def relations(
    asked: Reading, failures: Mapping[str, int], world: World, habits: Habits, listing: Listing
) -> tuple[int, bytes]:
    """How each id stands to From_Account; one that failed has no relation, and its code."""
    code, itemised = habits.own_code(failures, asked.ids, "zero")
    infos = []
    for to in asked.ids:
        failed = failures.get(to, 0)
        forth = not failed and world.has(asked.account, to)
        back = not failed and asked.two_way and world.has(to, asked.account)
        relation = {"To_Account": to, "Relation": _RELATIONS[forth, back]}
        infos.append(relation | {"ResultCode": failed, "ResultInfo": _text(failed)})
    more: dict[str, Any] = {}
    if itemised:
        more["InfoItem"] = listed(listing, infos, "To_Account", ordered=habits.ordered)
        if failures:
            more["Fail_Account"] = list(failures)
    return code, body(code, more)


def page(asked: Reading, world: World, listing: Listing) -> bytes:
    """A page of a list; data that the caller's sequences say it has already is left out."""
    friends = set(world.of(asked.account))
    sequences = world.sequences(asked.account)
    if listing is Listing.CHANGED:
        friends ^= {STRANGER}
        sequences = (sequences[0] + 1, sequences[1] + 1)
    end = asked.start + asked.limit
    standard, custom = (mine != sent for mine, sent in zip(sequences, asked.sequences, strict=True))
    items = []
    if standard or custom:
        for friend in sorted(friends)[asked.start : end]:
            known = world.has(asked.account, friend)
            data = (world.data if known else made_data)(asked.account, friend)
            values = [
                {"Tag": tag, "Value": value}
                for tag, value in data.items()
                if (custom if tag.startswith(CUSTOM) else standard)
            ]
            items.append({"To_Account": friend, "ValueItem": values})
    more = {
        "UserDataItem": listed(listing, items, "To_Account"),
        "StandardSequence": sequences[0],
        "CustomSequence": sequences[1],
        "FriendNum": len(friends),
        "CompleteFlag": int(end >= len(friends)),
        "NextStartIndex": 0 if end >= len(friends) else end,
    }
    return body(0, more)


def _item(to_account: str, code: int, habits: Habits) -> dict[str, Any]:
    text = _text(code)
    if code == NOT_FRIEND and habits.vague_not_friend:
        code = _BAD_PARAMETER  # FAQ, User Profile and Relationship Chain, 1047/34457
    return {"To_Account": to_account, "ResultCode": code, "ResultInfo": text}


def _text(code: int) -> str:
    return CODES.get(code, "unknown error")


def _all_deleted(ids: Sequence[str]) -> bytes:
    # The usual answer, in half the time that a dict for each of a thousand items takes.
    written = orjson.dumps(ids)
    if b"\\" in written:  # an escaped quote could be taken for the end of an id
        return body(0, {"ResultItem": [_ITEM | {"To_Account": to} for to in ids]}, info="0")
    items = written[2:-2].replace(b'","', b'",%b},{"To_Account":"' % _DELETED)
    head = b'{"ResultItem":[{"To_Account":"%b",%b}],' % (items, _DELETED)
    return head + body(0, {}, info="0")[1:]
