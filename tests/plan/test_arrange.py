"""Grouping by hashes: what has the same hash is not taken for the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.plan.batches.arrange import Accounts, arrange, batches_of
from bulkdel.plan.ids import Words, hashes_of, texts_of, widened, words_of, words_of_texts

PAIRS = [(b"a", b"x"), (b"b", b"y"), (b"a", b"y"), (b"b", b"y"), (b"a", b"x"), (b"c", b"x")]


def rows_of(pairs: list[tuple[bytes, bytes]]) -> Words:
    """The pairs as rows of words."""
    one, two = (words_of_texts(list(side)) for side in zip(*pairs, strict=True))
    return np.stack([one, two], axis=1)


def read(accounts: Accounts) -> dict[bytes, list[bytes]]:
    """Each account with its To_Accounts, as they lie there."""
    others = iter(texts_of(accounts.others))
    found = {}
    for account, count in zip(texts_of(accounts.ids), accounts.counts.tolist(), strict=True):
        assert account not in found
        found[account] = [next(others) for _ in range(count)]
    assert next(others, None) is None
    return found


@pytest.mark.parametrize("bits", [0, 1, 64])
@pytest.mark.parametrize("other_bits", [0, 1, 64])
def test_equal_hashes_are_not_equal_ids(bits: int, other_bits: int) -> None:
    """Where different ids have one hash, each is still its own account, each pair there once."""
    rows = rows_of(PAIRS)
    hashes, others = (hashes_of(rows[:, at]) for at in (0, 1))
    lost = np.uint64(64 - bits) if bits else None
    hashes = hashes * 0 if lost is None else hashes >> lost << lost
    lost = np.uint64(64 - other_bits) if other_bits else None
    others = others * 0 if lost is None else others >> lost << lost
    found = read(arrange(rows, hashes, others, least=1))
    assert {account: set(to) for account, to in found.items()} == {
        b"a": {b"x", b"y"}, b"b": {b"y"}, b"c": {b"x"},
    }  # fmt: skip
    assert [len(to) for _, to in sorted(found.items())] == [2, 1, 1]


def test_large_accounts_are_sorted_bytewise() -> None:
    """Above `least` pairs, To_Accounts come in the order of their bytes, as unsigned ones."""
    others = ["é", "a", "zz", "Z", "a1", "9", "漢", "a" * 32, "a" * 31]
    rows = rows_of([(b"x", other.encode()) for other in others])
    found = arrange(rows, hashes_of(rows[:, 0]), hashes_of(rows[:, 1]), least=8)
    assert [other.decode() for other in texts_of(found.others)] == [
        "9", "Z", "a", "a1", "a" * 31, "a" * 32, "zz", "é", "漢",
    ]  # fmt: skip


def test_the_largest_accounts_are_told() -> None:
    """The ten with most pairs; of those with as many, the first by their bytes."""
    accounts = [b"user%04d" % at + b"_" * (at % 9) for at in range(500)]
    rows = rows_of([(account, b"x") for account in accounts] + [(accounts[77], b"y")])
    found = arrange(rows, hashes_of(rows[:, 0]), hashes_of(rows[:, 1]), least=1)
    others = accounts[:9]
    assert found.largest(10) == [(2, accounts[77]), *((1, account) for account in others)]
    assert found.largest(600)[-1] == (1, accounts[499])


def test_batches_are_spread_and_cut_by_rank() -> None:
    """Five pairs in twos are three batches at (k + h) / 3; one pair is one batch at h."""
    made = batches_of(np.array([5, 1]), np.array([0.25, 0.5]), 2)
    assert made.keys.tolist() == [0.25 / 3, 1.25 / 3, 0.5, 2.25 / 3]
    assert made.accounts.tolist() == [0, 0, 1, 0]
    assert made.turns.tolist() == [0, 1, 0, 2]
    assert made.counts.tolist() == [2, 2, 1, 1]
    assert made.others is not None
    assert made.others.tolist() == [0, 1, 2, 3, 5, 4]


@given(ids=st.lists(st.binary(min_size=1, max_size=32).filter(lambda text: b"\0" not in text)))
def test_ids_come_back_from_words(ids: list[bytes]) -> None:
    """An id is the same in words, wherever it was cut from and however wide its row is."""
    buffer = bytearray(b"\xff".join(ids) + b"\xff" * 40)
    lengths = np.array([len(text) for text in ids], np.int64)
    starts = np.cumsum(lengths + 1) - lengths - 1
    words = words_of(buffer, starts, lengths, 4)
    assert texts_of(words) == ids
    assert (words == words_of_texts(ids)).all()
    short = words_of(buffer, starts[lengths <= 16], lengths[lengths <= 16], 2)
    assert hashes_of(short).tolist() == hashes_of(widened(short, 4)).tolist()
