"""ZEGOCLOUD ZIM's friend calls: DeleteFriends, DeleteAllFriends, CheckFriendsRelation, list.

Sources: ZEGOCLOUD/docs_all at 7fdebd41 (2026-08-21), docs_zim_server: shared-components.yaml,
batch-delete-friends.yaml, delete-all-friends.yaml, check-friendships.yaml, Return codes.mdx, and
SigningTheRequestEN.mdx. DeleteType 0 deletes both sides, 1 only From's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.rules import Rules, are_texts, is_short
from bulkdel.emulator.wire import Action, EmulatedApp, Quirks, Reading
from bulkdel.emulator.world import World

_ACTIONS: Final[Mapping[str, tuple[str, Action]]] = {
    "DeleteFriends": ("POST", Action.DELETE),
    "DeleteAllFriends": ("GET", Action.DELETE_ALL),
    "CheckFriendsRelation": ("POST", Action.CHECK),
    "QueryFriendList": ("GET", Action.LIST),
}
_BATCH_LIMIT = 20
_PAGE = 100
_CLOCK_SKEW_S = 600
_NONCES_CAP = 1_000_000
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_NONCE = re.compile(r"[0-9a-fA-F]{16}", re.ASCII)
_STRANGER = "account_nobody_asked_for"

CODES: Final[Mapping[int, str]] = {
    0: "success",
    1: "failed, server busy",
    2: "bad parameter",
    3: "authentication failed",
    7: "too many requests per second",
    51102: "user does not exist",
    105001: "database request failed",
    100000000: "wrong host",
    100000001: "AppId malformed",
    100000002: "Timestamp empty",
    100000003: "Timestamp malformed",
    100000004: "signature expired",
    100000005: "signature error",
    100000006: "Action empty",
    100000007: "Action not supported",
    100000008: "SignatureNonce empty",
    100000009: "Signature empty",
    100000010: "ServerSecret lookup failed",
    100000011: "app config lookup failed",
    100000012: "body could not be read",
    100000013: "SignatureVersion empty",
    100000014: "SignatureVersion not supported",
    100000015: "gateway internal error",
    100000016: "no production environment",
    100000017: "service not enabled",
    660000001: "general server error, please retry",
    660000002: "bad input",
    660000003: "logic processing error, please retry",
    660000011: "user list too large",
    660000012: "UserId longer than 32 bytes",
    660000028: "not available in this edition",
    660200001: "user missing or logged out",
    660300005: "call frequency above the limit of this AppId",
    660300006: "call frequency above the limit of the group",
    660500002: "FromUserId not registered",
    660700012: "user does not exist",
    660700013: "user query error",
    660700015: "user not registered",
    660700016: "user sync error",
    660700017: "user update error",
    660800019: "more UserIds than allowed in one call",
    660800022: "duplicate UserIds",
    660800025: "none of the targets is registered",
    660800033: "a UserId equals FromUserId",
    660800034: "not a friend of FromUserId",
}
"""The emulator's own short text for each documented code that may meet a deletion."""


