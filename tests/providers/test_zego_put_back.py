"""AddFriends and the two calls that set what it cannot: what was on a list is put there again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bulkdel.providers.operations import Limits
from bulkdel.providers.zego import ZEGO
from bulkdel.words import UNREADABLE, Answer, Batch, Errand, Mode, Ruling, Verdict

ADD = ZEGO.put_back.add
ALIAS, ATTRIBUTES = ZEGO.put_back.fill
WHOLE: dict[str, Any] = {
    "UserId": "whoever",
    "UserName": "N",
    "Avatar": "https://x",
    "Wording": "hello",
    "FriendAlias": "al é",
    "CreateTime": 1698310534000,
    "Attributes": [{"Key": "k1", "Value": "V"}, {"Key": "k0", "Value": ""}],
}
ODD: dict[str, Any] = {
    "UserId": "a",
    "Wording": 7,
    "FriendAlias": ["x"],
    "CreateTime": "yesterday",
    "Attributes": [{"Key": "k9", "Value": "V"}],
    "Mood": "good",
    "Empty": "",
}


def of(*data: dict[str, Any]) -> Batch:
    """A batch of a, b, c … with these data."""
    texts = tuple(orjson.dumps(one).decode() for one in data)
    return Batch(0, "me", tuple("abcdef"[: len(data)]), data=texts)


def content(command: Any) -> Any:
    """The JSON that a command carries."""
    return orjson.loads(orjson.dumps(command.content))


def reply(code: object = 0, **fields: object) -> bytes:
    """A reply with this Code."""
    return orjson.dumps({"Code": code, "Message": "", "RequestId": "1", **fields})


def errors(**codes: object) -> list[dict[str, object]]:
    """Entries of ErrorList."""
    return [{"UserId": account, "SubCode": code} for account, code in codes.items()]


def ruled(answer: Answer, account: str) -> tuple[Verdict, int, str]:
    """Verdict, code and note of one id."""
    ruling = answer.items.get(account, answer.rest)
    return (ruling.verdict, ruling.code, ruling.note)


# --- AddFriends -----------------------------------------------------------------------------------


def test_every_field_travels() -> None:
    """What a list says of a friend is what AddFriends is told; name and avatar are the user's."""
    command = ADD.encode(of(WHOLE, {"UserId": "x"}), Mode.TWO_WAY)
    assert command.name == "AddFriends"
    assert content(command) == {
        "FromUserId": "me",
        "FriendInfos": [
            {
                "UserId": "a",
                "Wording": "hello",
                "FriendAlias": "al é",
                "FriendTime": 1698310534000,
                "Attributes": [{"Key": "k1", "Value": "V"}, {"Key": "k0", "Value": ""}],
            },
            {"UserId": "b"},
        ],
    }
    assert ZEGO.limits[Errand.PUT_BACK] == Limits(qps=20, batch_size=20, batch_size_most=50)
    assert ZEGO.put_back.writes_both


@pytest.mark.parametrize("time", [0, -1, True, 1.5, None])
def test_no_time_but_one_that_was_is_sent(time: object) -> None:
    """A time that is none would be refused, or taken for now."""
    (info,) = content(ADD.encode(of({"UserId": "a", "CreateTime": time}), Mode.TWO_WAY))[
        "FriendInfos"
    ]
    assert info == {"UserId": "a"}


def test_what_no_field_can_carry_is_named() -> None:
    """Unknown fields, and values that do not fit theirs, stand in that id's note."""
    batch = of(WHOLE, ODD, ODD)
    answer = ADD.decode(batch, 200, reply(ErrorList=errors(c=660700015)))
    assert ruled(answer, "a") == (Verdict.DELETED, 0, "")
    assert ruled(answer, "b") == (
        Verdict.DELETED,
        0,
        "Wording,FriendAlias,CreateTime,Attributes,Mood",
    )
    assert ruled(answer, "c") == (Verdict.FAILED, 660700015, "")


def test_all_are_put_back() -> None:
    """With Code 0 and no error, as documented."""
    answer = ADD.decode(of(WHOLE, WHOLE), 200, reply(ErrorList=[]))
    assert answer == Answer(rest=Ruling(verdict=Verdict.DELETED, code=0))


@pytest.mark.parametrize(
    ("code", "item", "several", "one"),
    [
        (660800027, Verdict.ALREADY_GONE, Verdict.SPLIT, Verdict.ALREADY_GONE),
        (660800028, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800020, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800021, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800023, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800024, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800026, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800032, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800046, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800034, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (660800025, Verdict.FAILED, Verdict.FAILED, Verdict.FAILED),
        (660000001, Verdict.TRANSIENT, Verdict.TRANSIENT, Verdict.TRANSIENT),
        (660800037, Verdict.TRANSIENT, Verdict.TRANSIENT, Verdict.TRANSIENT),
    ],
)
def test_what_a_code_means_here(code: int, item: Verdict, several: Verdict, one: Verdict) -> None:
    """Who is a friend already is on the list; what is documented to refuse a friend does so."""
    batch = of(WHOLE, WHOLE, WHOLE)
    answer = ADD.decode(batch, 200, reply(ErrorList=errors(a=code)))
    assert [ruled(answer, account)[0] for account in "abc"] == [item, *[Verdict.DELETED] * 2]
    assert ADD.decode(batch, 200, reply(code)).rest.verdict is several
    assert ADD.decode(of(WHOLE), 200, reply(code)).rest.verdict is one
    # To a deletion these codes mean what they meant.
    deletion = ZEGO.decode(Batch(0, "me", ("a",)), 200, reply(code)).rest
    assert deletion.verdict is ZEGO.codes.meanings[code].verdict


@pytest.mark.parametrize("status", [201, 429, 503])
@pytest.mark.parametrize("code", [0, 660800027, 660800021])
def test_nothing_is_put_back_without_status_200(status: int, code: int) -> None:
    """Neither by success, nor by a friend who is there already, nor but for a field."""
    for calls in (ADD, ALIAS.calls, ATTRIBUTES.calls):
        for body in (reply(code), reply(code, ErrorList=errors(a=660800021), FailKey=[])):
            answer = calls.decode(of(ODD), status, body)
            assert ruled(answer, "a")[0] not in (Verdict.DELETED, Verdict.ALREADY_GONE)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"Code":"0"}', b"\xff"])
