"""CheckFriendsRelation of one pair, looking at one list only: a call that changes nothing.

Source: check-friendships.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, HarmlessCall
from bulkdel.providers.zego.codes import CODES

_ONE_LIST: Final = 1


def _encode(from_account: str, to_account: str) -> Command:
    content = {"FromUserId": from_account, "UserIds": [to_account], "CheckType": _ONE_LIST}
    return Command(name="CheckFriendsRelation", content=content)


CHECK: Final = HarmlessCall(encode=_encode, decode=partial(replies.hearing, codes=CODES))
