"""friend_check of one pair, looking at one list only: a call that changes nothing.

Source: "Verifying Friends" (1047/34907).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, HarmlessCall
from bulkdel.providers.tencent.codes import CODES


def _encode(from_account: str, to_account: str) -> Command:
    content = {
        "From_Account": from_account,
        "To_Account": [to_account],
        "CheckType": "CheckResult_Type_Single",
    }
    return Command(name="friend_check", content=content)


CHECK: Final = HarmlessCall(encode=_encode, decode=partial(replies.hearing, codes=CODES))
