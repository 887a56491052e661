"""ZEGOCLOUD ZIM: DeleteFriends and DeleteAllFriends.

Source: ZEGO's documentation repository (docs_all, 2026-08-21): "Accessing Server APIs" and its
page on signing, batch-delete-friends.yaml, check-friendships.yaml, and the page of
DeleteAllFriends.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, assert_never
from urllib.parse import quote

import orjson

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope, in_words, rule
from bulkdel.providers.protocol import (
    App,
    Call,
    Credentials,
    Hearing,
    IdRule,
    Limits,
    Provider,
    checked_entropy,
    checked_size,
)
from bulkdel.providers.zego.codes import ADVICE, CODES
from bulkdel.words import Answer, Batch, Entry, Mode, Operation, Ruling, Sweep

_REGIONS: Final = {
    "global": "https://zim-api.zego.im",
    "shanghai": "https://zim-api-sha.zego.im",
    "hong_kong": "https://zim-api-hkg.zego.im",
    "frankfurt": "https://zim-api-fra.zego.im",
    "california": "https://zim-api-lax.zego.im",
    "mumbai": "https://zim-api-bom.zego.im",
    "singapore": "https://zim-api-sgp.zego.im",
}

_ONE_LIST: Final = 1  # CheckFriendsRelation's CheckType that looks at one list only

# The reverse of what one expects: 0 is the one that deletes both sides.
_DELETE_TYPES: Final = {Mode.TWO_WAY: 0, Mode.ONE_WAY: 1}

_ID_RULE: Final = IdRule(
    name="zego_charset",
    words="ZIM user ids hold only letters, digits, spaces and !#$%&()+-:;<=.>?@[]^_{}|~",
    pattern=r"[0-9A-Za-z !#$%&()+\-:;<=.>?@\[\]\^_{}|~]+",
)


class Zego(Provider):
    """ZIM's server API, version 2.

    The id rule is the documented set of characters and the space: the page of 2024-10-24 allowed
    it, as ZIM's other calls still do, so ids with spaces exist and must be removable.
    """

    name: str = "zego"
    title: str = "ZEGOCLOUD ZIM"
    regions: Mapping[str, str] = _REGIONS
    limits: Mapping[Operation, Limits] = {
        Operation.DELETE_FRIENDS: Limits(qps=20, batch_size=20, batch_size_most=50),
        Operation.DELETE_ALL_FRIENDS: Limits(qps=20, batch_size=1, batch_size_most=1),
    }
    id_rule: IdRule | None = _ID_RULE
    needs_admin: bool = False
    clock_most_s: float | None = 600

    def credentials(self, app: App, now_s: float) -> Credentials:  # noqa: ARG002  # see below
        """None to keep: every call is signed anew from the app's secret."""
        return Credentials(token="", renew_at_s=math.inf)

    def encode(
        self,
        entry: Entry,
        mode: Mode,
        *,
        app: App,
        credentials: Credentials,  # noqa: ARG002  # every call is signed anew
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """The call that carries `entry`: a POST for a Batch, a GET for a Sweep."""
        match entry:
            case Batch():
                checked_size(entry, self.limits[Operation.DELETE_FRIENDS])
                content = {
                    "FromUserId": entry.from_account,
                    "UserIds": entry.to_accounts,
                    "DeleteType": _DELETE_TYPES[mode],
                }
                signed = _signed("DeleteFriends", app, now_s, entropy, ids=len(entry.to_accounts))
                return replace(signed, method="POST", body=orjson.dumps(content))
            case Sweep():
                signed = _signed("DeleteAllFriends", app, now_s, entropy)
                account = quote(entry.from_account, safe="")
                more = f"&FromUserId={account}&DeleteType={_DELETE_TYPES[mode]}"
                return replace(signed, query=signed.query + more)
            case _:
                assert_never(entry)

    def decode(self, entry: Entry, status: int, body: bytes) -> Answer:
        """What a reply says of `entry`.

        By the rules of batch-delete-friends.yaml: with Code 0 the ids in ErrorList failed and all
        others are deleted; with another Code nothing is, and ErrorList says why for each id.
        """

        def judge(reply: replies.Reply, code: int) -> Answer:
            return _judge(entry, reply, code)

        return replies.answer(status, body, key="Code", codes=CODES, judge=judge)

    def encode_check(
        self,
        from_account: str,
        to_account: str,
        *,
        app: App,
        credentials: Credentials,  # noqa: ARG002  # every call is signed anew
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """CheckFriendsRelation of one pair, looking at one list only."""
        content = {"FromUserId": from_account, "UserIds": [to_account], "CheckType": _ONE_LIST}
        signed = _signed("CheckFriendsRelation", app, now_s, entropy)
        return replace(signed, method="POST", body=orjson.dumps(content))

    def decode_check(self, status: int, body: bytes) -> Hearing:
        """What a reply to CheckFriendsRelation says of the app and its credentials."""
        return replies.hearing(status, body, key="Code", text="Message", codes=CODES)

    def words(self, code: int) -> str:
        """Any code of a Ruling in a few words."""
        return in_words(CODES, code)

    def advice(self, code: int) -> str:
        """What to do about a code that refuses the app."""
        return ADVICE.get(code, "")


def _signed(action: str, app: App, now_s: float, entropy: bytes, *, ids: int = 1) -> Call:
    """A GET with what every call has: a signature that only its nonce and second were made for."""
    nonce = checked_entropy(entropy).hex()
    second = int(now_s)
    signature = hashlib.md5(  # ZEGO's choice of hash
        f"{app.app_id}{nonce}{app.secret.reveal()}{second}".encode(), usedforsecurity=False
    ).hexdigest()
    return Call(
        method="GET",
        path="/",
        query=(
            f"Action={action}&AppId={app.app_id}&SignatureNonce={nonce}&Timestamp={second}"
            f"&SignatureVersion=2.0&Signature={signature}"
        ),
        body=None,
        ids=ids,
        hidden=(nonce, signature),
    )


def _judge(entry: Entry, reply: replies.Reply, code: int) -> Answer:
    if code == 0:
        whole = replies.DONE
    else:
        message = replies.text_of(reply.get("Message"))
        whole = rule(CODES, code, message, replies.scope_of(entry))
    errors = reply.get("ErrorList")
    # A call refused for its size is refused whole, whatever its list repeats for each id.
    if isinstance(entry, Sweep) or errors is None or errors == [] or whole.shrink:
        return Answer(rest=whole)
    missing = whole if code == 0 else replies.unnamed(whole)
    if not isinstance(errors, list):
        return Answer(rest=replies.NO_RESULT if code == 0 else missing)
    return _join(entry, errors, missing)


def _join(batch: Batch, errors: list[object], missing: Ruling) -> Answer:
    carried = frozenset(batch.to_accounts)
    found: dict[str, Ruling] = {}
    strangers = 0
    for error in errors:
        account = error.get("UserId") if isinstance(error, dict) else None
        if not isinstance(error, dict) or not isinstance(account, str):
            # Somebody failed and we cannot tell who: "not listed" is no success any more.
            missing = replies.NO_RESULT if missing is replies.DONE else missing
            continue
        if account not in carried:
            strangers += 1
            continue
        code = replies.code_of(error.get("SubCode"))
        ruling = rule(CODES, code, "", Scope.ITEM) if code else replies.NO_RESULT
        found[account] = replies.agree(found[account], ruling) if account in found else ruling
    return replies.join(batch, found, missing, strangers)
