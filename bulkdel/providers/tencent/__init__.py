"""Tencent Chat: friend_delete and friend_delete_all.

Sources: "Deleting Friends" (1047/34905 of 2025-10-23), "Deleting All Friends" (1047/34906 of
2024-07-16), "Verifying Friends" (1047/34907), "RESTful API Overview" (1047/34620 of 2025-10-23),
"Use Limits" (1047/34381).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import repeat
from operator import is_, itemgetter
from typing import Any, Final, assert_never
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
from bulkdel.providers.tencent.codes import ADVICE, BAD_PARAMETER, CODES
from bulkdel.providers.tencent.signing import usersig
from bulkdel.words import Answer, Batch, Entry, Mode, Operation, Ruling, Sweep, Verdict

_SIG_VALID_S: Final = 24 * 3600  # the least that the documentation advises
_SIG_RENEW_S: Final = 12 * 3600  # so a clock that is hours off still never shows an expired one

_REGIONS: Final = {
    "china": "https://console.tim.qq.com",
    "singapore": "https://adminapisgp.im.qcloud.com",
    "seoul": "https://adminapikr.im.qcloud.com",
    "tokyo": "https://adminapijpn.im.qcloud.com",
    "frankfurt": "https://adminapiger.im.qcloud.com",
    "silicon_valley": "https://adminapiusa.im.qcloud.com",
    "jakarta": "https://adminapiidn.im.qcloud.com",
    "mumbai": "https://adminapiind.im.qcloud.com",  # not in the pages since 2024-07
}

# Sent with every call: friend_delete states no default, friend_delete_all's is one-way.
_DELETE_TYPES: Final = {Mode.ONE_WAY: "Delete_Type_Single", Mode.TWO_WAY: "Delete_Type_Both"}

_TO_ACCOUNT: Final = itemgetter("To_Account")
_RESULT_CODE: Final = itemgetter("ResultCode")

# As in Err_SNS_FriendDelete_Not_Friend and Err_SNS_FriendGetList_Friend_Not_Exist.
_NOT_IN_LIST: Final = re.compile("not_friend|not_exist", re.IGNORECASE)


class Tencent(Provider):
    """Tencent Chat's REST API, version 4.

    It has no narrower rule for ids: the documentation says 32 bytes and merely recommends letters
    and digits, the printable-ASCII rule is the client SDK's own, and an account that was imported
    in other characters must still be removable.
    """

    name: str = "tencent"
    title: str = "Tencent Chat"
    regions: Mapping[str, str] = _REGIONS
    limits: Mapping[Operation, Limits] = {
        Operation.DELETE_FRIENDS: Limits(qps=200, batch_size=1000, batch_size_most=1000),
        Operation.DELETE_ALL_FRIENDS: Limits(qps=200, batch_size=1, batch_size_most=1),
    }
    id_rule: IdRule | None = None
    needs_admin: bool = True
    clock_most_s: float | None = None

    def credentials(self, app: App, now_s: float) -> Credentials:
        """A UserSig of the app's admin, good for 24 hours, renewed after 12."""
        token = usersig(
            app_id=app.app_id,
            account=app.admin,
            key=app.secret,
            now_s=int(now_s),
            valid_s=_SIG_VALID_S,
        )
        return Credentials(token=token, renew_at_s=now_s + _SIG_RENEW_S)

    def encode(
        self,
        entry: Entry,
        mode: Mode,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,  # noqa: ARG002  # the UserSig carries the time
        entropy: bytes,
    ) -> Call:
        """The POST that carries `entry`; `random` is the first 32 bits of `entropy`."""
        content: dict[str, object] = {
            "From_Account": entry.from_account,
            "DeleteType": _DELETE_TYPES[mode],
        }
        match entry:
            case Batch():
                checked_size(entry, self.limits[Operation.DELETE_FRIENDS])
                command = "friend_delete"
                content["To_Account"] = entry.to_accounts
            case Sweep():
                command = "friend_delete_all"
            case _:
                assert_never(entry)
        return _call(command, content, app=app, credentials=credentials, entropy=entropy)

    def decode(self, entry: Entry, status: int, body: bytes) -> Answer:
        """What a reply says of `entry`.

        Results for items win over the call's own code. An id without a result is unknown if the
        call's code is 0, and otherwise ruled by that code.
        """

        def judge(reply: replies.Reply, code: int) -> Answer:
            return _judge(entry, reply, code)

        return replies.answer(status, body, key="ErrorCode", codes=CODES, judge=judge)

    def encode_check(
        self,
        from_account: str,
        to_account: str,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,  # noqa: ARG002  # the UserSig carries the time
        entropy: bytes,
    ) -> Call:
        """friend_check of one pair, looking at one list only."""
        content: dict[str, object] = {
            "From_Account": from_account,
            "To_Account": [to_account],
            "CheckType": "CheckResult_Type_Single",
        }
        return _call("friend_check", content, app=app, credentials=credentials, entropy=entropy)

    def decode_check(self, status: int, body: bytes) -> Hearing:
        """What a reply to friend_check says of the app and its credentials."""
        return replies.hearing(status, body, key="ErrorCode", text="ErrorInfo", codes=CODES)

    def words(self, code: int) -> str:
        """Any code of a Ruling in a few words."""
        return in_words(CODES, code)

    def advice(self, code: int) -> str:
        """What to do about a code that refuses the app."""
        return ADVICE.get(code, "")