def test_what_cannot_be_read_puts_nobody_back(body: bytes) -> None:
    """It goes again."""
    for calls in (ADD, ALIAS.calls, ATTRIBUTES.calls):
        assert ruled(calls.decode(of(WHOLE), 200, body), "a")[:2] == (
            Verdict.TRANSIENT,
            UNREADABLE,
        )


# --- for friends who are on the list already ------------------------------------------------------


def test_what_is_set_afterwards() -> None:
    """Alias and attributes can be; wording and time, and what has no field, are named."""
    whole, bare, odd = (orjson.dumps(one).decode() for one in (WHOLE, {"UserId": "a"}, ODD))
    assert [fill.needed(whole) for fill in ZEGO.put_back.fill] == [True, True]
    assert [fill.needed(bare) for fill in ZEGO.put_back.fill] == [False, False]
    assert [fill.needed(odd) for fill in ZEGO.put_back.fill] == [False, False]
    assert ZEGO.put_back.unset(whole) == ("Wording", "CreateTime")
    assert ZEGO.put_back.unset(bare) == ()
    assert ZEGO.put_back.unset(odd) == (
        *("Wording", "FriendAlias", "CreateTime", "Attributes", "Mood"),
    )


def test_aliases_are_set() -> None:
    """Of up to 20 friends a call, 50 by agreement."""
    command = ALIAS.calls.encode(of(WHOLE, WHOLE | {"FriendAlias": "B"}), Mode.ONE_WAY)
    assert command.name == "UpdateFriendsAlias"
    assert content(command) == {
        "FromUserId": "me",
        "UserIds": [{"UserId": "a", "FriendAlias": "al é"}, {"UserId": "b", "FriendAlias": "B"}],
    }
    assert ALIAS.calls.limits == Limits(qps=20, batch_size=20, batch_size_most=50)


def test_an_alias_that_is_refused_is_named() -> None:
    """The friend is there all the same; who is no friend is not."""
    listed = errors(b=660800021, c=660800034, d=660000001)
    answer = ALIAS.calls.decode(of(WHOLE, WHOLE, WHOLE, WHOLE), 200, reply(ErrorList=listed))
    assert [ruled(answer, account) for account in "abcd"] == [
        (Verdict.DELETED, 0, ""),
        (Verdict.DELETED, 660800021, "FriendAlias"),
        (Verdict.FAILED, 660800034, "FriendAlias"),
        (Verdict.TRANSIENT, 660000001, ""),
    ]


def test_attributes_are_set() -> None:
    """Of one friend a call."""
    command = ATTRIBUTES.calls.encode(of(WHOLE), Mode.ONE_WAY)
    assert command.name == "UpdateFriendAttributes"
    assert content(command) == {
        "FromUserId": "me",
        "UserId": "a",
        "Attributes": [{"Key": "k1", "Value": "V"}, {"Key": "k0", "Value": ""}],
        "Action": 0,
    }
    assert ATTRIBUTES.calls.limits == Limits(qps=20, batch_size=1, batch_size_most=1)


def keys(**codes: object) -> list[dict[str, object]]:
    """Entries of FailKey."""
    return [{"Key": key, "SubCode": code} for key, code in codes.items()]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (reply(), (Verdict.DELETED, 0, "")),
        (reply(FailKey=[]), (Verdict.DELETED, 0, "")),
        (
            reply(FailKey=keys(k0=660800024, k4=660800032)),
            (Verdict.DELETED, 660800024, "Attributes.k0,Attributes.k4"),
        ),
        (reply(660800024), (Verdict.DELETED, 660800024, "Attributes")),
        (
            reply(660800024, FailKey=keys(k0=660800024)),
            (Verdict.DELETED, 660800024, "Attributes.k0"),
        ),
        (
            reply(FailKey=keys(k0=660800024, k1=660800034)),
            (Verdict.FAILED, 660800034, "Attributes.k0,Attributes.k1"),
        ),
        (reply(660800034), (Verdict.FAILED, 660800034, "Attributes")),
        (reply(FailKey=keys(k0=660800024, k1=660000001)), (Verdict.TRANSIENT, 660000001, "")),
        (reply(FailKey=keys(k0=None)), (Verdict.TRANSIENT, UNREADABLE, "")),
        (reply(FailKey="k0"), (Verdict.TRANSIENT, UNREADABLE, "")),
        (reply(FailKey=["k0"]), (Verdict.TRANSIENT, UNREADABLE, "")),
        (reply(660300005), (Verdict.THROTTLED, 660300005, "")),
    ],
)
def test_attributes_that_are_refused_are_named(
    body: bytes, expected: tuple[Verdict, int, str]
) -> None:
    """One by one, once no other try would set them; who is no friend is not restored by them."""
    assert ruled(ATTRIBUTES.calls.decode(of(WHOLE), 200, body), "a") == expected
