"""What is secret is starred wherever a text of somebody else's repeats it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from typing import Final, TypeAlias
from urllib.parse import unquote

from bulkdel.words import Answer, Batch, Entry, Ruling

RUN: Final = 12
"""Characters in a row of a hidden text that are starred; fewer stand in ordinary words as well."""

# Whoever echoes more than a piece, and of what: nothing long and random is passed on. An id has at
# most 32 characters; a signature has 32 hex digits or, in base 64, more than 40 characters.
_LONG: Final = re.compile(r"[0-9A-Za-z*_+/=%-]{40,}|[0-9A-Fa-f]{32,}")
_STARS: Final = "***"
ACCOUNT: Final = "(account)"
"""What stands in a text for an account's id."""
SHORT: Final = 4
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_ENCODED: Final = re.compile("%[0-7][0-9A-Fa-f]")
_LEVELS: Final = 3
"""As it stands, percent-encoded, and that encoded once more."""

_Place: TypeAlias = tuple[str, int, int]  # a character, and from where to where it stands


def without_long_runs(text: str) -> str:
    """The text without what looks like a signature, whosever it is."""
    return _LONG.sub(_STARS, text)


def nameless(text: str, entry: Entry) -> str:
    """A provider's text without the accounts of the entry that it was said of.

    Of one with fewer than SHORT characters only whole words are; where it stands percent-encoded or
    escaped, nothing of the text stays.
    """
    if not text:
        return text
    others = entry.to_accounts if isinstance(entry, Batch) else ()
    decoded = unquote(text)
    if "\\u" in decoded:
        decoded = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), decoded)
    held = [one for one in (entry.from_account, *others) if one in decoded]
    for account in sorted(held, key=len, reverse=True):
        word = re.escape(account)
        if len(account) < SHORT:
            word = rf"(?<!\w){word}(?!\w)"
        if decoded != text and re.search(word, decoded) and account not in text:
            return ACCOUNT
        text = re.sub(word, ACCOUNT, text)
    return text


def starred(text: str, hidden: Iterable[str]) -> str:
    """The text without any RUN characters in a row that stand in a hidden text.

    A hidden text that is shorter is starred as a whole. Case makes no difference, nor what is
    percent-encoded.
    """
    sought = [one.translate(_LOWER) for one in hidden if one]
    least = min((RUN, *map(len, sought)))
    if len(text) < least:
        return text
    if least == RUN and "%" not in text and not _may_hold(text.translate(_LOWER), sought):
        return text
    covered = bytearray(len(text))
    places: list[_Place] = [(char, at, at + 1) for at, char in enumerate(text.translate(_LOWER))]
    for _ in range(_LEVELS):
        _cover(covered, places, sought)
        decoded = _decoded(places)
        if len(decoded) == len(places):
            break
        places = decoded
    if not any(covered):
        return text
    return "".join(
        char if not covered[at] else "" if at and covered[at - 1] else _STARS
        for at, char in enumerate(text)
    )


def _may_hold(plain: str, sought: list[str]) -> bool:
    """False where no RUN characters in a row are sought: each such run has one of these halves."""
    half = RUN // 2
    halves = [plain[at : at + half] for at in range(0, len(plain) - half + 1, half)]
    return any(one in hidden for one in halves for hidden in sought)


def _cover(covered: bytearray, places: list[_Place], sought: list[str]) -> None:
    """Mark what a run in `sought` stands at."""
    plain = "".join(char for char, _, _ in places)
    for one in sought:
        size = min(RUN, len(one))
        for at in range(len(plain) - size + 1):
            if plain[at : at + size] in one:
                begin, end = places[at][1], places[at + size - 1][2]
                covered[begin:end] = b"\x01" * (end - begin)


def _decoded(places: list[_Place]) -> list[_Place]:
    """With each %XX as the character that it stands for."""
    plain = "".join(char for char, _, _ in places)
    decoded: list[_Place] = []
    at = 0
    while at < len(places):
        if _ENCODED.match(plain, at):
            char = chr(int(plain[at + 1 : at + 3], 16)).translate(_LOWER)
            decoded.append((char, places[at][1], places[at + 2][2]))
            at += 3
        else:
            decoded.append(places[at])
            at += 1
    return decoded


def starred_answer(answer: Answer, hidden: tuple[str, ...]) -> Answer:
    """The answer with every text of the provider's starred."""
    if not answer.items and not answer.rest.info:
        return answer
    texts: dict[str, str] = {}

    def shown(ruling: Ruling) -> Ruling:
        info = ruling.info
        if info not in texts:
            texts[info] = starred(info, hidden)
        return ruling if texts[info] == info else replace(ruling, info=texts[info])

    items = {account: shown(ruling) for account, ruling in answer.items.items()}
    return replace(answer, rest=shown(answer.rest), items=items)
