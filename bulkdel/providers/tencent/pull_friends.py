"""friend_get: a page of one account's friend list, with all that the list says of each friend.

Source: "Pulling Friends" (1047/34908).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import orjson

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.protocol import Command, Cursor, Friend, Limits, OperationCalls, Page
from bulkdel.providers.tencent.codes import CODES_BESIDE, own_ruling
from bulkdel.words import Mode, Ruling

# How many friends a page holds is not documented; a list holds at most so many.
_FRIENDS_MOST: Final = 3000


def _encode(cursor: Cursor, _: Mode) -> Command:
    content = {
        "From_Account": cursor.account,
        "StartIndex": cursor.at or 0,
        # Where a sequence is the server's own, its data is left out of the reply: never that one.
        "StandardSequence": 0,
        "CustomSequence": 0,
    }
    return Command(name="friend_get", content=content, ids=_FRIENDS_MOST)


def decode(cursor: Cursor, status: int, body: bytes) -> Page | Ruling:
    """The page that was asked for, or the ruling why there is none."""
    own = partial(own_ruling, scope=Scope.SWEEP, codes=CODES_BESIDE)
    return replies.page(
        status, body, codes=CODES_BESIDE, own=own, read=partial(_page, cursor.at or 0)
    )


def _page(start: int, reply: replies.Reply) -> Page | None:
    ended = replies.code_of(reply.get("CompleteFlag"))
    following = None if ended else replies.code_of(reply.get("NextStartIndex"))
    if ended is None or (not ended and (following is None or following <= start)):
        return None
    sequences = (reply.get("StandardSequence"), reply.get("CustomSequence"))
    return replies.page_of(
        _friends(reply.get("UserDataItem", [])),
        first=not start,
        following=following,
        stamp=tuple(map(replies.code_of, sequences)),
        total=replies.code_of(reply.get("FriendNum")),
    )


def _friends(items: Any) -> list[Friend] | None:
    """The friends on a page; None where one is not named, or its data is missing."""
    if not isinstance(items, list):
        return [] if items is None else None
    friends = []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("ValueItem"), list):
            return None
        account = item.get("To_Account")
        if not isinstance(account, str) or not account:
            return None
        friends.append(Friend(account=account, data=orjson.dumps(item).decode()))
    return friends


PULL_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=200, batch_size=1, batch_size_most=1), encode=_encode, decode=decode
)