class Zego(Rules):
    """One ZIM app. Order of the checks: Action, credentials, then what is asked."""

    name: ClassVar[str] = "zego"
    ceiling: ClassVar[int] = 20
    codes: ClassVar[Mapping[int, str]] = CODES
    throttled: ClassVar[int] = 660300005
    conflict: ClassVar[int] = 660000003  #: no code is documented for it
    busy: ClassVar[int] = 660000001
    unknown_from: ClassVar[int] = 660500002
    unknown_to: ClassVar[int] = 660700012
    not_friend: ClassVar[int] = 660800034

    def __init__(self, app: EmulatedApp, quirks: Quirks) -> None:
        self._app = app
        self._quirks = quirks
        self._revoked_before = 0
        self._nonces: dict[str, float] = {}
        self._nonce_order: deque[str] = deque()
        self._requests = 0

    def owns(self, path: str) -> bool:
        """Whether a path belongs to this provider."""
        return path == "/"

    def revoke(self, before: float) -> None:
        """Answer 100000004 to signatures of a Timestamp before a moment, in Unix seconds."""
        self._revoked_before = int(before)

    def admit(self, query: Mapping[str, str], now: float) -> int:
        """Check the common parameters and the signature; 0 or the code that refuses them."""
        code = self._verify(query, now)
        if code or not self._quirks.strict_nonce:
            return code
        return 0 if self._is_new(query["SignatureNonce"], now) else 100000005

    def _verify(self, query: Mapping[str, str], now: float) -> int:
        app_id = query.get("AppId", "")
        stamp = query.get("Timestamp", "")
        nonce = query.get("SignatureNonce", "")
        signature = query.get("Signature", "")
        version = query.get("SignatureVersion", "")
        signed = f"{app_id}{nonce}{self._app.secret}{stamp}"
        digest = hashlib.md5(signed.encode(errors="replace"), usedforsecurity=False).hexdigest()
        checks = (
            (not _DIGITS.fullmatch(app_id), 100000001),
            (not stamp, 100000002),
            (not _DIGITS.fullmatch(stamp), 100000003),
            (not nonce, 100000008),
            (not signature, 100000009),
            (not version, 100000013),
            (version != "2.0", 100000014),
            (app_id != str(self._app.app_id), 100000011),
            (not _NONCE.fullmatch(nonce), 100000005),
            (
                not hmac.compare_digest(digest.encode(), signature.encode(errors="replace")),
                100000005,
            ),
        )
        if code := next((code for wrong, code in checks if wrong), 0):
            return code
        if abs(now - int(stamp)) > _CLOCK_SKEW_S or int(stamp) < self._revoked_before:
            return 100000004
        return 0

    def _is_new(self, nonce: str, now: float) -> bool:
        order = self._nonce_order
        while order and (
            self._nonces[order[0]] < now - 2 * _CLOCK_SKEW_S or len(order) >= _NONCES_CAP
        ):
            del self._nonces[order.popleft()]
        if nonce in self._nonces:
            return False
        self._nonces[nonce] = now
        order.append(nonce)
        return True

    def read(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reading:
        """Understand a call; never raises, whatever was sent."""
        name = query.get("Action", "")
        if path != "/" or name not in _ACTIONS:
            return Reading(action=None, refused=100000007 if name else 100000006)
        expected, action = _ACTIONS[name]
        if method != expected:
            return Reading(action=action, refused=660000002)
        if method == "GET":
            return _read_query(action, query)
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return Reading(action=action, refused=100000012)
        if not isinstance(content, dict):
            return Reading(action=action, refused=100000012)
        return self._read_ids(action, content)

    def _read_ids(self, action: Action, content: dict[str, Any]) -> Reading:
        account = content.get("FromUserId")
        ids = content.get("UserIds")
        kind = content.get("DeleteType" if action is Action.DELETE else "CheckType")
        if (
            not isinstance(account, str)
            or not account
            or not isinstance(ids, list)
            or not ids
            or not are_texts(ids)
            or not all(ids)
            or type(kind) is not int
            or kind not in {0, 1}
        ):
            known = account if isinstance(account, str) else ""
            return Reading(action=action, account=known, refused=660000002)
        refused = 0
        if not is_short(account):
            refused = 660000012
        elif len(ids) > (self._quirks.batch_limit or _BATCH_LIMIT):
            refused = 660800019
        elif len(set(ids)) != len(ids):
            refused = 660800022
        elif account in ids:
            refused = 660800033
        return Reading(
            action=action,
            account=account,
            ids=tuple(ids),
            two_way=kind == 0,
            failed={to: 660000012 for to in ids if not is_short(to)},
            refused=refused,
        )

    def answer(
        self, asked: Reading, failures: Mapping[str, int], world: World, listing: Listing
    ) -> tuple[int, bytes]:
        """The top-level code and the body of an accepted call.

        Where every id failed the code is the first one's, since it must be another than 0.
        """
        match asked.action:
            case Action.DELETE:
                errors = [{"UserId": to, "SubCode": code} for to, code in failures.items()]
                code = 0
                if errors and len(errors) == len(asked.ids):
                    code = self._quirks.all_failed_code or next(iter(failures.values()))
                return code, self._body(code, {"ErrorList": _list(listing, errors)})
            case Action.CHECK:
                return 0, self._body(0, _relations(asked, failures, world))
            case Action.LIST:
                return 0, self._body(0, _page(asked, world))
            case _:
                return 0, self._body(0, {})

    def refuse(self, code: int) -> bytes:
        """The body of a refused call."""
        return self._body(code, {})

    def _body(self, code: int, more: Mapping[str, Any]) -> bytes:
        self._requests += 1
        message = CODES.get(code, "unknown error")
        return orjson.dumps(
            {"Code": code, "Message": message, "RequestId": f"{self._requests:019d}", **more}
        )


def _read_query(action: Action, query: Mapping[str, str]) -> Reading:
    account = query.get("FromUserId", "")
    if not account:
        return Reading(action=action, refused=660000002)
    if not is_short(account):
        return Reading(action=action, account=account, refused=660000012)
    if action is Action.DELETE_ALL:
        kind = query.get("DeleteType")
        if kind not in {"0", "1"}:
            return Reading(action=action, account=account, refused=660000002)
        return Reading(action=action, account=account, two_way=kind == "0")
    limit, start = query.get("Limit", "0"), query.get("Next", "0")
    if not _DIGITS.fullmatch(limit) or not _DIGITS.fullmatch(start):
        return Reading(action=action, account=account, refused=660000002)
    limit_n = int(limit) if 0 < int(limit) <= _PAGE else _PAGE
    return Reading(action=action, account=account, start=int(start), limit=limit_n)


def _relations(asked: Reading, failures: Mapping[str, int], world: World) -> dict[str, Any]:
    successes = []
    for to in asked.ids:
        if to not in failures:
            forth = world.has(asked.account, to)
            # One-way: 1 A lacks B, 2 A has B. Two-way: 3 neither, 4 only A, 5 only B, 6 both.
            relation = 1 + forth
            if asked.two_way:
                relation = 3 + forth + 2 * world.has(to, asked.account)
            successes.append({"UserId": to, "Relation": relation})
    fails = [{"UserId": to, "SubCode": code, "Relation": 0} for to, code in failures.items()]
    return {"Successes": successes, "Fails": fails}


def _page(asked: Reading, world: World) -> dict[str, Any]:
    friends = sorted(world.of(asked.account))
    end = asked.start + asked.limit
    return {
        "TotalCount": len(friends),
        "Next": 0 if end >= len(friends) else end,
        "FriendInfos": [
            {
                "UserId": friend,
                "UserName": "",
                "Avatar": "",
                "Wording": "",
                "FriendAlias": "",
                "CreateTime": 0,
                "Attributes": [],
            }
            for friend in friends[asked.start : end]
        ],
    }


def _list(listing: Listing, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    match listing:
        case Listing.WHOLE | Listing.MISSING:  # an unlisted id is one that was deleted
            return errors
        case Listing.EXTRA:
            return [*errors, {"UserId": _STRANGER, "SubCode": 660800034}]
        case Listing.DUPLICATE:
            return errors + errors[:1]
        case Listing.SHUFFLED:
            return errors[::-1]
