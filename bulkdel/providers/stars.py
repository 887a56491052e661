"""What signs a call is starred wherever a provider's text repeats it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from bulkdel.words import Answer, Ruling

RUN: Final = 12
"""Characters in a row of a hidden text that are starred; fewer stand in ordinary words as well."""

# Whoever echoes more than a piece, and of what: nothing long and random is passed on. An id has at
# most 32 characters, ZEGO's signature and secret have 32 hex digits, the HMAC in a UserSig 44.
_LONG: Final = re.compile(r"[0-9A-Za-z*_+/=%-]{40,}|[0-9A-Fa-f]{32,}")
_STARS: Final = "***"
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_CHAR: Final = re.compile(r"%(?:25)*([0-7][0-9A-Fa-f])|.", re.DOTALL)
"""One character, as it stands or percent-encoded, once or more often."""


def without_long_runs(text: str) -> str:
    """The text without what looks like a signature, whosever it is."""
    return _LONG.sub(_STARS, text)


def starred(text: str, hidden: Iterable[str]) -> str:
    """The text without any RUN characters in a row that stand in a hidden text.

    Case makes no difference, nor what is percent-encoded.
    """
    if len(text) < RUN:
        return text
    pieces = list(_CHAR.finditer(text))
    plain = _lowered("".join(map(_decoded, pieces)))
    sought = [_lowered(one) for one in hidden]
    covered = bytearray(len(plain) + 1)
    for start in range(len(plain) - RUN + 1):
        run = plain[start : start + RUN]
        if any(run in one for one in sought):
            covered[start : start + RUN] = b"\x01" * RUN
    if not any(covered):
        return text
    return "".join(
        piece[0] if not covered[at] else "" if at and covered[at - 1] else _STARS
        for at, piece in enumerate(pieces)
    )


def starred_answer(answer: Answer, hidden: tuple[str, ...]) -> Answer:
    """The answer with every text of the provider's starred."""
    if not answer.items and not answer.rest.info:
        return answer
    seen: dict[str, str] = {}

    def shown(ruling: Ruling) -> Ruling:
        info = ruling.info
        if info not in seen:
            seen[info] = starred(info, hidden)
        return ruling if seen[info] == info else replace(ruling, info=seen[info])

    items = {account: shown(ruling) for account, ruling in answer.items.items()}
    return replace(answer, rest=shown(answer.rest), items=items)


def _decoded(char: re.Match[str]) -> str:
    return char[0] if char[1] is None else chr(int(char[1], 16))


def _lowered(text: str) -> str:
    """A-Z alone: no other change of case keeps the number of characters."""
    return text.translate(_LOWER)
