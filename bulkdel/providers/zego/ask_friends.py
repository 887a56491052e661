"""CheckFriendsRelation: whether up to 20 accounts (50 by agreement) are on one account's list.

Source: check-friendships.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, Limits, OperationCalls
from bulkdel.providers.zego import results
from bulkdel.providers.zego.codes import CODES_BESIDE
from bulkdel.words import Answer, Batch, Mode, Ruling

_CHECK_TYPES: Final = {Mode.TWO_WAY: 0, Mode.ONE_WAY: 1}

# Each number is of one check type alone, so the other's says nothing.
_RELATIONS: Final[Mapping[Mode, Mapping[int, Ruling]]] = {
    Mode.ONE_WAY: {1: replies.DONE, 2: replies.remains("from")},
    Mode.TWO_WAY: {
        3: replies.DONE,
        4: replies.remains("from"),
        5: replies.remains("to"),
        6: replies.remains("both"),
    },
}


def _encode(batch: Batch, mode: Mode) -> Command:
    content = {
        "FromUserId": batch.from_account,
        "UserIds": batch.to_accounts,
        "CheckType": _CHECK_TYPES[mode],
    }
    return Command(name="CheckFriendsRelation", content=content, ids=len(batch.to_accounts))


def _decode(relations: Mapping[int, Ruling], batch: Batch, status: int, body: bytes) -> Answer:
    """Successes say how it is, Fails why that is not known; the relation in Fails is half of it."""
    judge = partial(_judge, relations, batch)
    return replies.answer(status, body, codes=CODES_BESIDE, judge=judge)


def _judge(
    relations: Mapping[int, Ruling], batch: Batch, reply: replies.Reply, code: int
) -> Answer:
    whole = replies.whole(reply, code, replies.scope_of(batch), CODES_BESIDE)
    successes, fails = reply.get("Successes") or [], reply.get("Fails") or []
    if not isinstance(successes, list) or not isinstance(fails, list):
        return Answer(rest=replies.NO_RESULT if code == 0 else replies.unnamed(whole))
    if code != 0 and (not fails or whole.shrink):
        return Answer(rest=whole)
    missing = replies.NO_RESULT if code == 0 else replies.unnamed(whole)
    carried = frozenset(batch.to_accounts)
    rulings: dict[str, Ruling] = {}
    strangers = 0
    # With another code than 0 nobody was checked, whoever stands among the successes.
    checked = _named(successes) if code == 0 else []
    said = [(account, _relation(one, relations)) for account, one in checked]
    said += [(account, results.failure(one, CODES_BESIDE)) for account, one in _named(fails)]
    for account, ruling in said:
        if account not in carried:
            strangers += 1
            continue
        rulings[account] = replies.agree(rulings[account], ruling) if account in rulings else ruling
    return replies.join(batch, rulings, missing, strangers)


def _named(items: list[Any]) -> list[tuple[str, replies.Reply]]:
    """The results that name a user, with the user's id."""
    return [
        (one["UserId"], one)
        for one in items
        if isinstance(one, dict) and isinstance(one.get("UserId"), str)
    ]


def _relation(result: replies.Reply, relations: Mapping[int, Ruling]) -> Ruling:
    relation = result.get("Relation")
    # `true` equals 1, and would pass for it.
    return (
        relations.get(relation, replies.NO_RESULT) if type(relation) is int else replies.NO_RESULT
    )


ASK_FRIENDS: Final = {
    mode: OperationCalls(
        limits=Limits(qps=20, batch_size=20, batch_size_most=50),
        encode=_encode,
        decode=partial(_decode, relations),
    )
    for mode, relations in _RELATIONS.items()
}
