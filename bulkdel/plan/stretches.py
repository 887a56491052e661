"""Digests of the plan's entries, a stretch at a time: what was written is what is read back.

A stretch is as many entries as a reader has in hand at a time. Its digest is taken of the lines
that were composed, before any library made a table of them (see compose), and compared whenever its
entries are read, so it does not matter what stands between the two. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from bulkdel.plan.entries import Row

DIGEST_BYTES: Final = 16
"""Of a SHA-256: in the plan they are 3 MB for 100 million entries of one pair each."""

_IDS: Final = 50_000
_ENTRIES: Final = 512
_LF, _RS = 0x0A, 0x1E
_SWAP: Final = bytes({_LF: _RS, _RS: _LF}.get(byte, byte) for byte in range(256))
"""Lines begin with LF and have RS between To_Accounts; the plan's rows have LF there. An exchange,
so that no two rows come to the same line."""


def stretch_of(sizes: Iterable[int]) -> int:
    """How many entries a stretch has, where an entry has at most so many ids."""
    return max(1, min(_ENTRIES, _IDS // max(sizes, default=1)))


def rows_digest(rows: Iterable[Row]) -> bytes:
    """The digest of a stretch, from the rows that the plan's file gave.

    Raises:
        TypeError, ValueError: something in them is no text or no number.
    """
    text = "".join(
        f"\x1e{ordinal:012}\x1f" + account
        if others is None
        else f"\x1e{ordinal:012}\x1f" + account + "\x1f" + others
        for ordinal, account, others in rows
    )
    return hashlib.sha256(text.encode().translate(_SWAP)).digest()[:DIGEST_BYTES]
