"""Different account ids that have the same 64-bit hash, made by computing the hash backwards."""

from __future__ import annotations

from collections.abc import Iterator

ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x27D4EB2F165667C5)
"""The hash's factors for the first word, the second, and the first word's second round."""

_ALL = 2**64


def _forth(word: int, first: int, second: int) -> int:
    mixed = word * first % _ALL
    return (mixed ^ mixed >> 32) * second % _ALL


def _back(value: int, first: int, second: int) -> int:
    mixed = value * pow(second, -1, _ALL) % _ALL
    return (mixed ^ mixed >> 32) * pow(first, -1, _ALL) % _ALL


def _word(text: bytes) -> int:
    return int.from_bytes(text, "little")


def ids_with_the_hash_of(text: bytes) -> Iterator[bytes]:
    """Other ids of 16 letters, digits and the like with the hash of this one, which has 16 too."""
    total = _forth(_word(text[:8]), ODD[0], ODD[2]) + _forth(_word(text[8:]), ODD[1], ODD[0])
    for at in range(1_000_000):
        begin = b"%08d" % at
        left = (total - _forth(_word(begin), ODD[0], ODD[2])) % _ALL
        end = _back(left, ODD[1], ODD[0]).to_bytes(8, "little")
        if begin != text[:8] and all(0x21 <= byte < 0x7F and byte not in b'",' for byte in end):
            yield begin + end
