"""Account ids as rows of machine words, so that millions are hashed and compared at once.

An id of 1…32 bytes becomes one to four words, filled up with NUL, which is in no valid id; with a
mark behind it, see sides.py, it may need a fifth. Words are little-endian on every machine, so that
hashes are the same everywhere.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

WORD: Final = 8
MOST_WORDS: Final = 4
ID_BYTES: Final = WORD * MOST_WORDS
"""Bytes of UTF-8 that an account id may have at most, at every provider."""

_U64 = np.dtype("<u8")
_ODD = tuple(
    np.uint64(value)
    for value in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
)
_FACTORS = (*_ODD, np.uint64(0xD6E8FEB86659FD93))  # of an id's words, and of its mark's
_SHIFT = np.uint64(32)


def _masks() -> list[Words]:
    """By number of words: for each length the bytes that belong to the id."""
    whole = np.zeros((ID_BYTES + 1, ID_BYTES), np.uint8)
    for length in range(ID_BYTES + 1):
        whole[length, :length] = 0xFF
    words = whole.view(_U64)
    return [np.ascontiguousarray(words[:, :count]) for count in range(MOST_WORDS + 1)]


_MASKS = _masks()


def words_of(buffer: bytearray, starts: Whole, lengths: Whole, count: int) -> Words:
    """The ids at `starts` as rows of `count` words.

    `buffer` must go on for ID_BYTES behind the last start.
    """
    size = WORD * count
    windows = np.ndarray((len(buffer) - size + 1,), f"V{size}", buffer=buffer, strides=(1,))
    words: Words = windows[starts].view(_U64).reshape(-1, count)
    words &= np.take(_MASKS[count], lengths, axis=0)
    return words


def words_of_texts(ids: list[bytes], count: int = MOST_WORDS) -> Words:
    """These ids as rows of `count` words; none is longer than that."""
    return np.array(ids, f"S{WORD * count}").view(_U64).reshape(-1, count)


def texts_of(words: Words) -> list[bytes]:
    """The ids in these rows."""
    flat = np.ascontiguousarray(words)
    texts: list[bytes] = flat.view(f"S{WORD * flat.shape[1]}").ravel().tolist()
    return texts


def hashes_of(words: Words) -> Words:
    """64 bits for each row, the same however many words of NUL it is filled up with."""
    total = np.zeros(len(words), _U64)
    for at in range(words.shape[1]):
        mixed = words[:, at] * _FACTORS[at]
        mixed ^= mixed >> _SHIFT
        mixed *= _ODD[at - 1]
        total += mixed
    return _mix(total)


def friendship_hashes(ids: Words) -> Words:
    """64 bits for each row of two ids, the same whichever of them comes first."""
    return _mix(hashes_of(ids[:, 0]) + hashes_of(ids[:, 1]))


def _mix(total: Words) -> Words:
    total ^= total >> _SHIFT
    total *= _ODD[1]
    total ^= total >> np.uint64(29)
    return total


def widened(words: Words, count: int) -> Words:
    """The same ids in rows of `count` words; words that are cut off hold nothing."""
    if words.shape[1] >= count:
        return words[:, :count]
    wide = np.zeros((len(words), count), _U64)
    wide[:, : words.shape[1]] = words
    return wide


def differing(words: Words) -> Flags:
    """For each row but the first, whether it differs from the one before."""
    differ = np.zeros(max(0, len(words) - 1), np.bool_)
    for word in columns(words):
        differ |= word[1:] != word[:-1]
    return differ


def columns(words: Words) -> list[Words]:
    """The words of the ids, one array for each."""
    return [words[:, at] for at in range(words.shape[1])]


def stretches(starts: Whole, lengths: Whole) -> Whole:
    """The whole numbers of the stretches start … start + length - 1, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: Whole = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return places
