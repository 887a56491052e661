"""What a result code means: a provider's table of codes, and how a code becomes a Ruling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from bulkdel.providers import purge as purges
from bulkdel.providers.purge import Purge
from bulkdel.words import NEVER_SENT, NO_REPLY, UNREADABLE, Ruling, Verdict

HTTP_STATUSES: Final = range(100, 1000)
"""What a Ruling's code is where there is only a status; no provider's table has such codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One row of a provider's code table.

    Attributes:
        verdict: what the code means as the answer to a whole call.
        words: the code in a few words, for people.
        item: what it means as the result of a single item, where that differs.
        gone: texts that make the code, said of one id, mean that there was nothing to delete.
        lost, hold_s, conflict, shrink, known: as in Ruling.
    """

    verdict: Verdict
    words: str
    item: Verdict | None = None
    gone: re.Pattern[str] | None = None
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
    """There was nothing to delete, or nothing to put back."""
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


def split(words: str, *, gone: re.Pattern[str] | None = None) -> Meaning:
    """Some id of the call was not accepted, and it does not say which."""
    return Meaning(verdict=Verdict.SPLIT, words=words, item=Verdict.FAILED, gone=gone)


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

    No documentation says what it means for a pair here, so it settles nothing: a bounded number of
    tries, then the pair is left unsettled and the code is named.
    """
    return Meaning(verdict=Verdict.TRANSIENT, words=words, lost=True, known=False)


_UNKNOWN = stray("a code that the provider's documentation does not list")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """A provider's result codes, and under which keys its replies hold them.

    Attributes:
        key: of a reply, where its own code stands.
        text: of a reply, where that code's text stands.
        meanings: the documented codes other than 0.
        advice: what a user can do about a code that refuses the app, naming keys of the target's
            table in the job file.
        purges: what each code that can refuse a pair for good means for a purge.
    """

    key: str
    text: str
    meanings: Mapping[int, Meaning]
    advice: Mapping[int, str] = field(default_factory=dict)
    purges: Mapping[int, Purge] = field(default_factory=dict)

    def rule(self, code: int, info: str, scope: Scope) -> Ruling:
        """The ruling of a nonzero `code` that was said of `scope` with the text `info`.

        A code that says "not a friend" of a whole call of several ids does not say of which, so it
        splits; one that splits, said of a single id, is that id's refusal.
        """
        meaning = self.meanings.get(code, _UNKNOWN)
        gone = meaning.gone
        if gone is not None and scope in (Scope.ITEM, Scope.ONE) and gone.search(info):
            return Ruling(verdict=Verdict.ALREADY_GONE, code=code, info=info)
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

    def beside(self, *, refused: Iterable[int] = (), there: Iterable[int] = ()) -> CodeTable:
        """The table for calls that delete nothing, which keep each code's words.

        No code says of them that there was nothing to delete: one that says so of a deletion
        refuses the item here, as no answer to what was asked.

        Args:
            refused: codes that refuse an item for good, as these calls' documentation has it. What
                stops a lane where it is said of a whole call goes on to do so.
            there: codes that say that what is put back is there already.
        """
        ours = {
            code: split(meaning.words)
            for code, meaning in self.meanings.items()
            if meaning.verdict is Verdict.ALREADY_GONE or meaning.gone is not None
        }
        for code in refused:
            ours[code] = split(self.words(code))
            if self.meanings[code].verdict is Verdict.FATAL:
                ours[code] = malformed(self.words(code))
        ours |= {code: gone(self.words(code)) for code in there}
        return replace(self, meanings={**self.meanings, **ours})

    def may_last(self, code: int) -> bool:
        """Whether a pair may be answered with `code` for ever.

        So may it with a provider's own code of which no documentation says what it means for a
        deletion. Every other one settles the pair, or passes.
        """
        own = code > 0 and code not in HTTP_STATUSES
        return own and not self.meanings.get(code, _UNKNOWN).known

    def words(self, code: int) -> str:
        """Any Ruling's code in a few words, for people."""
        if (meaning := self.meanings.get(code)) is not None:
            return meaning.words
        if code in HTTP_STATUSES:
            return f"HTTP status {code}"
        return _OWN_WORDS.get(code, _UNKNOWN.words)

    def purge(self, code: int) -> Purge:
        """What a pair that failed with any Ruling's code means for a purge."""
        if (known := self.purges.get(code) or purges.OWN.get(code)) is not None:
            return known
        if code in HTTP_STATUSES and code not in self.meanings:
            return purges.of_status(code)
        meaning = self.meanings.get(code, _UNKNOWN)
        if not meaning.known:
            return purges.NOT_DOCUMENTED
        if meaning.verdict is Verdict.TRANSIENT:
            return purges.LOST if meaning.lost else purges.UNREADY
        return purges.BY_VERDICT[meaning.verdict]


_OWN_WORDS: Final = {
    0: "done",
    NO_REPLY: "no reply",
    UNREADABLE: "a reply without a readable result",
    NEVER_SENT: "closed before any call had carried it",
}
