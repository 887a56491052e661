"""What an answer to a rehearsal's question means for a run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bulkdel.report.rehearsal import Key, Value
from bulkdel.words import Mode, Ruling, Verdict


def for_a_run(
    key: Key, value: Value, ruling: Ruling | None, *, mode: Mode, fewest_calls: bool
) -> str:
    """What it means for a run of this mode; `ruling` is what such an answer comes to in a run."""
    if key is Key.REVERSE_ONLY and value == "keep":
        if mode is Mode.ONE_WAY:
            return "no matter here: the job is one_way"
        return _SECOND_PHASE if fewest_calls else _OTHER_SIDE
    words = _WORDS[key][value]
    if (key, value) in _BY_RULING and ruling is not None:
        return f"{words}{_OF_A_CALL.get(ruling.verdict, '')}"
    if (
        key is Key.UNKNOWN_ID
        and value == "item"
        and ruling
        and ruling.verdict is not Verdict.FAILED
    ):
        return f"such a pair is tried again and stays unsettled (code {ruling.code})"
    return words


_SECOND_PHASE: Final = (
    "what the second phase of fewest_calls is for: the other side is sent as well before a "
    "friendship counts as already gone"
)
_OTHER_SIDE: Final = (
    "a pair that only its To_Account still holds counts as already gone, and stays on that list: "
    'name both directions in the input, or use orient = "fewest_calls"'
)

_BY_RULING: Final = frozenset({(Key.ALL_FAILED, "code_only"), (Key.UNKNOWN_ID, "call")})
_OF_A_CALL: Final[Mapping[Verdict, str]] = {
    Verdict.SPLIT: "a run halves such a call until each pair has an answer: more calls, and safe",
    Verdict.FAILED: (
        "a run settles every pair of such a call as failed, though one alone is at fault: nothing "
        "wrong is deleted, and a new job can send the rest again"
    ),
    Verdict.TRANSIENT: "a run tries such a call again, and leaves its pairs unsettled: safe",
    Verdict.FATAL: "a run stops at such a call (exit 77): safe",
}
_BY_ID: Final = "no matter: results are joined by id"
_EACH: Final = "each pair is settled by its own code"

_WORDS: Final[Mapping[Key, Mapping[Value, str]]] = {
    Key.REVERSE_ONLY: {
        "remove": "safe: nothing remains; a second phase costs calls that find nothing",
        "delete": "safe: nothing remains, and the pair counts as deleted",
    },
    Key.ALL_FAILED: {"zero": _EACH, "code_and_items": _EACH, "code_only": ""},
    Key.COMPLETE: {
        True: _EACH,
        False: "safe: a pair without a result goes again and counts a lost answer; more calls",
    },
    Key.ORDERED: {True: _BY_ID, False: _BY_ID},
    Key.REPEATED_ID: dict.fromkeys(
        ("once", "twice", "refused"), "no matter: no call of a run repeats an id"
    ),
    Key.ONESELF: dict.fromkeys(
        ("item", "call"), "no matter: such a row is rejected before anything is sent"
    ),
    Key.UNKNOWN_ID: {
        "item": "such a pair is settled as failed, and the others of its call are not",
        "call": "",
        "gone": "a wrong id counts as already gone: look for wrong ids among those",
    },
    Key.CLEAR_EMPTY: {
        "ok": "such an account counts as deleted",
        "code": "safe: such an account counts as already gone",
    },
    Key.CLEAR_REVERSE: {
        "keep": "who lists a cleared account without being on its list goes on to list it",
        "remove": "more goes than stands on the list: who lists the account loses it as well",
    },
    Key.NONCE_TWICE: dict.fromkeys(
        ("accepted", "refused"), "no matter: each call has a nonce of its own"
    ),
    Key.ADD_WRITES_BOTH: {
        True: "an undo may put a friend on the other list too: look at both after it",
        False: "an undo puts back each side by itself",
    },
}
