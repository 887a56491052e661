"""ZEGOCLOUD ZIM's result codes.

Sources: "Return codes" and the pages of DeleteFriends and DeleteAllFriends in ZEGO's documentation
repository (docs_all, 2026-08-21). That table is not complete: other pages name codes it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bulkdel.providers.codes import (
    CodeTable,
    Meaning,
    broken,
    failed,
    fatal,
    gone,
    malformed,
    oversized,
    resign,
    split,
    stray,
    throttled,
    unready,
)
from bulkdel.providers.purge import Friendship, Purge, stands, uncertain
from bulkdel.words import Mode

# The reverse of what one expects: 0 is the one that deletes both sides.
DELETE_TYPES: Final = {Mode.TWO_WAY: 0, Mode.ONE_WAY: 1}


def _strays(subject: str, *codes: Iterable[int]) -> dict[int, Meaning]:
    return {code: stray(f"concerns {subject}") for some in codes for code in some}


_GATEWAY = {
    1: broken("the server is busy"),
    2: malformed("a parameter is wrong"),
    3: resign("authentication failed"),
    7: throttled("too many requests a second"),
    50014: stray("a user name is too long"),
    51102: failed("the user does not exist or never logged in"),
    105001: broken("the server's database failed"),
    100000000: fatal("wrong host"),
    100000001: fatal("the AppId is malformed"),
    100000002: fatal("the Timestamp is empty"),
    100000003: fatal("the Timestamp is malformed"),
    100000004: resign("the signature is expired: check this machine's clock"),
    100000005: resign("the signature is wrong: check AppId and ServerSecret"),
    100000006: fatal("the Action is empty"),
    100000007: fatal("the Action is not supported"),
    100000008: fatal("the SignatureNonce is empty"),
    100000009: fatal("the Signature is empty"),
    # Looked up before the call is checked, let alone carried out; documented as an internal
    # failure first and a wrong AppId second, so a few tries rather than the end of a night's run.
    100000010: unready("the ServerSecret could not be looked up: check the AppId"),
    100000011: unready("the app's settings could not be looked up: check the AppId"),
    100000012: broken("the gateway could not read the body"),
    100000013: fatal("the SignatureVersion is empty"),
    100000014: fatal("the SignatureVersion is not supported"),
    100000015: broken("internal error of the gateway"),
    100000016: fatal("the app has no production environment"),
    100000017: fatal("the service is not enabled for the app"),
}

_FRIENDS = {
    660000001: broken("internal error of the server"),
    660000002: split("a parameter is wrong"),
    660000003: broken("error while the server worked on it"),
    660000011: oversized("too many users in the call"),
    660000012: split("a user id is longer than 32 bytes"),
    660000028: fatal("not available in the app's free edition"),
    660200001: failed("the user is missing or was never logged in"),
    660300005: throttled("calls of this app came too often"),
    660300006: throttled("calls for one room or group came too often"),
    660500002: failed("the From user is not registered"),
    660700001: throttled("users were registered too often"),
    660700002: failed("the user exists already"),
    660700006: failed("the user's name is too long"),
    660700007: failed("the user's avatar address is too long"),
    660700008: failed("the user's details are wrong"),
    660700012: failed("the user does not exist"),
    660700013: broken("the user could not be looked up"),
    660700015: failed("the user is not registered"),
    660700016: broken("the user could not be synchronised"),
    660700017: broken("the user could not be updated"),
    660800019: oversized("more users in the call than the app's limit"),
    660800020: stray("nobody can befriend himself"),
    660800021: stray("an alias or wording is too long"),
    660800022: split("a user is named twice in the call"),
    660800023: stray("a friend attribute's key is wrong"),
    660800024: stray("friend attributes are too long"),
    660800025: failed("none of the users is registered"),
    660800026: stray("a friend attribute is wrong"),
    660800027: stray("already a friend"),
    660800028: stray("too many friends"),
    660800032: stray("a friend attribute's key is named twice"),
    660800033: split("a user to delete is the From user"),
    660800034: gone("not a friend"),
    660800046: stray("a timestamp lies in the future"),
}

_OTHERS = (
    _strays("messages", range(660000022, 660000028), (660400001,))
    | _strays("rooms", (660300001, 660300002, 660300007, 660300008), (660300012, 660300014))
    | _strays("rooms", (660300015, 660300019))
    | _strays("push and moderation", range(660500004, 660500008), (660500009, 660500010))
    | _strays("groups", (660600001, 660600003, 660600006, 660600008, 660600009))
    | _strays("groups", range(660600011, 660600018), (660600019,), range(660600020, 660600025))
    | _strays("groups", (660600028, 660600029, 660600030, 660600032, 660600033))
    | _strays("conversations", (660800001, 660800002, 660800030, 660800045, 660800048))
    | _strays("conversations", range(660800051, 660800054))
    | _strays("blocklists", range(660800037, 660800045))
    | _strays("calls between users", range(660900003, 660900009))
    | _strays("edited messages", (661000001, 661000005))
)

_OTHER_THROTTLES = dict.fromkeys(
    (660500003, 660600004, 660600005, 660600007, 660600010),
    throttled("calls of another kind came too often"),
)

_MEANINGS: Final[Mapping[int, Meaning]] = _OTHERS | _OTHER_THROTTLES | _FRIENDS | _GATEWAY

_OTHER_APP = "check app_id: it is the AppId of the console"
_OTHER_KEY = (
    "put the ServerSecret (not the AppSign) of this very app_id where secret_env or secret_file "
    "points"
)

_ADVICE: Final[Mapping[int, str]] = {
    **dict.fromkeys((100000001, 100000010, 100000011), _OTHER_APP),
    **dict.fromkeys((3, 100000005), _OTHER_KEY),
    100000000: "check region or endpoint",
    100000004: "set this machine's clock: ten minutes are allowed",
    100000016: "take the app into production in the console",
    100000017: "enable In-app Chat (ZIM) for the app in the console",
    660000028: "friends need another edition of the app",
}

_NO_USER: Final = uncertain(
    "ZEGO says that a user of the pair is not registered or never logged in. It deletes only "
    "between registered users, so it removed nothing; whether such a user still stands on a friend "
    "list is not documented.",
    "Check that the ids are the app's own and that it is the right app. Then ask with "
    "CheckFriendsRelation, or ask ZEGO's support, whether the friendship is there.",
    "DeleteFriends and Return codes of the ZIM server API",
)
_REFUSED_WHOLE: Final = stands(
    "ZEGO refused the call as a whole, although it held one user alone, so it removed nothing.",
    "Check the id for what an export may have done to it, and run the right one in a new job.",
    "DeleteFriends of the ZIM server API",
)
_OF_REGISTERING: Final = uncertain(
    "The code is documented for registering users; what it means for a deletion is not documented.",
    "Ask with CheckFriendsRelation, or ask ZEGO's support, whether the friendship is there.",
)

_PURGES: Final[Mapping[int, Purge]] = {
    **dict.fromkeys((51102, 660200001, 660500002, 660700012, 660700015, 660800025), _NO_USER),
    **dict.fromkeys((2, 660000002, 660000011, 660800019, 660800022), _REFUSED_WHOLE),
    **dict.fromkeys((660700002, 660700006, 660700007, 660700008), _OF_REGISTERING),
    660000012: stands(
        "ZEGO takes no id of more than 32 bytes, so it removed nothing, and no user of the app has "
        "this id.",
        "Find out what made the id longer, and run the right one in a new job.",
        "Return codes of the ZIM server API",
    ),
    660800033: Purge(
        friendship=Friendship.NONE,
        words="The pair names one user twice, and nobody can befriend himself.",
        mend="Nothing is to be done, unless one of the two ids is wrong.",
        source="Return codes of the ZIM server API",
    ),
}

CODES: Final = CodeTable(
    key="Code", text="Message", meanings=_MEANINGS, advice=_ADVICE, purges=_PURGES
)
CODES_BESIDE: Final = CODES.beside()
"""For calls that ask: CheckFriendsRelation and QueryFriendList."""
