"""What signs a call is starred wherever a provider's text repeats it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from bulkdel.words import Answer, Ruling

RUN: Final = 12
"""Characters in a row of a hidden text that are starred; fewer stand in ordinary words as well."""

# Whoever echoes more than a piece, and of what: nothing long and random is passed on. An id has at
# most 32 characters, ZEGO's signature and secret have 32 hex digits, the HMAC in a UserSig 44.
_LONG: Final = re.compile(r"[0-9A-Za-z*_+/=%-]{40,}|[0-9A-Fa-f]{32,}")
_STARS: Final = "***"
_LOWER: Final = {ord(large): ord(large) + 32 for large in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def without_long_runs(text: str) -> str:
    """The text without what looks like a signature, whosever it is."""
    return _LONG.sub(_STARS, text)


def starred(text: str, hidden: Iterable[str]) -> str:
    """The text without any RUN characters in a row that stand in a hidden text.

    Case makes no difference, nor whether the hidden text is percent-encoded.
    """
    if len(text) < RUN:
        return text
    lowered = text.translate(_LOWER)
    forms = [form for one in hidden for form in _forms(one.translate(_LOWER)) if len(form) >= RUN]
    covered = [False] * len(text)
    for start in range(len(text) - RUN + 1):
        piece = lowered[start : start + RUN]
        if any(piece in form for form in forms):
            covered[start : start + RUN] = [True] * RUN
    if not any(covered):
        return text
    shown: list[str] = []
    for at, (char, is_covered) in enumerate(zip(text, covered, strict=True)):
        if not is_covered:
            shown.append(char)
        elif at == 0 or not covered[at - 1]:
            shown.append(_STARS)
    return "".join(shown)


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


def _forms(hidden: str) -> tuple[str, ...]:
    """As it stands, and as it stands in an address that encodes all but letters and digits."""
    encoded = "".join(
        char if char.isascii() and char.isalnum() else _encoded(char) for char in hidden
    )
    return (hidden,) if encoded == hidden else (hidden, encoded)


def _encoded(char: str) -> str:
    return "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
