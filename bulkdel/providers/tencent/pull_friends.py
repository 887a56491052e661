"""friend_get: a page of one account's friend list, with all that the list says of each friend.

Source: "Pulling Friends" (1047/34908).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.operations import Command, Cursor, Limits, OperationCalls, Page
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


def _decode(cursor: Cursor, status: int, body: bytes) -> Page | Ruling:
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
    standard, custom = (reply.get(f"{kind}Sequence") for kind in ("Standard", "Custom"))
    return replies.page_of(
        replies.friends_of(reply.get("UserDataItem"), "To_Account", _has_data),
        first=not start,
        following=following,
        # Whether a list without custom fields has a sequence of them is not documented.
        stamp=(replies.code_of(standard), -1 if custom is None else replies.code_of(custom)),
        total=replies.code_of(reply.get("FriendNum")),
    )


def _has_data(item: replies.Reply) -> bool:
    values = item.get("ValueItem")
    return isinstance(values, list) and all(
        isinstance(one, dict) and isinstance(one.get("Tag"), str) and "Value" in one
        for one in values
    )


PULL_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=200, batch_size=1, batch_size_most=1), encode=_encode, decode=_decode
)
