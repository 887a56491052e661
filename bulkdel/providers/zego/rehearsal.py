"""What a rehearsal must know of ZEGO: DeleteFriends' errors as they stand.

Sources: batch-delete-friends.yaml of ZEGO's documentation repository (docs_all, 2026-08-21), which
says that only those are named who failed, and that the Code is another than 0 where all did;
batch-add-friends.yaml, which does not say whether the other list is written too.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.rehearsal import Rehearsed, Said
from bulkdel.providers.zego.codes import CODES


def _read(scope: Scope, status: int, body: bytes) -> Said:
    return replies.said(
        status,
        body,
        codes=CODES,
        own=partial(replies.whole, scope=scope, codes=CODES),
        key="ErrorList",
        account="UserId",
        code="SubCode",
    )


REHEARSED: Final = Rehearsed(
    read=_read, names_all=False, all_failed="code_and_items", adds_both=None
)
