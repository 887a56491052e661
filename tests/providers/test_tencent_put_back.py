"""friend_import: what was on a list before is put there again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bulkdel.providers.operations import Limits
from bulkdel.providers.tencent import TENCENT
from bulkdel.words import UNREADABLE, Answer, Batch, Errand, Mode, Ruling, Verdict

ADD = TENCENT.put_back.add


def data(*values: tuple[str, Any], account: str = "a") -> str:
    """An entry of a friend list as friend_get gives it."""
    items = [{"Tag": tag, "Value": value} for tag, value in values]
    return orjson.dumps({"To_Account": account, "ValueItem": items}).decode()


PLAIN = data(("Tag_SNS_IM_AddSource", "AddSource_Type_Web"))
BATCH = Batch(0, "me", ("a", "b", "c"), data=(PLAIN, PLAIN, PLAIN))


def written(text: str) -> dict[str, Any]:
    """The one AddFriendItem that this data becomes."""
    command = ADD.encode(Batch(0, "me", ("a",), data=(text,)), Mode.ONE_WAY)
    assert command.name == "friend_import"
    content = orjson.loads(orjson.dumps(command.content))
    assert content["From_Account"] == "me"
    (item,) = content["AddFriendItem"]
    assert isinstance(item, dict)
    return item


def answered(batch: Batch, *items: object, code: object = 0) -> Answer:
    """The answer to friend_import with these items."""
    body = orjson.dumps({"ResultItem": items, "ActionStatus": "OK", "ErrorCode": code})
    return ADD.decode(batch, 200, body)


def result(account: str, code: object = 0) -> dict[str, object]:
    """One entry of ResultItem."""
    return {"To_Account": account, "ResultCode": code, "ResultInfo": ""}


def test_every_field_travels() -> None:
    """What friend_get tells is what friend_import is told, each under its own name."""
    assert written(
        data(
            ("Tag_SNS_IM_AddSource", "AddSource_Type_Android"),
            ("Tag_SNS_IM_Remark", "Remark1"),
            ("Tag_SNS_IM_Group", ["Group1", "Group2"]),
            ("Tag_SNS_IM_AddWording", "I'm é"),
            ("Tag_SNS_IM_AddTime", 1563867420),
            ("Tag_SNS_Custom_Test", "CustomData1"),
            ("Tag_SNS_Custom_Zero", 0),
        )
    ) == {
        "To_Account": "a",
        "AddSource": "AddSource_Type_Android",
        "Remark": "Remark1",
        "GroupName": ["Group1", "Group2"],
        "AddWording": "I'm é",
        "AddTime": 1563867420,
        "CustomItem": [
            {"Tag": "Tag_SNS_Custom_Test", "Value": "CustomData1"},
            {"Tag": "Tag_SNS_Custom_Zero", "Value": 0},
        ],
    }


def test_a_source_is_always_named() -> None:
    """The call demands one; a friend without any is said to have been restored."""
    for text in (data(), data(("Tag_SNS_IM_AddSource", "")), "{}", "[]", '{"ValueItem":7}'):
        assert written(text) == {"To_Account": "a", "AddSource": "AddSource_Type_Restore"}


def test_the_plan_names_the_friend() -> None:
    """Whoever stands in the data, the id of the batch is put back."""
    assert written(data(account="somebody"))["To_Account"] == "a"


def test_what_no_field_can_carry_is_named() -> None:
    """Tags without a field, and values that do not fit theirs, stand in that id's note."""
    odd = data(
        ("Tag_SNS_IM_Remark", 7),
        ("Tag_SNS_IM_Group", ["x", 1]),
        ("Tag_SNS_IM_AddTime", True),
        ("Tag_SNS_IM_AddSource", "elsewhere"),
        ("Tag_SNS_IM_AddWording", ""),
        ("Tag_SNS_New", "x"),
        ("Tag_SNS_Custom_List", [1]),
        ("Tag_SNS_New", "y"),
    )
    assert written(odd) == {"To_Account": "a", "AddSource": "AddSource_Type_Restore"}
    batch = Batch(0, "me", ("a", "b", "c"), data=(PLAIN, odd, odd))
    answer = answered(batch, result("a"), result("b"), result("c", 30003))
    assert answer.rest == Ruling(verdict=Verdict.DELETED, code=0)
    note = (
        "Tag_SNS_IM_Remark,Tag_SNS_IM_Group,Tag_SNS_IM_AddTime,Tag_SNS_IM_AddSource,"
        "Tag_SNS_New,Tag_SNS_Custom_List"
    )
    assert answer.items == {
        "b": Ruling(verdict=Verdict.DELETED, code=0, note=note),
        "c": Ruling(verdict=Verdict.FAILED, code=30003),
    }


