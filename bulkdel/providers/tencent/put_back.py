"""friend_import: puts up to 1000 accounts on one account's list, with what it says of each.

Sources: "Importing Friends" (1047/34903 of 2025-10-23) for the call and its codes, "Use Limits"
(1047/34381) for the 1000, "Error Codes" (1047/34348) for what else adding a friend is refused with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from bulkdel.providers import replies
from bulkdel.providers.operations import Command, Limits, OperationCalls, PutBack
from bulkdel.providers.tencent import results
from bulkdel.providers.tencent.codes import CODES
from bulkdel.words import Answer, Batch, Mode

_SOURCE: Final = "AddSource_Type_"
_FIELDS: Final[Mapping[str, tuple[str, type]]] = {
    "Tag_SNS_IM_AddSource": ("AddSource", str),
    "Tag_SNS_IM_Remark": ("Remark", str),
    "Tag_SNS_IM_Group": ("GroupName", list),
    "Tag_SNS_IM_AddWording": ("AddWording", str),
    "Tag_SNS_IM_AddTime": ("AddTime", int),
}
_CUSTOM: Final = "Tag_SNS_Custom_"

_OF_IMPORTING: Final = (30010, 30011)  # friends or groups: no more fit
_OF_AN_ITEM: Final = (30002,)  # the documented sample says it of one account among others
_OF_ADDING: Final = (30005, 30009, 30012, 30013, 30014, 30515, 30516, 30525, 30539, 30540)
_CODES: Final = CODES.beside(refused=(*_OF_IMPORTING, *_OF_AN_ITEM, *_OF_ADDING))


def _encode(batch: Batch, _: Mode) -> Command:
    items = [
        {"To_Account": account, **_fields(data)[0]}
        for account, data in zip(batch.to_accounts, replies.data_of(batch), strict=True)
    ]
    content = {"From_Account": batch.from_account, "AddFriendItem": items}
    return Command(name="friend_import", content=content, ids=len(items))


def _decode(batch: Batch, status: int, body: bytes) -> Answer:
    judge = partial(results.judge, batch, codes=_CODES)
    answer = replies.answer(status, body, codes=_CODES, judge=judge)
    return replies.noted(answer, batch, lambda data: replies.names_of(_fields(data)[1]))


def _fields(data: str) -> tuple[dict[str, object], list[str]]:
    """The fields that say the same as the data of a friend, and the tags that none can say."""
    fields: dict[str, object] = {"AddSource": f"{_SOURCE}Restore"}  # one is required
    custom = []
    unset = []
    for value in _values(data):
        tag, content = value["Tag"], value.get("Value")
        name, kind = _FIELDS.get(tag, ("", object))
        if name and _fits(name, kind, content):
            fields[name] = content
        elif tag.startswith(_CUSTOM) and type(content) in (str, int):
            custom.append({"Tag": tag, "Value": content})
        elif content:
            unset.append(tag)
    return (fields | {"CustomItem": custom} if custom else fields), unset


def _values(data: str) -> list[dict[str, Any]]:
    values = replies.object_of(data).get("ValueItem")
    if not isinstance(values, list):
        return []
    return [one for one in values if isinstance(one, dict) and isinstance(one.get("Tag"), str)]


def _fits(name: str, kind: type, content: object) -> bool:
    if type(content) is not kind or not content:
        return False
    if isinstance(content, list):
        return all(isinstance(group, str) for group in content)
    return name != "AddSource" or str(content).startswith(_SOURCE)


PUT_BACK: Final = PutBack(
    add=OperationCalls(
        limits=Limits(qps=200, batch_size=1000, batch_size_most=1000),
        encode=_encode,
        decode=_decode,
    )
)
