"""What a reply says of one pair, read from the providers' documentation; no code is shared.

Sources: Tencent "Deleting Friends" (1047/34905), "Deleting All Friends" (1047/34906), "Error Codes"
(1047/34348), FAQ (1047/34457); ZEGO batch-delete-friends.yaml and "Return codes".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

from bulkdel.send.transport import Reply


class Word(StrEnum):
    """What a reply says."""

    DONE = "done"  #: it was deleted
    GONE = "gone"  #: there was nothing to delete
    FOR_GOOD = "refused for good"
    THROTTLED = "too many calls"
    REFUSED = "refused, and not carried out"
    SERVER = "a server-side failure, or a code that nobody knows: perhaps carried out"
    NOTHING = "no definite answer: perhaps carried out"
    UNCLEAR = "the documentation leaves it open"


PERHAPS: Final = frozenset({Word.SERVER, Word.NOTHING})


class Reading(NamedTuple):
    """`code` is the provider's own, None where there was none."""

    word: Word
    code: int | None = None


_GONE: Final = {"tencent": {31704}, "zego": {660800034}}
_THROTTLED: Final = {
    "tencent": {60007, 60011, 60018, 60019, 31707},
    "zego": {7, 660300005, 660300006, 660700001},
}
_SERVER: Final = {
    "tencent": {30006, 30007, 30008, 60008, 60013, 60014, 70169, 70202, 70500},
    "zego": {1, 105001, 100000012, 100000015, 660000001, 660000003}
    | {660700013, 660700016, 660700017},
}
_FOR_GOOD: Final = {
    "tencent": {30003, 31804, 70107},
    "zego": {51102, 660200001, 660500002, 660700012, 660700015, 660800025}
    | {660700002, 660700006, 660700007, 660700008},
}
_OF_ONE: Final = {
    "tencent": {30001, 70206},
    "zego": {660000002, 660000011, 660000012, 660800019, 660800022, 660800033},
}
"""Refuses what is named, if that is a single one; of several it does not say which."""
_TOO_LARGE: Final = {660000011, 660800019}
_OF_AN_ITEM: Final = {"tencent": {30001, 70206, 60015, 70402}, "zego": {2}}
_REFUSED: Final = {
    "tencent": {30002, 30004, 60002, 60003, 60004, 60005, 60006, 60009, 60010, 60012, 60016}
    | {60017, 60020, 60021, 70001, 70002, 70003, 70005, 70009, 70013, 70014, 70016, 70020, 70050}
    | {70051, 70052, 70114, 70403, 71000, 60015, 70402},
    "zego": {2, 3, 660000028}
    | set(range(100000000, 100000012))
    | {100000013, 100000014}
    | {100000016, 100000017},
}


def reading(  # noqa: C901, PLR0911  # one clause of the documentation, one return
    provider: str, reply: Reply | None, ids: tuple[str, ...] | None, to: str
) -> Reading:
    """What `reply` says of `to`, where the call carried `ids`; None is the whole list."""
    if reply is None:
        return Reading(Word.NOTHING)
    if reply.status != 200:
        if reply.status == 429:
            return Reading(Word.THROTTLED, reply.status)
        lost = reply.status >= 500
        return Reading(Word.NOTHING if lost else Word.REFUSED, reply.status)
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return Reading(Word.NOTHING)
    if not isinstance(body, dict):
        return Reading(Word.NOTHING)
    top = body.get("ErrorCode" if provider == "tencent" else "Code")
    if type(top) is not int:
        return Reading(Word.NOTHING)
    if provider == "zego" and top in _TOO_LARGE and ids is not None and len(ids) > 1:
        return Reading(Word.REFUSED, top)  # whole, whatever the list repeats for each id
    named = _named(provider, body)
    own = [code for name, code, _ in named if name == to]
    texts = "".join(text for name, _, text in named if name == to)
    if ids is not None and own:
        return _agreed(provider, own, texts)
    if top:
        if named and ids is not None:
            return Reading(Word.UNCLEAR, top)
        text = str(body.get("ErrorInfo", ""))
        return _ruled(provider, top, text, single=ids is None or len(ids) == 1, item=False)
    if provider == "tencent" and ids is not None:
        return Reading(Word.NOTHING)  # an item for each id is documented
    return Reading(Word.DONE, 0)


def _named(provider: str, body: dict[str, Any]) -> list[tuple[str, int, str]]:
    if provider == "tencent":
        return [
            (item["To_Account"], item["ResultCode"], item["ResultInfo"])
            for item in body.get("ResultItem", [])
        ]
    return [(item["UserId"], item["SubCode"], "") for item in body.get("ErrorList", [])]


def _agreed(provider: str, codes: list[int], text: str) -> Reading:
    if len(set(codes)) > 1:
        return Reading(Word.NOTHING)
    if codes[0] == 0:
        return Reading(Word.DONE, 0)
    return _ruled(provider, codes[0], text, single=True, item=True)


def _ruled(  # noqa: PLR0911  # one class of codes, one return
    provider: str, code: int, text: str, *, single: bool, item: bool
) -> Reading:
    in_text = "not_friend" in text.lower() or "not_exist" in text.lower()
    if code in _GONE[provider] or (provider == "tencent" and code == 30001 and in_text and single):
        return Reading(Word.GONE if single else Word.REFUSED, code)
    if item and code in _TOO_LARGE:
        return Reading(Word.REFUSED, code)  # says that the call was too large: no fault of a pair's
    if code in _FOR_GOOD[provider] or (item and code in _OF_AN_ITEM[provider]):
        return Reading(Word.FOR_GOOD, code)
    if code in _OF_ONE[provider]:
        return Reading(Word.FOR_GOOD if single else Word.REFUSED, code)
    if code in _THROTTLED[provider]:
        return Reading(Word.THROTTLED, code)
    if code in _REFUSED[provider]:
        return Reading(Word.REFUSED, code)
    return Reading(Word.SERVER, code)
