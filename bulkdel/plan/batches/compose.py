r"""Batches in sending order → lines of text that DuckDB turns into plan.parquet. Pure.

A line is LF, ordinal, US, From_Account, US, To_Accounts with RS between them. No id holds any of
these three characters.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from bulkdel.plan.ids import MOST_WORDS, WORD, Whole, Words, stretches, widened
from bulkdel.plan.stretches import DIGEST_BYTES

FIELD_END: Final = 0x1F
ID_END: Final = 0x1E
INDEX_WORDS: Final = 3 + MOST_WORDS
"""Words of a row of the index: key (a float64), k, number of To_Accounts, From_Account."""

_LF: Final = 0x0A
_DIGITS: Final = 12


def index_rows(keys: Words, turns: Whole, counts: Whole, ids: Words) -> Words:
    """The index of batches, one row each; `keys` are float64 seen as words."""
    rows = np.zeros((len(keys), 1, INDEX_WORDS), "<u8")
    rows[:, 0, 0] = keys
    rows[:, 0, 1] = turns
    rows[:, 0, 2] = counts
    ids = ids[:, :MOST_WORDS]  # rows may be wider, for the sake of a To_Account and its mark
    rows[:, 0, 3 : 3 + ids.shape[1]] = ids
    return rows


def compose(index: Words, others: Words, *, first: int) -> bytes:
    """The lines of these batches, put in order by key; ordinals count from `first`.

    Args:
        index: as index_rows makes it.
        others: the To_Accounts of the batches, in the order of `index`.
        first: the ordinal of the first line.
    """
    table = index[:, 0]
    keys = np.ascontiguousarray(table[:, 0]).view(np.float64)
    counts = table[:, 2].astype(np.int64)
    order = np.argsort(keys, kind="stable")
    if (np.diff(keys[order]) == 0).any():
        order = np.lexsort((*(table[:, at] for at in range(1, INDEX_WORDS)), keys))
    starts = (np.cumsum(counts) - counts)[order]
    counts = counts[order]
    batches = len(order)
    width = max(2, others.shape[1], _words_used(table[:, 3:]))
    # Each batch is a row for its ordinal, one for its account, and then its To_Accounts.
    texts = np.concatenate(
        (widened(others, width), widened(table[:, 3:], width), _digits(first, batches, width))
    )
    picks = np.ones((2, batches, 3), np.int64)  # where its rows begin in `texts`, and how many
    picks[0, :, 0] = len(others) + batches + np.arange(batches)
    picks[0, :, 1] = len(others) + order
    picks[0, :, 2] = starts
    picks[1, :, 2] = counts
    rows = np.take(texts, stretches(picks[0].ravel(), picks[1].ravel()), axis=0)
    matrix = np.empty((len(rows), 1 + width * WORD), np.uint8)
    matrix[:, 1:] = rows.view(np.uint8)
    matrix[:, 0] = ID_END
    heads = np.cumsum(counts + 2) - counts - 2
    matrix[heads, 0] = _LF
    matrix[heads + 1, 0] = FIELD_END
    matrix[(heads + 2)[counts > 0], 0] = FIELD_END
    flat = matrix.ravel()
    text: bytes = flat[flat != 0].tobytes()
    return text


class LineDigests:
    """Takes lines as they are made, and digests every `stretch` of them (see stretches)."""

    def __init__(self, stretch: int) -> None:
        self._stretch = stretch
        self._lines = 0
        self._under_way = hashlib.sha256()
        self._made: list[bytes] = []

    def take(self, piece: bytes) -> None:
        """The next lines, whole ones."""
        heads = np.flatnonzero(np.frombuffer(piece, np.uint8) == _LF)
        first = -self._lines % self._stretch  # of these lines, the one that begins a stretch
        begin = 0
        with memoryview(piece) as view:
            for at in range(first, len(heads), self._stretch):
                head = int(heads[at])
                self._under_way.update(view[begin:head])
                if self._lines + at:
                    self._end()
                begin = head
            self._under_way.update(view[begin:])
        self._lines += len(heads)

    def all(self) -> bytes:
        """The digests of all stretches so far, one behind the other; the last may be shorter."""
        last = [self._under_way.digest()[:DIGEST_BYTES]] if self._lines else []
        return b"".join(self._made + last)

    def _end(self) -> None:
        self._made.append(self._under_way.digest()[:DIGEST_BYTES])
        self._under_way = hashlib.sha256()


def _words_used(ids: Words) -> int:
    used = np.flatnonzero(ids.any(axis=0))
    return int(used[-1]) + 1 if len(used) else 1


def _digits(first: int, count: int, width: int) -> Words:
    """Ordinals from `first` on in decimal digits, with leading zeros, as if they were ids."""
    text = np.zeros((count, width * WORD), np.uint8)
    left = np.arange(first, first + count)
    for at in reversed(range(_DIGITS)):
        left, digit = np.divmod(left, 10)
        text[:, at] = digit + ord("0")
    return text.view("<u8")
