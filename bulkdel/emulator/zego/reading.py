"""What a ZIM call asks for; an absent or impossible parameter refuses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from bulkdel.emulator.habits import Habits
from bulkdel.emulator.rules import are_texts, is_short
from bulkdel.emulator.wire import Action, Reading
from bulkdel.emulator.world import Data
from bulkdel.emulator.zego.entry import BAD_INPUT, added, attributes_of, wrong_alias

ACTIONS: Final[Mapping[str, tuple[str, Action]]] = {
    "DeleteFriends": ("POST", Action.DELETE),
    "DeleteAllFriends": ("GET", Action.DELETE_ALL),
    "CheckFriendsRelation": ("POST", Action.CHECK),
    "QueryFriendList": ("GET", Action.LIST),
    "AddFriends": ("POST", Action.ADD),
    "UpdateFriendsAlias": ("POST", Action.ALIAS),
    "UpdateFriendAttributes": ("POST", Action.ATTRIBUTES),
}
_BATCH_LIMIT = 20
_PAGE = 100
_CURSOR = 0x2A5A5A  # so that a caller cannot take a Next for a position
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_ID_TOO_LONG = 660000012
_TOO_MANY = 660800019
_ADDS_ONESELF = 660800020
_TWICE = 660800022
_ONESELF = 660800033


def read_query(action: Action, query: Mapping[str, str]) -> Reading:
    """Understand a call that has all its parameters in the query."""
    account = query.get("FromUserId", "")
    if not account:
        return Reading(action=action, refused=BAD_INPUT)
    if not is_short(account):
        return Reading(action=action, account=account, refused=_ID_TOO_LONG)
    if action is Action.DELETE_ALL:
        kind = query.get("DeleteType")
        if kind not in {"0", "1"}:
            return Reading(action=action, account=account, refused=BAD_INPUT)
        return Reading(action=action, account=account, two_way=kind == "0")
    limit, cursor = query.get("Limit", "0"), query.get("Next", "0")
    start = position(int(cursor)) if _DIGITS.fullmatch(cursor) else None
    if not _DIGITS.fullmatch(limit) or start is None:
        return Reading(action=action, account=account, refused=BAD_INPUT)
    limit_n = int(limit) if 0 < int(limit) <= _PAGE else _PAGE
    return Reading(action=action, account=account, start=start, limit=limit_n)


def position(cursor: int) -> int | None:
    """Where the page begins that a Next leads to; None if no answer ever held it."""
    start = cursor ^ _CURSOR if cursor else 0
    return start if start < _CURSOR else None


def cursor(start: int) -> int:
    """The Next that leads to a page; 0 only for the first."""
    return start ^ _CURSOR if start else 0


def read_content(action: Action, content: dict[str, Any], habits: Habits, now: float) -> Reading:
    """Understand a call that has its parameters in a body."""
    account = content.get("FromUserId")
    if not isinstance(account, str) or not account:
        return Reading(action=action, refused=BAD_INPUT)
    if not is_short(account):
        return Reading(action=action, account=account, refused=_ID_TOO_LONG)
    match action:
        case Action.ADD:
            return _with_infos(action, account, content.get("FriendInfos"), habits, now)
        case Action.ALIAS:
            return _with_infos(action, account, content.get("UserIds"), habits, now)
        case Action.ATTRIBUTES:
            return _with_attributes(account, content)
        case _:
            return _with_ids(action, account, content, habits)


def _with_ids(action: Action, account: str, content: dict[str, Any], habits: Habits) -> Reading:
    ids = content.get("UserIds")
    kind = content.get("DeleteType" if action is Action.DELETE else "CheckType")
    if type(kind) is not int or kind not in {0, 1} or not _are_names(ids):
        return Reading(action=action, account=account, refused=BAD_INPUT)
    return _reading(action, account, ids, habits, two_way=kind == 0, oneself=_ONESELF)


def _with_infos(action: Action, account: str, infos: object, habits: Habits, now: float) -> Reading:
    if not isinstance(infos, list) or not all(isinstance(info, dict) for info in infos):
        return Reading(action=action, account=account, refused=BAD_INPUT)
    ids = [info.get("UserId") for info in infos]
    if not _are_names(ids):
        return Reading(action=action, account=account, refused=BAD_INPUT)
    entries: dict[str, Data] = {}
    failed: dict[str, int] = {}
    for to, info in zip(ids, infos, strict=True):
        if action is Action.ADD:
            data = added(info, now)
        else:
            alias = info.get("FriendAlias", "")
            data = wrong_alias(alias) or {"FriendAlias": alias}
        if isinstance(data, int):
            failed[to] = data
        else:
            entries[to] = data
    return _reading(
        action,
        account,
        ids,
        habits,
        two_way=action is Action.ADD and habits.add_writes_both,
        oneself=_ADDS_ONESELF if action is Action.ADD else _ONESELF,
        entries=entries,
        failed=failed,
    )


def _with_attributes(account: str, content: dict[str, Any]) -> Reading:
    to, kind = content.get("UserId"), content.get("Action", 0)
    attributes = attributes_of(content.get("Attributes"))
    refused = 0
    if not isinstance(to, str) or not to or type(kind) is not int or kind != 0:
        return Reading(action=Action.ATTRIBUTES, account=account, refused=BAD_INPUT)
    if not is_short(to):
        refused = _ID_TOO_LONG
    elif isinstance(attributes, int):
        refused = attributes
    elif not attributes:
        refused = BAD_INPUT
    return Reading(
        action=Action.ATTRIBUTES,
        account=account,
        ids=(to,),
        entries={to: {"Attributes": attributes}},
        refused=refused,
    )


def _reading(
    action: Action,
    account: str,
    ids: list[str],
    habits: Habits,
    *,
    two_way: bool,
    oneself: int,
    entries: Mapping[str, Data] | None = None,
    failed: Mapping[str, int] | None = None,
) -> Reading:
    refused = 0
    if len(ids) > (habits.batch_limit or _BATCH_LIMIT):
        refused = _TOO_MANY
    elif habits.repeated_id == "refused" and len(set(ids)) != len(ids):
        refused = _TWICE
    elif habits.oneself == "call" and account in ids:
        refused = oneself
    overlong = {to: _ID_TOO_LONG for to in ids if not is_short(to)}
    myself = {account: oneself} if account in ids else {}
    failures = {**(failed or {}), **overlong, **myself}
    return Reading(
        action=action,
        account=account,
        ids=habits.sent(ids),
        two_way=two_way,
        entries={to: data for to, data in (entries or {}).items() if to not in failures},
        failed=failures,
        refused=refused,
    )


def _are_names(ids: object) -> TypeGuard[list[str]]:
    return isinstance(ids, list) and bool(ids) and are_texts(ids) and all(ids)
