"""DeleteFriends: takes up to 20 accounts (50 by agreement) off one account's list.

Source: batch-delete-friends.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.protocol import Command, Limits, OperationCalls
from bulkdel.providers.zego.codes import CODES, DELETE_TYPES
from bulkdel.words import Answer, Batch, Mode, Ruling


def _encode(batch: Batch, mode: Mode) -> Command:
    content = {
        "FromUserId": batch.from_account,
        "UserIds": batch.to_accounts,
        "DeleteType": DELETE_TYPES[mode],
    }
    return Command(name="DeleteFriends", content=content, ids=len(batch.to_accounts))


def _decode(batch: Batch, status: int, body: bytes) -> Answer:
    """With Code 0 the ids in ErrorList failed and all others are deleted.

    With another Code nothing is deleted, and ErrorList says why for each id.
    """
    return replies.answer(status, body, codes=CODES, judge=partial(_judge, batch))


def _judge(batch: Batch, reply: replies.Reply, code: int) -> Answer:
    whole = replies.whole(reply, code, replies.scope_of(batch), CODES)
    errors = reply.get("ErrorList")
    # A call refused for its size is refused whole, whatever its list repeats for each id.
    if errors is None or errors == [] or whole.shrink:
        return Answer(rest=whole)
    missing = whole if code == 0 else replies.unnamed(whole)
    if not isinstance(errors, list):
        return Answer(rest=replies.NO_RESULT if code == 0 else missing)
    return _join(batch, errors, missing)


def _join(batch: Batch, errors: list[object], missing: Ruling) -> Answer:
    """The answer of errors that name ids one by one; `missing` rules an id without an error."""
    carried = frozenset(batch.to_accounts)
    rulings: dict[str, Ruling] = {}
    strangers = 0
    for error in errors:
        account = error.get("UserId") if isinstance(error, dict) else None
        if not isinstance(error, dict) or not isinstance(account, str):
            # Somebody failed and nothing says who: "not listed" is no success any more.
            missing = replies.NO_RESULT if missing is replies.DONE else missing
            continue
        if account not in carried:
            strangers += 1
            continue
        code = replies.code_of(error.get("SubCode"))
        ruling = CODES.rule(code, "", Scope.ITEM) if code else replies.NO_RESULT
        rulings[account] = replies.agree(rulings[account], ruling) if account in rulings else ruling
    return replies.join(batch, rulings, missing, strangers)


DELETE_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=20, batch_size=20, batch_size_most=50), encode=_encode, decode=_decode
)
