"""AddFriends, UpdateFriendsAlias, UpdateFriendAttributes: friends with what a list says of them.

Sources: batch-add-friends.yaml, change-the-alias-of-a-friend.yaml and
modify-the-attributes-of-a-friend.yaml of ZEGO's documentation repository (docs_all, 2026-08-21).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from bulkdel.providers import replies
from bulkdel.providers.codes import Scope
from bulkdel.providers.operations import Command, Fill, Limits, OperationCalls, PutBack
from bulkdel.providers.zego import results
from bulkdel.providers.zego.codes import CODES
from bulkdel.words import Answer, Batch, Mode, Ruling, Verdict

_ALIAS: Final = "FriendAlias"
_ATTRIBUTES: Final = "Attributes"
# By AddFriends, and by no later call: its fields, and what a list calls them.
_SET_AT_ONCE: Final = {"Wording": "Wording", "FriendTime": "CreateTime"}
_OF_THE_USER: Final = ("UserId", "UserName", "Avatar")  # what is the same on every list
_KEYS: Final = ("k0", "k1", "k2", "k3", "k4")

# An alias or wording too long; of attributes: wrong key, too long, wrong, a key twice.
_OF_A_FIELD: Final = (660800021, 660800023, 660800024, 660800026, 660800032)
_TIME_IN_FUTURE: Final = 660800046
_FULL: Final = 660800028
_ONESELF: Final = 660800020
_ADD_CODES: Final = CODES.beside(
    refused=(*_OF_A_FIELD, _TIME_IN_FUTURE, _FULL, _ONESELF), there=(660800027,)
)
_FILL_CODES: Final = CODES.beside(refused=_OF_A_FIELD)


# --- AddFriends -----------------------------------------------------------------------------------


def _encode(batch: Batch, _: Mode) -> Command:
    friends = [
        {"UserId": account, **_fields(data)[0]}
        for account, data in zip(batch.to_accounts, replies.data_of(batch), strict=True)
    ]
    content = {"FromUserId": batch.from_account, "FriendInfos": friends}
    return Command(name="AddFriends", content=content, ids=len(friends))


def _decode(batch: Batch, status: int, body: bytes) -> Answer:
    judge = partial(results.judge, batch, codes=_ADD_CODES)
    answer = replies.answer(status, body, codes=_ADD_CODES, judge=judge)
    return replies.noted(answer, batch, lambda data: replies.names_of(_fields(data)[1]))


def _fields(data: str) -> tuple[dict[str, object], list[str]]:
    """The fields of AddFriends that say what the data of a friend says, and what none can say."""
    fields: dict[str, object] = {}
    unset = []
    for name, value in replies.object_of(data).items():
        if not value or name in _OF_THE_USER:
            continue
        if name in (_ALIAS, "Wording") and isinstance(value, str):
            fields[name] = value
        elif name == "CreateTime" and type(value) is int and value > 0:
            fields["FriendTime"] = value
        elif name == _ATTRIBUTES and _are_attributes(value):
            fields[name] = [{"Key": one["Key"], "Value": one["Value"]} for one in value]
        else:
            unset.append(name)
    return fields, unset


def _are_attributes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and one.get("Key") in _KEYS and isinstance(one.get("Value"), str)
        for one in value
    )


def _unset(data: str) -> tuple[str, ...]:
    fields, unset = _fields(data)
    return (*(said for name, said in _SET_AT_ONCE.items() if name in fields), *unset)


# --- UpdateFriendsAlias, UpdateFriendAttributes ---------------------------------------------------


def _has(name: str) -> Callable[[str], bool]:
    return lambda data: name in _fields(data)[0]


def _encode_alias(batch: Batch, _: Mode) -> Command:
    friends = [
        {"UserId": account, _ALIAS: _fields(data)[0].get(_ALIAS, "")}
        for account, data in zip(batch.to_accounts, replies.data_of(batch), strict=True)
    ]
    content = {"FromUserId": batch.from_account, "UserIds": friends}
    return Command(name="UpdateFriendsAlias", content=content, ids=len(friends))


def _decode_alias(batch: Batch, status: int, body: bytes) -> Answer:
    judge = partial(_judge_alias, batch)
    return replies.answer(status, body, codes=_FILL_CODES, judge=judge)


def _judge_alias(batch: Batch, reply: replies.Reply, code: int) -> Answer:
    answer = results.judge(batch, reply, code, codes=_FILL_CODES)
    items = {account: _without(_ALIAS, ruling) for account, ruling in answer.items.items()}
    return replace(answer, rest=_without(_ALIAS, answer.rest), items=items)


def _encode_attributes(batch: Batch, _: Mode) -> Command:
    (account,), (data,) = batch.to_accounts, replies.data_of(batch)
    content = {
        "FromUserId": batch.from_account,
        "UserId": account,
        "Attributes": _fields(data)[0].get(_ATTRIBUTES, []),
        "Action": 0,
    }
    return Command(name="UpdateFriendAttributes", content=content)


def _decode_attributes(_: Batch, status: int, body: bytes) -> Answer:
    return replies.answer(status, body, codes=_FILL_CODES, judge=_judge_attributes)


def _judge_attributes(reply: replies.Reply, code: int) -> Answer:
    """FailKey says why an attribute was not set; the others were set, with Code 0 alone."""
    whole = replies.whole(reply, code, Scope.ONE, _FILL_CODES)
    failures = reply.get("FailKey") or []
    if not failures:
        return Answer(rest=_without(_ATTRIBUTES, whole))
    if not isinstance(failures, list) or not all(isinstance(one, dict) for one in failures):
        return Answer(rest=replies.NO_RESULT)
    rulings = [results.failure(one, _FILL_CODES) for one in failures]
    passing = next((one for one in rulings if not one.verdict.settles), None)
    if passing is not None:
        return Answer(rest=passing)
    keys = replies.names_of(f"{_ATTRIBUTES}.{one.get('Key')}" for one in failures)
    refused = [_without(keys, one) for one in rulings]
    gravest = (one for one in refused if one.verdict is Verdict.FAILED)
    return Answer(rest=next(gravest, refused[0]))


def _without(fields: str, ruling: Ruling) -> Ruling:
    """The ruling of a call that sets fields of a friend: refused for them alone, he is there."""
    if ruling.verdict is not Verdict.FAILED:
        return ruling
    there = ruling.code in _OF_A_FIELD
    return replace(ruling, verdict=Verdict.DELETED if there else ruling.verdict, note=fields)


_LIMITS: Final = Limits(qps=20, batch_size=20, batch_size_most=50)
_ONE: Final = Limits(qps=20, batch_size=1, batch_size_most=1)

PUT_BACK: Final = PutBack(
    add=OperationCalls(limits=_LIMITS, encode=_encode, decode=_decode),
    fill=(
        Fill(
            calls=OperationCalls(limits=_LIMITS, encode=_encode_alias, decode=_decode_alias),
            needed=_has(_ALIAS),
        ),
        Fill(
            calls=OperationCalls(limits=_ONE, encode=_encode_attributes, decode=_decode_attributes),
            needed=_has(_ATTRIBUTES),
        ),
    ),
    unset=_unset,
    writes_both=True,
    at_once=("Wording",),
)
