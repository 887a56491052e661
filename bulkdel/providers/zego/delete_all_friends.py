"""DeleteAllFriends: clears the whole list of one account.

Source: delete-all-friends.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.operations import Command, Limits, OperationCalls
from bulkdel.providers.zego.codes import CODES, DELETE_TYPES
from bulkdel.words import Answer, Mode, Sweep


def _encode(sweep: Sweep, mode: Mode) -> Command:
    parameters = (("FromUserId", sweep.from_account), ("DeleteType", DELETE_TYPES[mode]))
    return Command(name="DeleteAllFriends", parameters=parameters)


def _decode(_: Sweep, status: int, body: bytes) -> Answer:
    return replies.answer(status, body, codes=CODES, judge=_judge)


def _judge(reply: replies.Reply, code: int) -> Answer:
    return Answer(rest=replies.whole(reply, code, Scope.SWEEP, CODES))


DELETE_ALL_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=20, batch_size=1, batch_size_most=1), encode=_encode, decode=_decode
)
