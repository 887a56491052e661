"""Ids that look like what an export did to them: counted by kind, a first one of each kept.

Nothing is done to them. Millions of ids are looked at by their first two bytes and their last three
at once; only those that may be of a kind are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np

from bulkdel.plan.ids import Bytes, Flags, Whole, Words
from bulkdel.plan.values import Lookalike

KINDS: Final = ("blank", "backslash_n", "null", "formula", "number")

_NULLS: Final = frozenset((b"NULL", b"null", b"Null", b"None", b"nan", b"NaN", b"#N/A"))
_NUMBER: Final = re.compile(rb"[+-]?[0-9](?:[.,][0-9]+)?[eE][+-][0-9]+|[+-]?[0-9][.,][0-9]+E[0-9]+")
_UNSEEN_RANGES: Final = """\
0020-0020 00A0-00A0 00AD-00AD 034F-034F 061C-061C 115F-1160 1680-1680 17B4-17B5 180E-180E \
2000-200F 2028-202F 205F-2064 2066-206F 3000-3000 3164-3164 FEFF-FEFF FFA0-FFA0 FFF9-FFFB \
1BCA0-1BCA3 1D173-1D17A E0001-E0001 E0020-E007F"""
"""Unicode's Zs, Zl, Zp, and of Cf and the fillers what shows nothing."""

_UNSEEN: Final = frozenset(
    chr(code)
    for first, _, last in (pair.partition("-") for pair in _UNSEEN_RANGES.split())
    for code in range(int(first, 16), int(last, 16) + 1)
)

_EXPONENTS: Final = np.frombuffer(b"eE", np.uint8)
_SIGNS: Final = np.frombuffer(b"+-", np.uint8)
_BYTE: Final = np.uint64(0xFF)
_ASCII: Final = 0x7F
_BLANK: Final = 0x20

Counts = dict[str, tuple[int, str]]
"""By kind: how many, and the first."""


def kind_of(account: bytes) -> str | None:
    """Which kind of lookalike this valid id is, if it is one."""
    text = account.decode()
    if text[0] in _UNSEEN or text[-1] in _UNSEEN:
        return "blank"
    if account == b"\\N":
        return "backslash_n"
    if account in _NULLS:
        return "null"
    if account.startswith(b'="') and account.endswith(b'"'):
        return "formula"
    return "number" if _NUMBER.fullmatch(account) else None


def counted(accounts: Iterable[bytes]) -> Counts:
    """The lookalikes among these ids."""
    counts: Counts = {}
    for account in accounts:
        if kind := kind_of(account):
            number, example = counts.get(kind, (0, account.decode()))
            counts[kind] = number + 1, example
    return counts


def likely(ids: Words, buffer: bytearray, ends: Whole) -> Flags:
    """Which of many ids may be lookalikes: all that are, and few more.

    Args:
        ids: rows by columns in words.
        buffer: the bytes they were read from.
        ends: rows by columns, the places there behind each id.
    """
    alike: Flags = np.take(_BEGINNINGS, ids[:, :, 0].astype(np.uint16))
    places = np.nonzero(alike)
    if len(places[0]):
        first, second, third = (ids[:, :, 0][places] >> np.uint64(at) & _BYTE for at in (0, 8, 16))
        mere = (first != _BLANK) & np.isin(second, _EXPONENTS) & ~np.isin(third, _SIGNS)
        alike[places] = ~mere  # as in 1e5f0c, a piece of a hash
    if not buffer.isascii() or b" " in buffer:
        alike |= _tails(np.frombuffer(buffer, np.uint8), ends)
    return alike


def together(counts: Iterable[Counts]) -> Counts:
    """Counts of one stretch of the input after the other, as one."""
    total: Counts = {}
    for one in counts:
        for kind, (number, example) in one.items():
            before, first = total.get(kind, (0, example))
            total[kind] = before + number, first
    return total


def as_values(counts: Counts) -> tuple[Lookalike, ...]:
    """The counts as a plan keeps them."""
    return tuple(
        Lookalike(kind=kind, ids=counts[kind][0], example=counts[kind][1])
        for kind in KINDS
        if kind in counts
    )


def _beginnings() -> Flags:
    """For the first two bytes as a little-endian number, whether the id may be of a kind."""
    alike = np.zeros((256, 256), np.bool_)  # by the second byte, then the first
    alike[:, 0x20] = True
    for head in (b"\\N", b'="', *_NULLS):
        alike[head[1], head[0]] = True
    digits, signs = list(b"0123456789"), list(b"+-")
    for second in b".,eE":
        alike[second, digits] = True
    for digit in digits:
        alike[digit, signs] = True
    for character in _UNSEEN:
        head = character.encode()
        if len(head) > 1:
            alike[head[1], head[0]] = True
    return alike.ravel()


def _tails(data: Bytes, ends: Whole) -> Flags:
    """The ids that may end with what is not seen."""
    last = data[ends - 1]
    alike: Flags = last == _BLANK
    wide = np.nonzero(last > _ASCII)
    if len(wide[0]):
        places = ends[wide]
        # The bytes before may be those of another field: then one is looked at in vain.
        pairs = data[places - 3].astype(np.uint16) << 8 | data[places - 2]
        alike[wide] = _ENDINGS[pairs] | _SHORT[data[places - 2]]
    return alike


def _endings() -> tuple[Flags, Flags]:
    """By the two bytes before the last, and by the one: whether what ends there may be unseen."""
    pairs, single = np.zeros(1 << 16, np.bool_), np.zeros(256, np.bool_)
    for character in _UNSEEN:
        tail = character.encode()
        match len(tail):
            case 1:
                pass
            case 2:
                single[tail[0]] = True
            case _:
                pairs[tail[-3] << 8 | tail[-2]] = True
    return pairs, single


_BEGINNINGS: Final = _beginnings()
_ENDINGS, _SHORT = _endings()
