"""Tencent Chat's friend calls: friend_delete, friend_delete_all, friend_check, friend_get.

Sources: RESTful API overview (1047/34620), Deleting Friends (1047/34905, 2025-10-23), Deleting
All Friends (1047/34906, 2024-07-16), friend_check (1047/34907), friend_get (1047/34908), Error
codes (1047/34348). HTTP answers 200 whatever happened; the result is in the body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.rules import Rules, are_ids, are_texts
from bulkdel.emulator.usersig import UserSig, open_usersig
from bulkdel.emulator.wire import Action, EmulatedApp, Quirks, Reading
from bulkdel.emulator.world import World

_PREFIX = "/v4/"
_PATHS: Final[Mapping[str, Action]] = {
    "/v4/sns/friend_delete": Action.DELETE,
    "/v4/sns/friend_delete_all": Action.DELETE_ALL,
    "/v4/sns/friend_check": Action.CHECK,
    "/v4/sns/friend_get": Action.LIST,
}
_BATCH_LIMIT = 1000
_RANDOM_MAX = 2**32 - 1
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_DELETE_TYPES = {"Delete_Type_Single": False, "Delete_Type_Both": True}
_CHECK_TYPES = {"CheckResult_Type_Single": False, "CheckResult_Type_Both": True}
_ITEM: Final = {"To_Account": "", "ResultCode": 0, "ResultInfo": ""}
_DELETED: Final = b'"ResultCode":0,"ResultInfo":""'
_STRANGER = "account_nobody_asked_for"

CODES: Final[Mapping[int, str]] = {
    0: "",
    30001: "bad parameter",
    30002: "SDKAppID mismatch",
    30003: "account does not exist",
    30004: "app admin required",
    30006: "server internal error, please retry",
    30007: "network timeout, try again later",
    30008: "write conflict caused by concurrent writes, use batch calls",
    31704: "Err_SNS_FriendDelete_Not_Friend",
    31707: "filtered by security policy, do not delete so frequently",
    60002: "HTTP parse error, check the URL",
    60003: "HTTP request JSON parse error",
    60004: "wrong account or signature in the URL or body",
    60005: "wrong account or signature in the URL or body",
    60006: "invalid SDKAppID",
    60007: "REST call frequency exceeded",
    60008: "service timeout or malformed HTTP request",
    60009: "wrong resource, check the URL",
    60010: "identifier must be an app admin",
    60011: "request frequency of this SDKAppID exceeded",
    60012: "SDKAppID missing",
    60013: "backend answer could not be parsed",
    60014: "account exchange timed out",
    60015: "account in the body is not a string",
    60016: "SDKAppID disabled",
    60017: "request disabled",
    60018: "too many requests, try again later",
    60019: "too many requests, try again later",
    60020: "package expired or not active",
    60021: "source IP not allowed",
    70001: "UserSig expired",
    70002: "UserSig is empty",
    70003: "UserSig is malformed",
    70005: "UserSig is malformed",
    70009: "UserSig verification failed",
    70013: "UserID does not match the UserSig",
    70014: "SDKAppID does not match the UserSig",
    70016: "public key not found",
    70020: "SDKAppID not found",
    70050: "UserSig verification failed too often, wait a minute",
    70051: "account is blocked",
    70052: "UserSig was invalidated",
    70107: "account does not exist",
    70114: "login restricted",
    70169: "server timeout, try again later",
    70202: "server timeout, try again later",
    70206: "illegal batch count",
    70402: "illegal parameter",
    70403: "app admin required",
    70500: "server internal error, try again later",
}
"""The emulator's own short text for each documented code that may meet a deletion."""


