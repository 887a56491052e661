"""What a rehearsal found: the questions, what is assumed, what a provider does, what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text
from bulkdel.words import Mode, Verdict


class Key(StrEnum):
    """What is found out, in the order in which it is shown."""

    REVERSE_ONLY = "reverse_only"
    ALL_FAILED = "all_failed"
    COMPLETE = "complete"
    ORDERED = "ordered"
    REPEATED_ID = "repeated_id"
    ONESELF = "oneself"
    UNKNOWN_ID = "unknown_id"
    CLEAR_EMPTY = "clear_empty"
    CLEAR_REVERSE = "clear_reverse"
    NONCE_TWICE = "nonce_twice"
    ADD_WRITES_BOTH = "add_writes_both"


Value: TypeAlias = str | bool

_BY_ID: Final = "no matter: results are joined by id"
_EACH: Final = "each pair is settled by its own code"
_NEVER_TWICE: Final = "no matter: no call of a run repeats an id"
_REJECTED: Final = "no matter: such a row is rejected before anything is sent"
_NEW_NONCE: Final = "no matter: each call has a nonce of its own"

QUESTIONS: Final[Mapping[Key, tuple[str, Mapping[Value, tuple[str, str]]]]] = {
    Key.REVERSE_ONLY: (
        "friend on the other list only",
        {
            "keep": ("stays, not a friend", ""),
            "remove": ("goes, not a friend", "safe: a second phase costs calls that find nothing"),
            "delete": ("goes, deleted", "safe: nothing remains, and the pair counts as deleted"),
        },
    ),
    Key.ALL_FAILED: (
        "every pair of a call fails",
        {
            "zero": ("code 0, one per pair", _EACH),
            "code_and_items": ("code, one per pair", _EACH),
            "code_only": ("a code alone", ""),
        },
    ),
    Key.COMPLETE: (
        "results name every pair",
        {
            True: ("yes", _EACH),
            False: ("no", "safe: a pair without a result goes again, and counts a lost answer"),
        },
    ),
    Key.ORDERED: ("results in the order sent", {True: ("yes", _BY_ID), False: ("no", _BY_ID)}),
    Key.REPEATED_ID: (
        "an id twice in a call",
        {
            "once": ("one result", _NEVER_TWICE),
            "twice": ("two results", _NEVER_TWICE),
            "refused": ("call refused", _NEVER_TWICE),
        },
    ),
    Key.ONESELF: (
        "an account off its own list",
        {"item": ("a result of its own", _REJECTED), "call": ("call refused", _REJECTED)},
    ),
    Key.UNKNOWN_ID: (
        "an id that nobody has",
        {
            "item": ("that pair fails", "such a pair is settled as failed, the others are not"),
            "call": ("call refused", ""),
            "gone": (
                "not a friend",
                "a wrong id counts as already gone: look for such",
            ),
        },
    ),
    Key.CLEAR_EMPTY: (
        "an empty list cleared",
        {
            "ok": ("done", "such an account counts as deleted"),
            "code": ("not a friend", "safe: such an account counts as already gone"),
        },
    ),
    Key.CLEAR_REVERSE: (
        "clearing, for others' lists",
        {
            "keep": ("stays on theirs", "who is not on a cleared list goes on to list its account"),
            "remove": (
                "goes from theirs",
                "whoever lists the account loses it, listed or not",
            ),
        },
    ),
    Key.NONCE_TWICE: (
        "the same nonce twice",
        {"accepted": ("accepted", _NEW_NONCE), "refused": ("refused", _NEW_NONCE)},
    ),
    Key.ADD_WRITES_BOTH: (
        "a friend put on a list",
        {
            True: ("both lists", "an undo may write the other list too: look at both after it"),
            False: ("that list alone", "an undo puts back each side by itself"),
        },
    ),
}
"""Each question in a few words; what may be found, in a few words, and what it means for a run."""

_OF_A_CALL: Final[Mapping[Verdict, str]] = {
    Verdict.SPLIT: "a run halves such a call until each pair has an answer: more calls, and safe",
    Verdict.FAILED: "a run settles every pair of such a call as failed: a new job sends them again",
    Verdict.TRANSIENT: "a run tries such a call again, and leaves its pairs unsettled: safe",
    Verdict.FATAL: "a run stops at such a call (exit 77): safe",
}


def meaning(
    key: Key, value: Value, verdict: Verdict | None, *, mode: Mode, fewest_calls: bool
) -> str:
    """What an answer means for a run of this mode, which rules such an answer so."""
    words = QUESTIONS[key][1][value][1]
    match key, value:
        case (Key.REVERSE_ONLY, "keep") if mode is Mode.ONE_WAY:
            return "no matter here: the job is one_way"
        case (Key.REVERSE_ONLY, "keep") if fewest_calls:
            return "what the second phase of fewest_calls is for: the other side is sent as well"
        case (Key.REVERSE_ONLY, "keep"):
            return (
                "a pair that only its To_Account still holds counts as already gone and stays on "
                'that list: name both directions in the input, or use orient = "fewest_calls"'
            )
        case (Key.ALL_FAILED, "code_only") | (Key.UNKNOWN_ID, "call") if verdict:
            return _OF_A_CALL.get(verdict, words)
        case (Key.UNKNOWN_ID, "item") if verdict is Verdict.TRANSIENT:
            return "such a pair is tried again, and stays unsettled"
        case _:
            return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of one question.

    Attributes:
        value: one of the question's; None where none of them was found.
        assumed: what bulkdel takes for as good as assumed; empty where it takes anything.
        holds: whether the assumption holds; None where that was not found out.
        words: what it means for a run, or why nothing was found; empty where there is nothing to
            say.
        unclear: whether that is for want of a clear answer, so that trying again may help.
    """

    value: Value | None = None
    assumed: tuple[Value, ...] = ()
    holds: bool | None = None
    words: str
    unclear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a rehearsal of one target found.

    Attributes:
        place: where its calls went, in words.
        calls: that left, all counted.
        at_ms: when it ended, Unix milliseconds.
    """

    provider: str
    target: str
    app_id: int
    place: str
    calls: int
    at_ms: int
    found: Mapping[Key, Found]

    @property
    def broken(self) -> tuple[Key, ...]:
        """The assumptions that do not hold."""
        return tuple(key for key, one in self.found.items() if one.holds is False)

    @property
    def unclear(self) -> tuple[Key, ...]:
        """The questions of which a further try may find out more."""
        return tuple(key for key, one in self.found.items() if one.unclear)


VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "provider": "its name",
    "target": "of the job, by name",
    "app_id": "the app that was tried",
    "at": "when the rehearsal ended, UTC",
    "calls": "how many it took",
    "found.*": f"by question ({', '.join(Key)}): what was found; null where nothing was",
    "assumed.*[]": "the values that bulkdel assumes; empty where nothing of it hangs on the answer",
    "holds.*": "whether that holds; null where it was not found out",
    "words.*": "what it means for a run, or why nothing was found",
}
"""What the file holds, by dotted path."""


def rehearsal_json(rehearsal: Rehearsal) -> bytes:
    """One JSON object; ends with a newline."""
    found = {key: rehearsal.found[key] for key in Key}
    values: dict[str, Any] = {
        "version": VERSION,
        "provider": rehearsal.provider,
        "target": rehearsal.target,
        "app_id": rehearsal.app_id,
        "at": stamp(rehearsal.at_ms),
        "calls": rehearsal.calls,
        "found": {key: one.value for key, one in found.items()},
        "assumed": {key: one.assumed for key, one in found.items()},
        "holds": {key: one.holds for key, one in found.items()},
        "words": {key: one.words for key, one in found.items()},
    }
    return json_text(values)


def names(accounts: Sequence[str]) -> str:
    """Accounts in a sentence: "a, b and c"."""
    *before, last = accounts
    return f"{', '.join(before)} and {last}" if before else last
