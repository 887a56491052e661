"""Friendships, each as its first row names it → rows as they are sent, from the side chosen.

Where that is the other side, the To_Account gets TURNED behind it, so that the ledger can say what
the input said. The mark is one byte behind the id's own: an id of 32 bytes then takes a fifth word.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bulkdel.plan.entries import TURNED
from bulkdel.plan.ids import WORD, Flags, Words, widened

_MARK: Final = ord(TURNED)


def turn_rows(rows: Words, turned: Flags) -> Words:
    """`rows` (n by From, To by words), those that are `turned` from To, with the mark."""
    others = _marked(rows[turned, 0])
    width = max(rows.shape[2], others.shape[1])
    sent = np.zeros((len(rows), 2, width), "<u8")
    sent[:, :, : rows.shape[2]] = rows
    sent[turned, 0] = sent[turned, 1]
    sent[turned, 1] = widened(others, width)
    return sent


def _marked(ids: Words) -> Words:
    """The ids with the mark behind each."""
    size = WORD * ids.shape[1]
    lengths = np.count_nonzero(np.ascontiguousarray(ids).view(np.uint8).reshape(-1, size), axis=1)
    wide = widened(ids, max(ids.shape[1], int(lengths.max(initial=0)) // WORD + 1)).copy()
    marked = wide.view(np.uint8).reshape(len(ids), WORD * wide.shape[1])
    marked[np.arange(len(ids)), lengths] = _MARK
    return wide
