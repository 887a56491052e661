"""friend_delete: takes up to 1000 accounts off one account's list.

Source: "Deleting Friends" (1047/34905 of 2025-10-23).
"""

from __future__ import annotations

from functools import partial
from itertools import repeat
from operator import is_, itemgetter
from typing import Any, Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.protocol import Command, Limits, OperationCalls
from bulkdel.providers.tencent.codes import CODES, DELETE_TYPES, own_ruling
from bulkdel.words import Answer, Batch, Mode, Ruling

_TO_ACCOUNT: Final = itemgetter("To_Account")
_RESULT_CODE: Final = itemgetter("ResultCode")


def _encode(batch: Batch, mode: Mode) -> Command:
    content = {
        "From_Account": batch.from_account,
        "DeleteType": DELETE_TYPES[mode],
        "To_Account": batch.to_accounts,
    }
    return Command(name="friend_delete", content=content, ids=len(batch.to_accounts))


def _decode(batch: Batch, status: int, body: bytes) -> Answer:
    """Results for items win over the call's own code.

    An id without a result is unknown if the call's code is 0, and otherwise ruled by that code.
    """
    return replies.answer(status, body, codes=CODES, judge=partial(_judge, batch))


def _judge(batch: Batch, reply: replies.Reply, code: int) -> Answer:
    whole = own_ruling(reply, code, replies.scope_of(batch))
    results = reply.get("ResultItem")
    if not isinstance(results, list) or not results:
        return Answer(rest=replies.NO_RESULT if code == 0 else whole)
    done = whole if code == 0 else replies.DONE
    if _all_done(results, batch):
        return Answer(rest=done)
    missing = replies.NO_RESULT if code == 0 else replies.unnamed(whole)
    return _join(batch, results, done, missing)


def _all_done(results: list[Any], batch: Batch) -> bool:
    """Whether every id of the batch, and no other, has code 0: the common case, made cheap.

    False wherever that is not plain; then `_join` looks at each item.
    """
    try:
        # By identity, since `false` and 0.0 equal 0; CPython keeps one object for the integer.
        if not all(map(is_, map(_RESULT_CODE, results), repeat(0))):
            return False
        names = list(map(_TO_ACCOUNT, results))
        return tuple(names) == batch.to_accounts or set(names) == set(batch.to_accounts)
    except (TypeError, KeyError):
        return False


def _join(batch: Batch, results: list[Any], done: Ruling, missing: Ruling) -> Answer:
    """The answer of results that name ids one by one.

    Args:
        batch: what the call carried.
        results: the reply's, of which any may be malformed.
        done: the ruling of an id whose code is 0.
        missing: the ruling of an id without a result.
    """
    carried = frozenset(batch.to_accounts)
    rulings: dict[str, Ruling] = {}
    # Most results are alike: one object for each kind.
    kinds: dict[tuple[int, str], Ruling] = {}
    strangers = 0
    for result in results:
        if not isinstance(result, dict):
            continue
        account = result.get("To_Account")
        if not isinstance(account, str):
            continue
        if account not in carried:
            strangers += 1
            continue
        code = replies.code_of(result.get("ResultCode"))
        if code is None:
            ruling = replies.NO_RESULT
        elif code == 0:
            ruling = done
        else:
            info = result.get("ResultInfo")
            kind = (code, info if isinstance(info, str) else "")
            if kind not in kinds:
                kinds[kind] = CODES.rule(code, replies.text_of(info), Scope.ITEM)
            ruling = kinds[kind]
        rulings[account] = replies.agree(rulings[account], ruling) if account in rulings else ruling
    return replies.join(batch, rulings, missing, strangers)


DELETE_FRIENDS: Final = OperationCalls(
    limits=Limits(qps=200, batch_size=1000, batch_size_most=1000), encode=_encode, decode=_decode
)
