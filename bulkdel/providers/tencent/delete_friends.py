"""friend_delete: takes up to 1000 accounts off one account's list.

Source: "Deleting Friends" (1047/34905 of 2025-10-23).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, Limits, OperationCalls
from bulkdel.providers.tencent import results
from bulkdel.providers.tencent.codes import CODES, DELETE_TYPES
from bulkdel.words import Answer, Batch, Mode


def _encode(batch: Batch, mode: Mode) -> Command:
    content = {
        "From_Account": batch.from_account,
        "DeleteType": DELETE_TYPES[mode],
        "To_Account": batch.to_accounts,
    }
    return Command(name="friend_delete", content=content, ids=len(batch.to_accounts))


def _decode(batch: Batch, status: int, body: bytes) -> Answer:
    return replies.answer(status, body, codes=CODES, judge=partial(results.judge, batch))


DELETE_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=200, batch_size=1000, batch_size_most=1000), encode=_encode, decode=_decode
)
