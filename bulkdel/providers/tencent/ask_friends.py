"""friend_check: whether up to 1000 accounts are on one account's list, or it on theirs.

Sources: "Verifying Friends" (1047/34907), and "User Profile and Relationship Chain" (1047/33521)
for what a relation means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, Limits, OperationCalls
from bulkdel.providers.tencent import results
from bulkdel.providers.tencent.codes import CODES_BESIDE
from bulkdel.words import Answer, Batch, Mode, Ruling

_CHECK_TYPES: Final = {
    Mode.ONE_WAY: "CheckResult_Type_Single",
    Mode.TWO_WAY: "CheckResult_Type_Both",
}

# A is From_Account. Of one list alone, no relation speaks of the other.
_ONE_LIST: Final[Mapping[str, Ruling]] = {
    "CheckResult_Type_NoRelation": replies.DONE,
    "CheckResult_Type_AWithB": replies.remains("from"),
}
_RELATIONS: Final[Mapping[Mode, Mapping[str, Ruling]]] = {
    Mode.ONE_WAY: _ONE_LIST,
    Mode.TWO_WAY: {
        **_ONE_LIST,
        "CheckResult_Type_BWithA": replies.remains("to"),
        "CheckResult_Type_BothWay": replies.remains("both"),
    },
}


def _encode(batch: Batch, mode: Mode) -> Command:
    content = {
        "From_Account": batch.from_account,
        "To_Account": batch.to_accounts,
        "CheckType": _CHECK_TYPES[mode],
    }
    return Command(name="friend_check", content=content, ids=len(batch.to_accounts))


def _decode(relations: Mapping[str, Ruling], batch: Batch, status: int, body: bytes) -> Answer:
    """An id's own code comes before its relation: one that was not checked has a relation too."""
    judge = partial(results.judge, batch, key="InfoItem", codes=CODES_BESIDE, relations=relations)
    return replies.answer(status, body, codes=CODES_BESIDE, judge=judge)


ASK_FRIENDS: Final = {
    mode: OperationCalls(
        limits=Limits(qps=200, batch_size=1000, batch_size_most=1000),
        encode=_encode,
        decode=partial(_decode, relations),
    )
    for mode, relations in _RELATIONS.items()
}