class Tencent(Rules):
    """One Tencent app.

    Order of the checks: URL and method, credentials as VerifyUserSig does them, then the body.
    An absent DeleteType is documented as one-way for friend_delete_all; for friend_delete no
    default is documented, so here it is a bad parameter.
    """

    name: ClassVar[str] = "tencent"
    ceiling: ClassVar[int] = 200
    codes: ClassVar[Mapping[int, str]] = CODES
    throttled: ClassVar[int] = 60011
    conflict: ClassVar[int] = 30008
    busy: ClassVar[int] = 30006
    unknown_from: ClassVar[int] = 30003
    unknown_to: ClassVar[int] = 30003
    not_friend: ClassVar[int] = 31704

    def __init__(self, app: EmulatedApp, quirks: Quirks) -> None:
        self._app = app
        self._quirks = quirks
        self._revoked_before = 0
        self._refused_in_a_row = 0
        self._locked_until = 0.0

    def owns(self, path: str) -> bool:
        """Whether a path belongs to this provider."""
        return path.startswith(_PREFIX)

    def revoke(self, before: float) -> None:
        """Answer 70052 to UserSigs issued before a moment, in whole Unix seconds."""
        self._revoked_before = int(before)

    def admit(self, query: Mapping[str, str], now: float) -> int:
        """Check sdkappid, identifier and usersig; 0 or the code that refuses them."""
        if now < self._locked_until:
            return 70050
        code = self._verify(query, now)
        if code in {70003, 70009}:
            self._refused_in_a_row += 1
            if self._refused_in_a_row >= self._quirks.lockout_after:
                self._refused_in_a_row = 0
                self._locked_until = now + self._quirks.lockout_s
        elif not code:
            self._refused_in_a_row = 0
        return code

    def _verify(self, query: Mapping[str, str], now: float) -> int:
        app_id = query.get("sdkappid", "")
        identifier = query.get("identifier", "")
        text = query.get("usersig", "")
        usersig = open_usersig(text, self._app.secret)
        if not app_id or not _DIGITS.fullmatch(app_id):
            return 60006 if app_id else 60012
        if int(app_id) != self._app.app_id:
            return 70020
        if not identifier or not text:
            return 70002 if identifier else 60004
        if usersig is None:
            return 70003
        return self._verify_claims(usersig, identifier, now)

    def _verify_claims(self, usersig: UserSig, identifier: str, now: float) -> int:
        checks = (
            (usersig.app_id != self._app.app_id, 70014),
            (usersig.identifier != identifier, 70013),
            (now > usersig.issued + usersig.expire, 70001),
            (not usersig.genuine, 70009),
            (usersig.issued < self._revoked_before, 70052),
            (identifier != self._app.admin, 60010),
        )
        return next((code for wrong, code in checks if wrong), 0)

    def read(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reading:
        """Understand a call; never raises, whatever was sent."""
        action = _PATHS.get(path)
        if action is None:
            return Reading(action=None, refused=60009)
        random = query.get("random", "")
        if (
            method != "POST"
            or query.get("contenttype") != "json"
            or not _DIGITS.fullmatch(random)
            or int(random) > _RANDOM_MAX
        ):
            return Reading(action=action, refused=60002)
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, dict):
            return Reading(action=action, refused=60003)
        account = content.get("From_Account", "")
        if not isinstance(account, str):
            return Reading(action=action, refused=60015)
        if not are_ids((account,)):
            return Reading(action=action, account=account, refused=30001)
        return self._read_content(action, account, content)

    def _read_content(self, action: Action, account: str, content: dict[str, Any]) -> Reading:
        match action:
            case Action.DELETE:
                return self._read_ids(action, account, content, "DeleteType", _DELETE_TYPES)
            case Action.CHECK:
                return self._read_ids(action, account, content, "CheckType", _CHECK_TYPES)
            case Action.DELETE_ALL:
                return _read_delete_all(account, content)
            case Action.LIST:
                return _read_list(account, content)

    def _read_ids(
        self,
        action: Action,
        account: str,
        content: dict[str, Any],
        type_key: str,
        types: Mapping[str, bool],
    ) -> Reading:
        ids = content.get("To_Account")
        two_way = types.get(kind) if isinstance(kind := content.get(type_key), str) else None
        if not isinstance(ids, list) or not ids or two_way is None:
            return Reading(action=action, account=account, refused=30001)
        refused = 0
        if not are_texts(ids):
            return Reading(action=action, account=account, refused=60015)
        if len(ids) > (self._quirks.batch_limit or _BATCH_LIMIT):
            refused = 70206
        elif not are_ids(ids) or len(set(ids)) != len(ids) or account in ids:
            refused = 30001
        return Reading(
            action=action, account=account, ids=tuple(ids), two_way=two_way, refused=refused
        )

    def answer(
        self, asked: Reading, failures: Mapping[str, int], world: World, listing: Listing
    ) -> tuple[int, bytes]:
        """The top-level code and the body of an accepted call.

        Where every id failed the code is 0, as its sibling calls answer.
        """
        match asked.action:
            case Action.DELETE if not failures and listing is Listing.WHOLE:
                return 0, _all_deleted(asked.ids)
            case Action.DELETE:
                items = _list(listing, [self._item(to, failures.get(to, 0)) for to in asked.ids])
                code = 0
                if failures and len(failures) == len(asked.ids):
                    code = self._quirks.all_failed_code or 0
                return code, _body(code, {"ResultItem": items}, info="" if code else "0")
            case Action.CHECK:
                infos = [_relation(asked, to, failures.get(to, 0), world) for to in asked.ids]
                more: dict[str, Any] = {"InfoItem": _list(listing, infos)}
                if failures:
                    more["Fail_Account"] = list(failures)
                return 0, _body(0, more)
            case Action.LIST:
                return 0, _body(0, _page(asked, world))
            case _:
                return 0, _body(0, {})

    def _item(self, to_account: str, code: int) -> dict[str, Any]:
        info = CODES.get(code, "unknown error")
        if code == self.not_friend and self._quirks.vague_not_friend:
            code = 30001  # FAQ, User Profile and Relationship Chain, 1047/34457
        return {"To_Account": to_account, "ResultCode": code, "ResultInfo": info}

    def refuse(self, code: int) -> bytes:
        """The body of a refused call."""
        return _body(code, {})


