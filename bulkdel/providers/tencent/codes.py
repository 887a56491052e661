"""Tencent Chat's result codes.

Sources, all agreeing where they overlap: "Error Codes" (1047/34348; 269/1671 of 2025-12-17; the
table in qcloud-documents), "RESTful API Overview" (1047/34620 of 2025-10-23), the public error
codes of a sibling product on the same gateway (679/131708), "Deleting Friends" (1047/34905 of
2025-10-23), "Deleting All Friends" (1047/34906 of 2024-07-16), and the FAQ on relationship chains
(1047/34457 of 2024-08-21).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import (
    CodeTable,
    Meaning,
    Scope,
    broken,
    failed,
    fatal,
    gone,
    malformed,
    resign,
    split,
    stray,
    throttled,
)
from bulkdel.providers.purge import Purge, stands, uncertain
from bulkdel.words import Mode, Ruling

# Sent with every call: friend_delete states no default, friend_delete_all's is one-way.
DELETE_TYPES: Final = {Mode.ONE_WAY: "Delete_Type_Single", Mode.TWO_WAY: "Delete_Type_Both"}

# As in Err_SNS_FriendDelete_Not_Friend and Err_SNS_FriendGetList_Friend_Not_Exist.
_NOT_IN_LIST: Final = re.compile("not_friend|not_exist", re.IGNORECASE)

_SECURITY_HOLD_S = 60.0  # 31707 says "do not delete so frequently" and not for how long
_LOCKED_OUT_S = 60.0  # 70050 asks for one minute

_MEANINGS: Final[Mapping[int, Meaning]] = {
    # The gateway
    60002: fatal("the HTTP request could not be read"),
    60003: fatal("the JSON of the request could not be read"),
    60004: fatal("account or signature wrong in the URL or body"),
    60005: fatal("account or signature wrong in the URL or body"),
    60006: fatal("the SDKAppID is not valid"),
    60007: throttled("calls of this API came too often"),
    60008: broken("the service timed out"),
    60009: fatal("no such resource: the URL is wrong"),
    60010: fatal("the calling account is no admin of the app"),
    60011: throttled("calls of this app came too often"),
    60012: fatal("the SDKAppID is missing from the URL"),
    60013: broken("the gateway could not read its backend's answer"),
    60014: broken("the account lookup timed out"),
    60015: malformed("an account is not a string"),
    60016: fatal("the app is disabled"),
    60017: fatal("the request is disabled"),
    60018: throttled("too many requests"),
    60019: throttled("too many requests"),
    60020: fatal("the app's package is expired or not active yet"),
    60021: fatal("calls from this IP address are not allowed"),
    # Accounts and UserSig
    70001: resign("the UserSig is expired"),
    70002: fatal("the UserSig is empty"),
    70003: fatal("the UserSig is malformed"),
    70005: fatal("the UserSig is malformed"),
    70009: resign("the UserSig was made with another app's key"),
    70013: fatal("the UserSig is for another account"),
    70014: fatal("the UserSig is for another SDKAppID"),
    70016: resign("no key for the SDKAppID: check it and the region"),
    70020: fatal("no such SDKAppID: check it and the region"),
    70050: fatal("wrong UserSigs too often: wait a minute", hold_s=_LOCKED_OUT_S),
    70051: fatal("the calling account is blocklisted"),
    70052: resign("the UserSig was made invalid"),
    70107: failed("the account does not exist"),
    70114: fatal("the calling account is restricted for security reasons"),
    70169: broken("the server timed out"),
    70202: broken("the server timed out"),
    70206: split("the number of accounts in the call is not allowed"),
    70398: stray("too many accounts for a trial app"),
    70402: malformed("a parameter is not allowed"),
    70403: fatal("the call needs an admin of the app"),
    70500: broken("internal error of the server"),
    71000: fatal("this edition of the app may not delete accounts"),
    72000: stray("too many daily active users for a trial app"),
    72001: stray("status queries are not enabled"),
    80001: stray("the text of a message was refused"),
    80002: stray("the text of a message was refused"),
    80003: stray("the text of a message was refused"),
    # Relationship chains
    # Ambiguous, says the FAQ: also given for somebody who is not in the list; the text tells.
    30001: split("a parameter is wrong, or the account is not in the list", gone=_NOT_IN_LIST),
    30002: fatal("the SDKAppID does not match"),
    30003: failed("the account does not exist"),
    30004: fatal("the call needs an admin of the app"),
    30005: stray("a relationship field holds a sensitive word"),
    30006: broken("internal error of the server"),
    30007: broken("the server's network timed out"),
    30008: broken("write conflict with another call", conflict=True),
    30009: stray("adding friends is forbidden"),
    30010: stray("the account has too many friends"),
    30011: stray("the account has too many lists"),
    30012: stray("the account has too many pending requests"),
    30013: stray("the account's blocklist is full"),
    30014: stray("the other account has too many friends"),
    30515: stray("the other account is on the blocklist"),
    30516: stray("the other account takes no friend requests"),
    30525: stray("the account is on the other's blocklist"),
    30539: stray("the friend request waits for consent"),
    30540: stray("friends were added too often"),
    30614: stray("no such pending request"),
    31704: gone("not a friend"),
    31706: stray("not found in any list"),
    31707: throttled("friends were deleted too often", hold_s=_SECURITY_HOLD_S),
    31804: failed("the account does not exist"),
}

_OTHER_KEY = "put the secret key of this very app_id where secret_env or secret_file points"
_OTHER_PLACE = "check app_id, and that region is the one the app was created in"
_NO_ADMIN = "let admin name an app administrator, as the console lists them (administrator is one)"

_ADVICE: Final[Mapping[int, str]] = {
    **dict.fromkeys((60006, 60012, 70014, 70016, 70020, 30002), _OTHER_PLACE),
    **dict.fromkeys((70003, 70005, 70009), _OTHER_KEY),
    **dict.fromkeys((60010, 70013, 70403, 30004), _NO_ADMIN),
    60016: "enable the app in the console",
    60020: "renew the app's package in the console",
    60021: "allow this machine's IP address in the console",
    70001: "set this machine's clock",
    70050: "wait a minute, then correct the secret key: the app refuses all calls meanwhile",
}

_NO_ACCOUNT: Final = uncertain(
    "Tencent says that an account of the pair does not exist in this app, so it removed nothing. "
    "An account that was deleted has lost its own friend list; whether it still stands on the "
    "other account's list is not documented.",
    "Check that the ids are the app's own and that it is the right app. Where the account was "
    "deleted, ask with friend_check whether the other one still lists it.",
    "Deleting Friends (1047/34905), Deleting Accounts (1047/34955)",
)
_WRONG_FORM: Final = stands(
    "Tencent refused the account's form, so it removed nothing.",
    "Check the id for what an export may have done to it, and run the right one in a new job.",
    "Error Codes (1047/34348)",
)

_PURGES: Final[Mapping[int, Purge]] = {
    **dict.fromkeys((30003, 31804, 70107), _NO_ACCOUNT),
    **dict.fromkeys((60015, 70402), _WRONG_FORM),
    30001: uncertain(
        "Tencent gives this code for a wrong parameter, and for somebody who is not on the list as "
        "well; here its text did not say which.",
        "Read the text in the ledger's info, check the ids, and ask with friend_check whether the "
        "friendship is there.",
        "FAQ on relationship chains (1047/34457)",
    ),
    70206: stands(
        "Tencent refused the call for its number of accounts, although it held one alone, so it "
        "removed nothing."
    ),
}

CODES: Final = CodeTable(
    key="ErrorCode", text="ErrorInfo", meanings=_MEANINGS, advice=_ADVICE, purges=_PURGES
)


CODES_BESIDE: Final = CODES.beside()
"""For calls that ask: friend_check and friend_get."""


def own_ruling(reply: replies.Reply, code: int, scope: Scope, codes: CodeTable = CODES) -> Ruling:
    """The ruling of a reply's own code; none can be read where it says OK and not OK at once."""
    if code == 0 and reply.get("ActionStatus") not in ("OK", None):
        return replies.NO_RESULT
    return replies.whole(reply, code, scope, codes)
