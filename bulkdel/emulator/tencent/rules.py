"""Tencent's credentials, and what the provider is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import orjson

from bulkdel.emulator.faults import Listing
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.rules import Nonces, Rules, are_ids
from bulkdel.emulator.tencent import answers, entry
from bulkdel.emulator.tencent.codes import CODES
from bulkdel.emulator.tencent.reading import PATHS, read_content
from bulkdel.emulator.tencent.usersig import UserSig, open_usersig
from bulkdel.emulator.wire import Action, EmulatedApp, Reading
from bulkdel.emulator.world import World

_PREFIX = "/v4/"
_RANDOM_MAX = 2**32 - 1
_RANDOM_VALID_S = 1200.0
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)


class Tencent(Rules):
    """One Tencent app.

    Order of the checks: URL and method, credentials as VerifyUserSig does them, then the body.
    """

    name: ClassVar[str] = "tencent"
    ceiling: ClassVar[int] = 200
    codes: ClassVar[Mapping[int, str]] = CODES
    throttled: ClassVar[int] = 60011
    conflict: ClassVar[int] = 30008
    busy: ClassVar[int] = 30006
    unknown_from: ClassVar[int] = 30003
    unknown_to: ClassVar[int] = 30003
    unknown_added: ClassVar[int] = 30003
    not_friend: ClassVar[int] = answers.NOT_FRIEND
    friend_already: ClassVar[int] = 0
    full: ClassVar[int] = 30010
    made_data = staticmethod(entry.made_data)
    other_side = staticmethod(entry.other_side)

    def __init__(self, app: EmulatedApp, habits: Habits) -> None:
        self._app = app
        self._habits = habits
        self._revoked_before = 0
        self._refused_in_a_row = 0
        self._locked_until = 0.0
        self._randoms = Nonces(_RANDOM_VALID_S)

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
            if self._refused_in_a_row >= self._habits.lockout_after:
                self._refused_in_a_row = 0
                self._locked_until = now + self._habits.lockout_s
        elif not code:
            self._refused_in_a_row = 0
            random = query.get("random", "")
            if self._habits.nonce_twice == "refused" and not self._randoms.is_new(random, now):
                return 60002
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

    def read(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, now: float
    ) -> Reading:
        """Understand a call; never raises, whatever was sent. `now` is Unix seconds."""
        action = PATHS.get(path)
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
        return read_content(path, account, content, habits=self._habits, now=now)

    def answer(
        self, asked: Reading, failures: Mapping[str, int], world: World, listing: Listing
    ) -> tuple[int, bytes]:
        """The top-level code and the body of an accepted call.

        Where every id failed the code is 0, as its sibling calls answer.
        """
        match asked.action:
            case Action.DELETE | Action.ADD:
                return answers.results(asked, failures, self._habits, listing)
            case Action.CHECK:
                return answers.relations(asked, failures, world, self._habits, listing)
            case Action.LIST:
                return 0, answers.page(asked, world, listing)
            case _:
                return 0, answers.body(0, {})

    def refuse(self, code: int) -> bytes:
        """The body of a refused call."""
        return answers.body(code, {})