def _body(code: int, more: Mapping[str, Any], *, info: str = "") -> bytes:
    return orjson.dumps(
        {
            **more,
            "ActionStatus": "FAIL" if code else "OK",
            "ErrorCode": code,
            "ErrorInfo": CODES.get(code, "unknown error") if code else info,
            "ErrorDisplay": "",
        }
    )


def _all_deleted(ids: Sequence[str]) -> bytes:
    # The usual answer, in half the time that a dict for each of a thousand items takes.
    written = orjson.dumps(ids)
    if b"\\" in written:  # an escaped quote could be taken for the end of an id
        return _body(0, {"ResultItem": [_ITEM | {"To_Account": to} for to in ids]}, info="0")
    items = written[2:-2].replace(b'","', b'",%b},{"To_Account":"' % _DELETED)
    head = b'{"ResultItem":[{"To_Account":"%b",%b}],' % (items, _DELETED)
    return head + _body(0, {}, info="0")[1:]


def _read_delete_all(account: str, content: dict[str, Any]) -> Reading:
    kind = content.get("DeleteType", "Delete_Type_Single")
    two_way = _DELETE_TYPES.get(kind) if isinstance(kind, str) else None
    if two_way is None:
        return Reading(action=Action.DELETE_ALL, account=account, refused=30001)
    return Reading(action=Action.DELETE_ALL, account=account, two_way=two_way)


def _read_list(account: str, content: dict[str, Any]) -> Reading:
    start = content.get("StartIndex")
    if type(start) is not int or start < 0:
        return Reading(action=Action.LIST, account=account, refused=30001)
    return Reading(action=Action.LIST, account=account, start=start)


def _relation(asked: Reading, to_account: str, code: int, world: World) -> dict[str, Any]:
    forth = not code and world.has(asked.account, to_account)
    back = not code and asked.two_way and world.has(to_account, asked.account)
    match forth, back:
        case True, True:
            relation = "CheckResult_Type_BothWay"
        case True, False:
            relation = "CheckResult_Type_AWithB"
        case False, True:
            relation = "CheckResult_Type_BWithA"
        case _:
            relation = "CheckResult_Type_NoRelation"
    return {
        "To_Account": to_account,
        "Relation": relation,
        "ResultCode": code,
        "ResultInfo": CODES.get(code, "unknown error"),
    }


def _page(asked: Reading, world: World) -> dict[str, Any]:
    # Sequences stand still and are not compared with those sent: every page holds its data.
    friends = sorted(world.of(asked.account))
    end = asked.start + asked.limit
    return {
        "UserDataItem": [
            {"To_Account": friend, "ValueItem": []} for friend in friends[asked.start : end]
        ],
        "StandardSequence": 1,
        "CustomSequence": 1,
        "FriendNum": len(friends),
        "CompleteFlag": int(end >= len(friends)),
        "NextStartIndex": 0 if end >= len(friends) else end,
    }


def _list(listing: Listing, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    match listing:
        case Listing.WHOLE:
            return items
        case Listing.MISSING:
            return items[1::2]
        case Listing.EXTRA:
            return [*items, items[0] | {"To_Account": _STRANGER}]
        case Listing.DUPLICATE:
            return [*items, items[0]]
        case Listing.SHUFFLED:
            return [*items[1::2], *items[::2]]
