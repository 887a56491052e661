"""QueryFriendList: a page of one account's friend list, with all that the list says of each friend.

Source: query-the-friend-list.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.operations import Command, Cursor, Limits, OperationCalls, Page
from bulkdel.providers.zego.codes import CODES_BESIDE
from bulkdel.words import Mode, Ruling

_FRIENDS: Final = 100  # a page; more is not given
# What a friend may have, alias, wording, attributes, name and avatar at their longest, escaped.
_ROOM: Final = 16


def question(cursor: Cursor, limit: int) -> Command:
    """A page of at most `limit` friends. A GET: the parameters stand in the query."""
    parameters = (("FromUserId", cursor.account), ("Limit", limit), ("Next", cursor.at or 0))
    return Command(name="QueryFriendList", parameters=parameters, ids=_ROOM * limit)


def _encode(cursor: Cursor, _: Mode) -> Command:
    return question(cursor, _FRIENDS)


def _decode(cursor: Cursor, status: int, body: bytes) -> Page | Ruling:
    return replies.page(
        status,
        body,
        codes=CODES_BESIDE,
        own=lambda reply, code: replies.whole(reply, code, Scope.SWEEP, CODES_BESIDE),
        read=partial(_page, cursor.at or 0),
    )


def _page(asked: int, reply: replies.Reply) -> Page | None:
    after = reply.get("Next")
    # Any number but 0 names another page. This one again would never end.
    if type(after) is not int or (after and after == asked):
        return None
    total = replies.code_of(reply.get("TotalCount"))
    return replies.page_of(
        replies.friends_of(reply.get("FriendInfos"), "UserId"),
        first=not asked,
        following=after or None,
        stamp=(total,),
        total=total,
    )


PULL_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=20, batch_size=1, batch_size_most=1), encode=_encode, decode=_decode
)
