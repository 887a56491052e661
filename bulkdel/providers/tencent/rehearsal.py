"""What a rehearsal must know of Tencent: friend_delete's results as they stand.

Sources: "Deleting Friends" (1047/34905 of 2025-10-23) for the results, of which nothing says that
they are complete; "Verifying Friends" (1047/34907) and "Importing Friends" (1047/34903) for the
code 0 of a reply whose items failed; the latter for one list alone being written.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.rehearsal import Rehearsed, Said
from bulkdel.providers.tencent.codes import CODES, own_ruling


def _read(scope: Scope, status: int, body: bytes) -> Said:
    return replies.said(
        status,
        body,
        codes=CODES,
        own=partial(own_ruling, scope=scope),
        key="ResultItem",
        account="To_Account",
        code="ResultCode",
        text="ResultInfo",
    )


REHEARSED: Final = Rehearsed(read=_read, names_all=True, all_failed="zero", adds_both=False)
