"""The deed of an undo: whatever answers come, each friend ends with all that can be set.

The provider here is a value as any other: its friends have three fields, of which one is set when
they are added and the others by calls of their own, the last for one friend at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.values import FRESH, Part
from bulkdel.providers.operations import Command, Fill, Limits, OperationCalls, PutBack
from bulkdel.send.health import Health, health_of
from bulkdel.send.judge import judge, load_of
from bulkdel.send.put_back import PuttingBack
from bulkdel.words import Answer, Batch, Mode, Ruling, Verdict

BUSY = Ruling(verdict=Verdict.TRANSIENT, code=5, info="busy")
THERE = Ruling(verdict=Verdict.ALREADY_GONE, code=27)
STRANGER = Ruling(verdict=Verdict.FAILED, code=34, note="alias")
REFUSED = Ruling(verdict=Verdict.DELETED, code=21, note="alias")
DONE = Ruling(verdict=Verdict.DELETED, code=0)
_RULINGS = {"ok": DONE, "busy": BUSY, "there": THERE, "stranger": STRANGER, "refused": REFUSED}


def _calls(name: str, most: int) -> OperationCalls[Batch, Answer]:
    def encode(batch: Batch, mode: Mode) -> Command:
        assert 1 <= len(batch.to_accounts) <= most
        assert mode is Mode.TWO_WAY
        return Command(name=name, content={"ids": batch.to_accounts})

    def decode(batch: Batch, status: int, body: bytes) -> Answer:
        said = orjson.loads(body)
        if status != 200:
            return Answer(rest=BUSY)
        assert said.keys() == set(batch.to_accounts)
        return Answer(rest=DONE, items={one: _RULINGS[word] for one, word in said.items()})

    limits = Limits(qps=20, batch_size=most, batch_size_most=most)
    return OperationCalls(limits=limits, encode=encode, decode=decode)


PROVIDER = PutBack(
    add=_calls("add", 20),
    fill=(
        Fill(calls=_calls("alias", 20), needed=lambda data: "alias" in data),
        Fill(calls=_calls("attributes", 1), needed=lambda data: "attributes" in data),
    ),
    unset=lambda data: ("words",) if "words" in data else (),
    writes_both=True,
)


def _batch(fields: Mapping[str, str]) -> Batch:
    names = tuple(sorted(fields))
    return Batch(7, "me", names, data=tuple(orjson.dumps(fields[one]).decode() for one in names))


class Server:
    """Carries calls out, or says so without; remembers what each friend has."""

    def __init__(self, there: set[str]) -> None:
        self.fields: dict[str, set[str]] = {one: set() for one in there}
        self.calls: list[tuple[str, int]] = []

    def carry(self, command: Command, data: Mapping[str, str], busy: set[str]) -> dict[str, str]:
        """The word for each friend of the call; for those who are `busy` nothing is done."""
        assert command.content is not None
        said = {}
        ids: Any = command.content["ids"]
        self.calls.append((command.name, len(ids)))
        for one in ids:
            if one in busy:
                said[one] = "busy"
            elif command.name == "add":
                said[one] = "there" if one in self.fields else "ok"
                self.fields.setdefault(one, set(data[one].split()))
            else:
                said[one] = "ok"
                self.fields[one].add(command.name)
        return said


some_fields = st.sampled_from(["", "words", "alias", "attributes", "words alias attributes"])


@given(
    fields=st.dictionaries(
        st.text("abc", min_size=1, max_size=3), some_fields, min_size=1, max_size=20
    ),
    draw=st.data(),
)
def test_each_friend_ends_with_all_that_can_be_set(
    fields: dict[str, str], draw: st.DataObject
) -> None:
    """Whoever is there already, whatever passes or is lost, and wherever it begins again."""
    batch = _batch(fields)
    there = draw.draw(st.sets(st.sampled_from(batch.to_accounts)), "there")
    server, deed = Server(there), PuttingBack(PROVIDER, Mode.TWO_WAY)
    parts: tuple[Part, ...] = FRESH
    notes: dict[str, str] = {}
    troubles = draw.draw(st.lists(st.sampled_from(["item", "call", "lost", "anew"]), max_size=8))
    for _ in range(400):
        if not parts:
            break
        trouble = troubles.pop() if troubles else ""
        load = load_of(batch, parts[0])
        assert isinstance(load, Batch)
        command = deed.command(load)
        busy = set(load.to_accounts) if trouble == "call" else set()
        if trouble == "item":
            busy = {draw.draw(st.sampled_from(load.to_accounts), "busy")}
        said = server.carry(command, fields, busy)
        if trouble == "lost":
            continue
        if trouble == "anew":
            deed.leave(7)
            continue
        answer = deed.answer(load, 503 if trouble == "call" else 200, orjson.dumps(said))
        judgement = judge(batch, parts, answer, at_ms=0)
        parts = judgement.parts
        if judgement.settlement is None:
            moved = Health.ACCEPTED if trouble != "call" and len(busy) < len(said) else None
            assert moved is None or health_of(judgement) is moved
            continue
        for group in judgement.settlement.groups:
            assert group.status is Verdict.DELETED
            left = set(judgement.settlement.left)
            of = judgement.settlement.of or range(len(batch.to_accounts))
            named = {at for one in judgement.settlement.groups for at in one.items or ()}
            for at in group.items or [at for at in of if at not in named | left]:
                notes[batch.to_accounts[at]] = group.note
    assert not parts
    for one, wanted in fields.items():
        missing = set(notes[one].split(",")) - {""}
        assert server.fields[one] == set(wanted.split()) - (missing if one in there else set())
        assert missing <= {"words"} & set(wanted.split())
        assert missing or one not in there or "words" not in wanted


def test_a_call_that_brings_nobody_further_counts() -> None:
    """The others are said to be as the one whose call failed, or it would be tried for ever."""
    batch = _batch({"a": "attributes", "b": "attributes"})
    deed = PuttingBack(PROVIDER, Mode.TWO_WAY)
    deed.command(batch)
    both = orjson.dumps({"a": "there", "b": "there"})
    assert {one.verdict for one in _said(deed.answer(batch, 200, both), batch)} == {Verdict.MORE}
    first = deed.command(batch).content
    assert _said(deed.answer(batch, 503, b"{}"), batch) == [BUSY, BUSY]
    second = deed.command(batch).content
    assert [first, second] == [{"ids": ("a",)}, {"ids": ("b",)}]  # nobody waits for the first
    answer = deed.answer(batch, 200, b'{"b":"ok"}')
    assert [one.verdict for one in _said(answer, batch)] == [Verdict.MORE, Verdict.DELETED]


@pytest.mark.parametrize(
    ("word", "status", "note"),
    [("refused", "deleted", "words,alias"), ("stranger", "failed", "alias")],
)
def test_a_field_that_is_refused_is_named(word: str, status: str, note: str) -> None:
    """And the friend is restored all the same, unless he is on no list."""
    batch = _batch({"a": "words alias"})
    deed = PuttingBack(PROVIDER, Mode.TWO_WAY)
    deed.command(batch)
    deed.answer(batch, 200, b'{"a":"there"}')
    assert deed.command(batch).name == "alias"
    [ruling] = _said(deed.answer(batch, 200, orjson.dumps({"a": word})), batch)
    assert (ruling.verdict, ruling.note) == (status, note)


def _said(answer: Answer, batch: Batch) -> list[Ruling]:
    return [answer.items.get(one, answer.rest) for one in batch.to_accounts]


def test_who_was_asked_for_long_ago_is_asked_for_again() -> None:
    """Where no call has carried him: who is there now stays as he is, and the others are added."""
    ask = _calls("ask", 20)
    batch = _batch({"a": "", "b": "", "c": "alias"})
    deed = PuttingBack(PROVIDER, Mode.TWO_WAY, replace(ask, encode=_encode_one_way))
    assert deed.command(batch).name == "ask"
    assert _said(deed.answer(batch, 503, b"{}"), batch) == [BUSY] * 3
    assert deed.command(replace(batch, attempts=1)).name == "ask"
    told = orjson.dumps({"a": "there", "b": "stranger", "c": "ok"})
    rulings = _said(deed.answer(batch, 200, told), batch)
    assert [one.verdict for one in rulings] == ["already_gone", "failed", "more"]
    assert not any(one.note for one in rulings)
    rest = Batch(7, "me", ("c",), data=batch.data and batch.data[2:], attempts=2)
    assert deed.command(rest).name == "add"
    assert _said(deed.answer(rest, 200, b'{"c":"ok"}'), rest) == [DONE]
    deed.leave(7)
    assert deed.command(replace(batch, attempts=1)).name == "add"  # it may have been our own


def _encode_one_way(batch: Batch, mode: Mode) -> Command:
    assert mode is Mode.ONE_WAY
    return Command(name="ask", content={"ids": batch.to_accounts})