def test_a_note_is_bounded() -> None:
    """However many tags have no field, ten are named and the others counted."""
    batch = Batch(0, "me", ("a",), data=(data(*((f"Tag,{n}", 1) for n in range(99))),))
    note = answered(batch, result("a")).items["a"].note
    assert note.split(",") == [*(f"Tag {n}" for n in range(10)), "and 89 more"]


def test_all_are_put_back() -> None:
    """One ruling for all, where nothing is to be said of any."""
    answer = answered(BATCH, *map(result, "abc"))
    assert answer == Answer(rest=Ruling(verdict=Verdict.DELETED, code=0))


def test_the_documented_sample() -> None:
    """One is put back, one is a friend too many, one is of another app: only those two fail."""
    answer = answered(BATCH, result("a"), result("b", 30010), result("c", 30002))
    verdicts = {account: one.verdict for account, one in answer.items.items()}
    assert verdicts == {"b": Verdict.FAILED, "c": Verdict.FAILED}
    assert answer.rest.verdict is Verdict.DELETED


@pytest.mark.parametrize(
    ("code", "item", "several", "one"),
    [
        (30005, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30009, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30010, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30011, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30014, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30516, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30540, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (31704, Verdict.FAILED, Verdict.SPLIT, Verdict.FAILED),
        (30002, Verdict.FAILED, Verdict.FATAL, Verdict.FATAL),
        (30003, Verdict.FAILED, Verdict.FAILED, Verdict.FAILED),
        (30008, Verdict.TRANSIENT, Verdict.TRANSIENT, Verdict.TRANSIENT),
        (31706, Verdict.TRANSIENT, Verdict.TRANSIENT, Verdict.TRANSIENT),
        (39999, Verdict.TRANSIENT, Verdict.TRANSIENT, Verdict.TRANSIENT),
    ],
)
def test_what_a_code_means_here(code: int, item: Verdict, several: Verdict, one: Verdict) -> None:
    """What is documented of adding friends refuses an id for good; nothing says already gone."""
    assert answered(BATCH, result("a", code), *map(result, "bc")).items["a"].verdict is item
    assert answered(BATCH, code=code).rest.verdict is several
    assert answered(Batch(0, "me", ("a",), data=(PLAIN,)), code=code).rest.verdict is one
    # To a deletion these codes mean what they meant.
    body = orjson.dumps({"ResultItem": [result("a", code)], "ErrorCode": 0})
    deletion = TENCENT.decode(Batch(0, "me", ("a",)), 200, body).rest
    assert (
        deletion.verdict is TENCENT.codes.meanings.get(code, TENCENT.codes.meanings[31706]).verdict
    )


def test_who_is_not_named_goes_again() -> None:
    """An id without a result is not known to be put back."""
    ruling = answered(BATCH, result("a"), result("c")).items["b"]
    assert (ruling.verdict, ruling.code, ruling.note) == (Verdict.TRANSIENT, UNREADABLE, "")


@pytest.mark.parametrize("missing", [None, (PLAIN, PLAIN)])
def test_a_batch_without_its_data_is_no_call(missing: tuple[str, ...] | None) -> None:
    """Nothing is put back without what was on the list."""
    with pytest.raises(ValueError, match=r"data|shorter"):
        ADD.encode(Batch(0, "me", ("a", "b", "c"), data=missing), Mode.ONE_WAY)


def test_what_is_documented() -> None:
    """A thousand a call, 200 calls a second, one list alone, and all fields at once."""
    assert TENCENT.limits[Errand.PUT_BACK] == Limits(qps=200, batch_size=1000, batch_size_most=1000)
    assert TENCENT.on_batches(Errand.PUT_BACK, Mode.TWO_WAY) is ADD
    assert not TENCENT.put_back.writes_both
    assert TENCENT.put_back.fill == ()
    assert TENCENT.put_back.unset(PLAIN) == ()
