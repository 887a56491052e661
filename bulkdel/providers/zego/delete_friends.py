"""DeleteFriends: takes up to 20 accounts (50 by agreement) off one account's list.

Source: batch-delete-friends.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, Limits, OperationCalls
from bulkdel.providers.zego import results
from bulkdel.providers.zego.codes import CODES, DELETE_TYPES
from bulkdel.words import Answer, Batch, Mode


def _encode(batch: Batch, mode: Mode) -> Command:
    content = {
        "FromUserId": batch.from_account,
        "UserIds": batch.to_accounts,
        "DeleteType": DELETE_TYPES[mode],
    }
    return Command(name="DeleteFriends", content=content, ids=len(batch.to_accounts))


def _decode(batch: Batch, status: int, body: bytes) -> Answer:
    return replies.answer(status, body, codes=CODES, judge=partial(results.judge, batch))


DELETE_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=20, batch_size=20, batch_size_most=50), encode=_encode, decode=_decode
)
