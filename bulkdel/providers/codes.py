"""What a result code means: the shape of the code tables, and how a code becomes a ruling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bulkdel.words import NO_REPLY, UNREADABLE, Ruling, Verdict

HTTP_STATUSES: Final = range(100, 1000)
"""What a Ruling's code is where there is only a status; no provider's table has such codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One row of a provider's code table.

    Attributes:
        verdict: what the code means as the answer to a whole call.
        words: the code in a few words, for people.
        item: what it means as the result of a single item, where that differs.
        lost, hold_s, conflict, shrink, known: as in Ruling.
    """

    verdict: Verdict
    words: str
    item: Verdict | None = None
    lost: bool = False
    hold_s: float | None = None
    conflict: bool = False
    shrink: bool = False
    known: bool = True


class Scope(Enum):
    """What a code was said of."""

    SEVERAL = auto()  #: a whole call of several ids
    ONE = auto()  #: a whole call of one id
    SWEEP = auto()  #: a call that clears an account's list
    ITEM = auto()  #: one id among a call's results


def gone(words: str) -> Meaning:
    """There was nothing to delete."""
    return Meaning(verdict=Verdict.ALREADY_GONE, words=words)


def failed(words: str) -> Meaning:
    """Refused for good: the account itself, or the pair, cannot be acted on."""
    return Meaning(verdict=Verdict.FAILED, words=words)


def broken(words: str, *, conflict: bool = False) -> Meaning:
    """A failure on the server's side: goes again, and may have been carried out."""
    return Meaning(verdict=Verdict.TRANSIENT, words=words, lost=True, conflict=conflict)


def unready(words: str) -> Meaning:
    """A failure before the call was looked at: goes again, and was not carried out."""
    return Meaning(verdict=Verdict.TRANSIENT, words=words)


def throttled(words: str, *, hold_s: float | None = None) -> Meaning:
    """Too many calls: the lane waits."""
    return Meaning(verdict=Verdict.THROTTLED, words=words, hold_s=hold_s)


def resign(words: str) -> Meaning:
    """The signature is not accepted: it is old, or its key is too new to be known. Sign again."""
    return Meaning(verdict=Verdict.RESIGN, words=words)


def split(words: str) -> Meaning:
    """Some id of the call was not accepted, and it does not say which."""
    return Meaning(verdict=Verdict.SPLIT, words=words, item=Verdict.FAILED)


def oversized(words: str) -> Meaning:
    """The batch was too large. Said of an item it is no fault of that pair, which goes again."""
    return Meaning(verdict=Verdict.SPLIT, words=words, item=Verdict.TRANSIENT, shrink=True)


def fatal(words: str, *, hold_s: float | None = None) -> Meaning:
    """Credentials, permission, app or address refused: no other call would fare better."""
    return Meaning(verdict=Verdict.FATAL, words=words, hold_s=hold_s)


def malformed(words: str) -> Meaning:
    """The request is wrong in itself: stops the lane. Said of an item, it refuses that item."""
    return Meaning(verdict=Verdict.FATAL, words=words, item=Verdict.FAILED)


def stray(words: str) -> Meaning:
    """Documented, but not for deletions: handled as an unknown code, with words to go with it.

    Neither its author nor ours said what it does to a pair here, so it settles nothing: bounded
    tries, then unsettled and named.
    """
    return Meaning(verdict=Verdict.TRANSIENT, words=words, lost=True, known=False)


_UNKNOWN = stray("a code that the provider's documentation does not list")


def rule(codes: Mapping[int, Meaning], code: int, info: str, scope: Scope) -> Ruling:
    """The ruling of a nonzero `code` that was said of `scope`.

    A code that says "not a friend" of a whole call of several ids does not say of which, so it
    splits; one that splits, said of a single id, is that id's refusal.
    """
    meaning = codes.get(code, _UNKNOWN)
    verdict = meaning.verdict
    match scope:
        case Scope.ITEM:
            verdict = verdict if meaning.item is None else meaning.item
        case Scope.SEVERAL:
            verdict = Verdict.SPLIT if verdict is Verdict.ALREADY_GONE else verdict
        case Scope.ONE | Scope.SWEEP:
            verdict = Verdict.FAILED if verdict is Verdict.SPLIT else verdict
    return Ruling(
        verdict=verdict,
        code=code,
        info=info,
        lost=meaning.lost,
        hold_s=meaning.hold_s,
        conflict=meaning.conflict,
        shrink=meaning.shrink and not verdict.settles,
        known=meaning.known,
    )


def in_words(codes: Mapping[int, Meaning], code: int) -> str:
    """Any Ruling's code in a few words."""
    meaning = codes.get(code)
    if meaning is not None:
        return meaning.words
    if code == 0:
        return "done"
    if code == NO_REPLY:
        return "no reply"
    if code == UNREADABLE:
        return "a reply without a readable result"
    if code in HTTP_STATUSES:
        return f"HTTP status {code}"
    return _UNKNOWN.words
