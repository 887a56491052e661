"""What a Tencent call asks for; an absent or impossible parameter refuses it.

An absent DeleteType is documented as one-way for friend_delete_all; for friend_delete no default
is documented, so here it is a bad parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bulkdel.emulator.habits import Habits
from bulkdel.emulator.rules import are_ids, are_texts
from bulkdel.emulator.tencent.entry import added, imported
from bulkdel.emulator.wire import Action, Reading
from bulkdel.emulator.world import Data

PATHS: Final[Mapping[str, Action]] = {
    "/v4/sns/friend_delete": Action.DELETE,
    "/v4/sns/friend_delete_all": Action.DELETE_ALL,
    "/v4/sns/friend_check": Action.CHECK,
    "/v4/sns/friend_get": Action.LIST,
    "/v4/sns/friend_import": Action.ADD,
    "/v4/sns/friend_add": Action.ADD,
}
_BATCH_LIMIT = 1000
_BAD_PARAMETER = 30001
_NO_TEXT = 60015
_TOO_MANY = 70206
_DELETE_TYPES = {"Delete_Type_Single": False, "Delete_Type_Both": True}
_CHECK_TYPES = {"CheckResult_Type_Single": False, "CheckResult_Type_Both": True}
_ADD_TYPES = {"Add_Type_Single": False, "Add_Type_Both": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call as far as it is the same for all: what it is, for whom, and its body."""

    action: Action
    account: str
    content: Mapping[str, Any]
    habits: Habits
    now: float

    def refused(self, code: int = _BAD_PARAMETER, ids: Sequence[str] = ()) -> Reading:
        return Reading(action=self.action, account=self.account, ids=tuple(ids), refused=code)

    def chosen(self, key: str, kinds: Mapping[str, bool], default: str = "") -> bool | None:
        kind = self.content.get(key, default)
        return kinds.get(kind) if isinstance(kind, str) else None


def read_content(
    path: str, account: str, content: Mapping[str, Any], *, habits: Habits, now: float
) -> Reading:
    """Understand the body of a call to one of PATHS."""
    call = _Call(action=PATHS[path], account=account, content=content, habits=habits, now=now)
    match path.removeprefix("/v4/sns/"):
        case "friend_delete":
            return _with_ids(call, call.chosen("DeleteType", _DELETE_TYPES))
        case "friend_check":
            return _with_ids(call, call.chosen("CheckType", _CHECK_TYPES))
        case "friend_delete_all":
            return _clearing(call)
        case "friend_get":
            return _list(call)
        case "friend_import":
            return _with_items(call, imported, two_way=False)
        case _:
            two_way = call.chosen("AddType", _ADD_TYPES, "Add_Type_Both")
            if not any(content.get("ForceAddFlags", 0) == flag for flag in (0, 1)):
                two_way = None
            return _with_items(call, added, two_way=two_way)


def _with_ids(call: _Call, two_way: bool | None) -> Reading:
    ids = call.content.get("To_Account")
    if not isinstance(ids, list) or not ids or two_way is None:
        return call.refused()
    if refused := _wrong_ids(call, ids):
        return call.refused(refused, ids if refused != _NO_TEXT else ())
    return Reading(
        action=call.action,
        account=call.account,
        ids=call.habits.sent(ids),
        two_way=two_way,
        failed={call.account: _BAD_PARAMETER} if call.account in ids else {},
    )


def _with_items(
    call: _Call,
    read_item: Callable[[Mapping[str, Any], float], Data | None],
    *,
    two_way: bool | None,
) -> Reading:
    items = call.content.get("AddFriendItem")
    if (
        two_way is None
        or not isinstance(items, list)
        or not items
        or not all(isinstance(one, dict) for one in items)
    ):
        return call.refused()
    ids = [item.get("To_Account") for item in items]
    if refused := _wrong_ids(call, ids):
        return call.refused(refused, ids if refused != _NO_TEXT else ())
    read = {to: read_item(item, call.now) for to, item in zip(ids, items, strict=True)}
    read |= {call.account: None} if call.account in read else {}
    return Reading(
        action=call.action,
        account=call.account,
        ids=call.habits.sent(ids),
        two_way=two_way,
        entries={to: data for to, data in read.items() if data is not None},
        failed={to: _BAD_PARAMETER for to, data in read.items() if data is None},
    )


def _clearing(call: _Call) -> Reading:
    two_way = call.chosen("DeleteType", _DELETE_TYPES, "Delete_Type_Single")
    if two_way is None:
        return call.refused()
    return Reading(action=call.action, account=call.account, two_way=two_way)


def _list(call: _Call) -> Reading:
    start, standard, custom = (
        call.content.get(key, default)
        for key, default in (("StartIndex", -1), ("StandardSequence", 0), ("CustomSequence", 0))
    )
    if not all(type(number) is int and number >= 0 for number in (start, standard, custom)):
        return call.refused()
    return Reading(
        action=call.action,
        account=call.account,
        start=start,
        limit=call.habits.page,
        sequences=(standard, custom),
    )


def _wrong_ids(call: _Call, ids: list[Any]) -> int:
    if not are_texts(ids):
        return _NO_TEXT
    if len(ids) > (call.habits.batch_limit or _BATCH_LIMIT):
        return _TOO_MANY
    wrong = (
        not are_ids(ids)
        or (call.habits.repeated_id == "refused" and len(set(ids)) != len(ids))
        or (call.habits.oneself == "call" and call.account in ids)
    )
    return _BAD_PARAMETER if wrong else 0