def _call(
    command: str,
    content: Mapping[str, object],
    *,
    app: App,
    credentials: Credentials,
    entropy: bytes,
) -> Call:
    """The POST of a friend command; `random` is the first 32 bits of `entropy`."""
    number = int.from_bytes(checked_entropy(entropy)[:4], "big")
    named = content.get("To_Account")
    return Call(
        method="POST",
        ids=len(named) if isinstance(named, (list, tuple)) else 1,
        hidden=(credentials.token,),
        path=f"/v4/sns/{command}",
        query=(
            f"sdkappid={app.app_id}&identifier={quote(app.admin, safe='')}"
            f"&usersig={credentials.token}&random={number}&contenttype=json"
        ),
        body=orjson.dumps(content),
    )


def _judge(entry: Entry, reply: replies.Reply, code: int) -> Answer:
    done = replies.DONE
    if code == 0 and reply.get("ActionStatus") not in ("OK", None):
        done = replies.NO_RESULT  # it says failed and succeeded in one breath
    if code == 0:
        whole = done
    else:
        whole = _rule(code, replies.text_of(reply.get("ErrorInfo")), replies.scope_of(entry))
    if isinstance(entry, Sweep):
        return Answer(rest=whole)
    results = reply.get("ResultItem")
    if not isinstance(results, list) or not results:
        return Answer(rest=replies.NO_RESULT if code == 0 else whole)
    if _all_done(results, entry):
        return Answer(rest=done)
    missing = replies.NO_RESULT if code == 0 else replies.unnamed(whole)
    return _join(entry, results, done, missing)


def _all_done(results: list[Any], batch: Batch) -> bool:
    """Whether every id of the batch, and no other, has code 0: the common case, made cheap.

    False wherever that is not plain; then `_join` looks at each item.
    """
    try:
        # By identity, since `false` and 0.0 equal 0; CPython keeps one object for the integer.
        if not all(map(is_, map(_RESULT_CODE, results), repeat(0))):
            return False
        names = list(map(_TO_ACCOUNT, results))
        return tuple(names) == batch.to_accounts or set(names) == set(batch.to_accounts)
    except (TypeError, KeyError):
        return False


def _join(batch: Batch, results: list[Any], done: Ruling, missing: Ruling) -> Answer:
    carried = frozenset(batch.to_accounts)
    found: dict[str, Ruling] = {}
    # Most results are alike: one object for each kind.
    rulings: dict[tuple[int, str], Ruling] = {}
    strangers = 0
    for result in results:
        if not isinstance(result, dict):
            continue
        account = result.get("To_Account")
        if not isinstance(account, str):
            continue
        if account not in carried:
            strangers += 1
            continue
        code = replies.code_of(result.get("ResultCode"))
        if code is None:
            ruling = replies.NO_RESULT
        elif code == 0:
            ruling = done
        else:
            info = result.get("ResultInfo")
            kind = (code, info if isinstance(info, str) else "")
            if kind not in rulings:
                rulings[kind] = _rule(code, replies.text_of(info), Scope.ITEM)
            ruling = rulings[kind]
        found[account] = replies.agree(found[account], ruling) if account in found else ruling
    return replies.join(batch, found, missing, strangers)


def _rule(code: int, info: str, scope: Scope) -> Ruling:
    # For a sweep the text cannot mean one friend, and for several ids not which one.
    if code == BAD_PARAMETER and scope in (Scope.ITEM, Scope.ONE) and _NOT_IN_LIST.search(info):
        return Ruling(verdict=Verdict.ALREADY_GONE, code=code, info=info)
    return rule(CODES, code, info, scope)
