"""QueryFriendList of one friend: whether a list is empty."""

from __future__ import annotations

from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, Cursor, OperationCalls
from bulkdel.providers.zego.pull_friends import PULL_FRIENDS, question
from bulkdel.words import Answer, Mode, Sweep


def _encode(sweep: Sweep, _: Mode) -> Command:
    return question(Cursor(account=sweep.from_account), 1)


def _decode(sweep: Sweep, status: int, body: bytes) -> Answer:
    return replies.of_list(PULL_FRIENDS.decode(Cursor(account=sweep.from_account), status, body))


ASK_LIST: Final = OperationCalls(limits=PULL_FRIENDS.limits, encode=_encode, decode=_decode)
