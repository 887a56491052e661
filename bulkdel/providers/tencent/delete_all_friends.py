"""friend_delete_all: clears the whole list of one account.

Source: "Deleting All Friends" (1047/34906 of 2024-07-16).
"""

from __future__ import annotations

from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.operations import Command, Limits, OperationCalls
from bulkdel.providers.tencent.codes import CODES, DELETE_TYPES, own_ruling
from bulkdel.words import Answer, Mode, Sweep


def _encode(sweep: Sweep, mode: Mode) -> Command:
    content = {"From_Account": sweep.from_account, "DeleteType": DELETE_TYPES[mode]}
    return Command(name="friend_delete_all", content=content)


def _decode(_: Sweep, status: int, body: bytes) -> Answer:
    return replies.answer(status, body, codes=CODES, judge=_judge)


def _judge(reply: replies.Reply, code: int) -> Answer:
    return Answer(rest=own_ruling(reply, code, Scope.SWEEP))


DELETE_ALL_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=200, batch_size=1, batch_size_most=1), encode=_encode, decode=_decode
)
