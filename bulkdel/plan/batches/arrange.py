"""One part's rows → its accounts and their distinct pairs → batches of one size. Pure.

Rows are brought together by hashes, but nothing is taken for equal that has not been compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bulkdel.plan.ids import (
    WORD,
    Bytes,
    Whole,
    Words,
    columns,
    differing,
    stretches,
    texts_of,
)

Fractions = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Accounts in the order of their fractions, with their pairs.

    Attributes:
        ids: of the accounts, each once.
        fractions: h in [0, 1) of each, from its hash.
        counts: how many pairs each has; 0 where rows are accounts alone.
        others: the To_Accounts, account after account; those of an account with more than
            `least` pairs are sorted bytewise.
    """

    ids: Words
    fractions: Fractions
    counts: Whole
    others: Words

    def largest(self, most: int) -> list[tuple[int, bytes]]:
        """The accounts with most pairs, as (pairs, id), the greatest first, ties by id."""
        among = np.arange(len(self.counts))
        if len(among) > most:
            enough = np.partition(self.counts, -most)[-most]
            more = np.flatnonzero(self.counts > enough)
            as_many = np.flatnonzero(self.counts == enough)
            among = np.append(more, _smallest(self.ids, as_many, most - len(more)))
        ids = texts_of(self.ids[among])
        pairs = zip(self.counts[among].tolist(), ids, strict=True)
        return sorted(pairs, key=lambda one: (-one[0], one[1]))


def _smallest(ids: Words, among: Whole, most: int) -> Whole:
    """Those of the different ids in `among` that come first by their bytes; `most` of them."""
    pieces: list[Whole] = []
    for at in range(ids.shape[1]):
        if len(among) <= most:
            break
        word = ids[among, at].byteswap()  # so that words compare as their bytes do
        limit = np.partition(word, most - 1)[most - 1]
        pieces.append(among[word < limit])
        most -= len(pieces[-1])
        among = among[word == limit]
    return np.concatenate((*pieces, among))


def arrange(rows: Words, hashes: Words, other_hashes: Words, *, least: int) -> Accounts:
    """Gathers `rows` (n by 1 or 2 columns by words; n > 0) by account and makes pairs distinct.

    Args:
        rows: ids; From, or From and To.
        hashes: of the From_Accounts, equal for equal ids.
        other_hashes: of the To_Accounts, likewise; empty where rows are accounts alone.
        least: pairs that an account may have without its pairs being sorted.
    """
    paired = rows.shape[1] > 1
    coarse = hashes >> np.uint64(16)
    order = _radix(hashes, other_hashes) if paired else np.argsort(hashes)
    ids, others = rows[:, 0], rows[:, -1]
    table = np.take(rows, order, axis=0)
    new = differing(table[:, 0])
    same = coarse[order]
    mixed = new & (same[1:] == same[:-1])
    changed = new
    if paired:
        changed = new | differing(table[:, 1])
        same = (other_hashes >> np.uint64(32))[order]
        mixed |= changed & ~new & (same[1:] == same[:-1])
    if mixed.any():
        # Different ids with the same hash: then they are sorted by their words.
        order = np.lexsort((*columns(others), *columns(ids), hashes))
        table = np.take(rows, order, axis=0)
        new = differing(table[:, 0])
        changed = new | differing(table[:, 1]) if paired else new
    first = np.flatnonzero(np.concatenate(([True], new)))
    accounts = table[first, 0]
    fractions = (hashes[order[first]] >> np.uint64(11)).astype(np.float64) * 2.0**-53
    if not paired:
        none = np.zeros(len(first), np.int64)
        return Accounts(ids=accounts, fractions=fractions, counts=none, others=rows[:0, 0])
    kept = np.flatnonzero(np.concatenate(([True], changed)))
    counts = np.diff(np.searchsorted(kept, first), append=len(kept))
    distinct = np.ascontiguousarray(table[:, 1]) if len(kept) == len(rows) else table[kept, 1]
    large = np.flatnonzero(counts > least)
    if len(large):
        inside = stretches((np.cumsum(counts) - counts)[large], counts[large])
        chosen = np.take(distinct, inside, axis=0)
        group = np.repeat(np.arange(len(large)), counts[large])
        distinct[inside] = np.take(chosen, _bytewise(group, chosen), axis=0)
    return Accounts(ids=accounts, fractions=fractions, counts=counts, others=distinct)


def _radix(hashes: Words, other_hashes: Words) -> Whole:
    """The order by 48 bits of the first and 32 of the second: numpy sorts 16 bits in no time."""
    order: Whole | None = None
    for key, shift in (
        (other_hashes, 32),
        (other_hashes, 48),
        (hashes, 16),
        (hashes, 32),
        (hashes, 48),
    ):
        digits = (key >> np.uint64(shift)).astype(np.uint16)
        if order is None:
            order = np.argsort(digits, kind="stable")
        else:
            order = np.take(order, np.argsort(np.take(digits, order), kind="stable"))
    if order is None:
        raise AssertionError("no digits")
    return order


def _bytewise(group: Whole, ids: Words) -> Whole:
    """The order by group and then by the ids' bytes."""
    size = WORD * ids.shape[1]
    keys: Bytes = np.empty((len(ids), 4 + size), np.uint8)
    keys[:, :4] = group.astype(">u4").view(np.uint8).reshape(-1, 4)
    keys[:, 4:] = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, size)
    return np.argsort(keys.view(f"S{4 + size}").ravel())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Batches of one size in the order of their keys.

    Attributes:
        keys: (k + h) / n for the k-th of an account's n batches.
        accounts: which account each is of.
        turns: its k.
        counts: how many To_Accounts each has.
        others: which of the accounts' others they are, batch after batch; None for all of them
            in their order.
    """

    keys: Fractions
    accounts: Whole
    turns: Whole
    counts: Whole
    others: Whole | None


def batches_of(counts: Whole, fractions: Fractions, size: int) -> Batches:
    """Cuts accounts with so many pairs each into the fewest batches of at most `size`."""
    needed = np.maximum(1, -(-counts // size))
    if (needed == 1).all():
        each = np.arange(len(counts))
        turns = np.zeros(len(counts), np.int64)
        return Batches(keys=fractions, accounts=each, turns=turns, counts=counts, others=None)
    accounts = np.repeat(np.arange(len(counts)), needed)
    turns = np.arange(len(accounts)) - np.repeat(np.cumsum(needed) - needed, needed)
    keys = (turns + fractions[accounts]) / needed[accounts]
    order = np.argsort(keys, kind="stable")
    accounts, turns = accounts[order], turns[order]
    inside = np.minimum(size, counts[accounts] - turns * size)
    starts = (np.cumsum(counts) - counts)[accounts] + turns * size
    return Batches(
        keys=keys[order],
        accounts=accounts,
        turns=turns,
        counts=inside,
        others=stretches(starts, inside),
    )
