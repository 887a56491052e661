"""How replies with a result for each id are read: friend_delete, friend_import, friend_check."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from operator import eq, is_, itemgetter
from typing import Any, Final

from bulkdel.providers import replies
from bulkdel.providers.codes import CodeTable, Scope
from bulkdel.providers.tencent.codes import CODES, own_ruling
from bulkdel.words import Answer, Batch, Ruling

_TO_ACCOUNT: Final = itemgetter("To_Account")
_RESULT_CODE: Final = itemgetter("ResultCode")
_RELATION: Final = itemgetter("Relation")


def judge(
    batch: Batch,
    reply: replies.Reply,
    code: int,
    *,
    key: str = "ResultItem",
    codes: CodeTable = CODES,
    relations: Mapping[str, Ruling] | None = None,
) -> Answer:
    """The answer of a reply with this own code. Results for items win over that code.

    An id without a result is unknown if the code is 0, and otherwise ruled by that code.

    Args:
        batch: what the call carried.
        reply: to it.
        code: the reply's own.
        key: of the results in the reply.
        codes: of the call.
        relations: of a question: what the relation of an id says whose result has code 0. It
            answers nothing in a reply whose own code is another.
    """
    whole = own_ruling(reply, code, replies.scope_of(batch), codes)
    results = reply.get(key)
    if not isinstance(results, list) or not results:
        return Answer(rest=replies.NO_RESULT if code == 0 else whole)
    missing = replies.NO_RESULT if code == 0 else replies.unnamed(whole)
    done = whole if code == 0 else replies.DONE if relations is None else missing
    if _all_done(results, batch) and (relations is None or _all_unrelated(results, relations)):
        return Answer(rest=done)
    return _join(batch, results, done, missing, codes=codes, relations=relations)


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


def _all_unrelated(results: list[Any], relations: Mapping[str, Ruling]) -> bool:
    """Whether the relation of every result is the word that says that nothing remains."""
    word = next(word for word, ruling in relations.items() if ruling is replies.DONE)
    try:
        return all(map(eq, map(_RELATION, results), repeat(word)))
    except KeyError:
        return False


def _join(
    batch: Batch,
    results: list[Any],
    done: Ruling,
    missing: Ruling,
    *,
    codes: CodeTable,
    relations: Mapping[str, Ruling] | None,
) -> Answer:
    """The answer of results that name ids one by one.

    Args:
        batch: what the call carried.
        results: the reply's, of which any may be malformed.
        done: the ruling of an id whose code is 0; of a question, before its relation is looked at.
        missing: the ruling of an id without a result.
        codes: of the call.
        relations: as in `judge`.
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
            if relations is not None and done is replies.DONE:
                relation = result.get("Relation")
                known = relation if isinstance(relation, str) else ""
                ruling = relations.get(known, replies.NO_RESULT)
        else:
            info = result.get("ResultInfo")
            kind = (code, info if isinstance(info, str) else "")
            if kind not in kinds:
                kinds[kind] = codes.rule(code, replies.text_of(info), Scope.ITEM)
            ruling = kinds[kind]
        rulings[account] = replies.agree(rulings[account], ruling) if account in rulings else ruling
    return replies.join(batch, rulings, missing, strangers)
