"""What a rehearsal found: the questions, what is assumed, what a provider does, what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from bulkdel.report.figures import stamp
from bulkdel.report.json_text import json_text


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

QUESTIONS: Final[Mapping[Key, tuple[str, Mapping[Value, str]]]] = {
    Key.REVERSE_ONLY: (
        "friend on the other list only",
        {
            "keep": "stays, not a friend",
            "remove": "goes, not a friend",
            "delete": "goes, deleted",
        },
    ),
    Key.ALL_FAILED: (
        "every pair of a call fails",
        {
            "zero": "code 0, one per pair",
            "code_and_items": "code, one per pair",
            "code_only": "a code alone",
        },
    ),
    Key.COMPLETE: ("results name every pair", {True: "yes", False: "no"}),
    Key.ORDERED: ("results in the order sent", {True: "yes", False: "no"}),
    Key.REPEATED_ID: (
        "an id twice in a call",
        {"once": "one result", "twice": "two results", "refused": "call refused"},
    ),
    Key.ONESELF: (
        "an account off its own list",
        {"item": "a result of its own", "call": "call refused"},
    ),
    Key.UNKNOWN_ID: (
        "an id that nobody has",
        {"item": "that pair fails", "call": "call refused", "gone": "not a friend"},
    ),
    Key.CLEAR_EMPTY: ("an empty list cleared", {"ok": "done", "code": "not a friend"}),
    Key.CLEAR_REVERSE: (
        "clearing, for others' lists",
        {"keep": "stays on theirs", "remove": "goes from theirs"},
    ),
    Key.NONCE_TWICE: ("the same nonce twice", {"accepted": "accepted", "refused": "refused"}),
    Key.ADD_WRITES_BOTH: ("a friend put on a list", {True: "both lists", False: "that list alone"}),
}
"""Each question in a few words, and what may be found in a few words."""


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

    value: Value | None
    assumed: tuple[Value, ...]
    holds: bool | None
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
    "assumed.*": "the values that bulkdel assumes; empty where nothing of it hangs on the answer",
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
