"""ZIM's credentials, and what the provider is asked for."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.rules import Nonces, Rules
from bulkdel.emulator.wire import Action, EmulatedApp, Reading
from bulkdel.emulator.world import World
from bulkdel.emulator.zego import answers, entry
from bulkdel.emulator.zego.codes import CODES
from bulkdel.emulator.zego.reading import ACTIONS, read_content, read_query

_CLOCK_SKEW_S = 600
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_NONCE = re.compile(r"[0-9a-fA-F]{16}", re.ASCII)


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
    unknown_added: ClassVar[int] = answers.UNREGISTERED
    not_friend: ClassVar[int] = answers.NOT_FRIEND
    friend_already: ClassVar[int] = 660800027
    full: ClassVar[int] = 660800028
    made_data = staticmethod(entry.made_data)
    other_side = staticmethod(entry.other_side)

    def __init__(self, app: EmulatedApp, habits: Habits) -> None:
        self._app = app
        self._habits = habits
        self._revoked_before = 0
        self._nonces = Nonces(2 * _CLOCK_SKEW_S)
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
        if code or self._habits.nonce_twice == "accepted":
            return code
        return 0 if self._nonces.is_new(query["SignatureNonce"], now) else 100000005

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

    def read(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, now: float
    ) -> Reading:
        """Understand a call; never raises, whatever was sent. `now` is Unix seconds."""
        name = query.get("Action", "")
        if path != "/" or name not in ACTIONS:
            return Reading(action=None, refused=100000007 if name else 100000006)
        expected, action = ACTIONS[name]
        if method != expected:
            return Reading(action=action, refused=660000002)
        if method == "GET":
            return read_query(action, query)
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return Reading(action=action, refused=100000012)
        if not isinstance(content, dict):
            return Reading(action=action, refused=100000012)
        return read_content(action, content, self._habits, now)

    def answer(
        self, asked: Reading, failures: Mapping[str, int], world: World, listing: Listing
    ) -> tuple[int, bytes]:
        """The top-level code and the body of an accepted call."""
        code = 0
        more: Mapping[str, Any] = {}
        match asked.action:
            case Action.DELETE | Action.ADD | Action.ALIAS | Action.ATTRIBUTES:
                code, more = answers.results(asked, failures, self._habits, listing)
            case Action.CHECK:
                code, more = answers.relations(asked, failures, world, self._habits, listing)
            case Action.LIST:
                more = answers.page(asked, world, listing)
            case _:
                pass
        return code, self._body(code, more)

    def refuse(self, code: int) -> bytes:
        """The body of a refused call."""
        return self._body(code, {})

    def _body(self, code: int, more: Mapping[str, Any]) -> bytes:
        self._requests += 1
        message = CODES.get(code, "unknown error")
        return orjson.dumps(
            {"Code": code, "Message": message, "RequestId": f"{self._requests:019d}", **more}
        )
