"""The deed that pulls: whatever pages come, what is kept is one list as it was at one time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger.friends_file import FriendsFile
from bulkdel.ledger.values import Group, Outcome, Settlement
from bulkdel.providers import PROVIDERS
from bulkdel.providers.operations import Command, Cursor, Friend, OperationCalls, Page
from bulkdel.send import pull
from bulkdel.send.pull import CHANGES_MOST, PullDeed
from bulkdel.words import UNREADABLE, Answer, Mode, Pull, Ruling, Verdict
from tests.support.backing_up import lines_of

FAILS: Final = Ruling(verdict=Verdict.TRANSIENT, code=UNREADABLE, lost=True)


class Provider:
    """A list that changes as it is told to, a page at a time."""

    def __init__(self, size: int, *, says_total: bool = True) -> None:
        self.friends = [f"f{n:04}" for n in range(50)]
        self.stamp = 0
        self.size = size
        self.says_total = says_total
        self.fails = False
        provider = next(iter(PROVIDERS.values()))
        calls = OperationCalls(
            limits=provider.pull_friends.limits, encode=self._encode, decode=self._decode
        )
        self.provider = replace(provider, pull_friends=calls)

    def change(self) -> None:
        """One more friend, at the front."""
        self.friends.insert(0, f"new{self.stamp}")
        self.stamp += 1

    @staticmethod
    def _encode(cursor: Cursor, _: Mode) -> Command:
        return Command(name="page", content={"at": cursor.at or 0})

    def _decode(self, cursor: Cursor, _: int, body: bytes) -> Page | Ruling:
        assert body == str(cursor.at or 0).encode()
        if self.fails:
            return FAILS
        start = cursor.at or 0
        end = start + self.size
        total = len(self.friends)
        return Page(
            friends=tuple(Friend(account=one, data="{}") for one in self.friends[start:end]),
            following=end if end < total else None,
            stamp=(self.stamp,),
            total=total if self.says_total else None,
        )


class Trial:
    """A deed that pulls one list of a provider into a folder."""

    def __init__(self, folder: Path, provider: Provider, wanted: tuple[str, ...] | None) -> None:
        (folder / "backup").mkdir()
        self.folder = folder
        self.load = Pull(0, "alice", wanted)
        file = FriendsFile(folder / "backup/friends.jsonl.zst")
        self.deed = PullDeed(provider.provider, Mode.ONE_WAY, "t", file)

    def call(self) -> Answer:
        """The answer to the next call."""
        content = self.deed.command(self.load).content or {}
        return self.deed.answer(self.load, 200, str(content["at"]).encode())

    def keep(self, note: str) -> list[str]:
        """The friends that are kept once the outcome is."""
        group = Group(status=Verdict.DELETED, code=0, info="", lost=0, items=None, note=note)
        settlement = Settlement(of=None, left=(), groups=(group,), attempts=1, at_ms=0)
        outcome = Outcome(
            entry=self.load,
            target=0,
            settlement=settlement,
            parts=(),
            code=0,
            info="",
            throttled=False,
            lost=False,
        )
        asyncio.run(self.deed.keep(outcome))
        return [line["friend"] for line in lines_of(self.folder)] if note != "0" else []


@given(
    size=st.integers(1, 60),
    events=st.lists(st.sampled_from(["fails", "changes", ""]), max_size=12),
    wanted=st.none() | st.sets(st.integers(0, 60)),
    says_total=st.booleans(),
)
def test_what_is_kept_is_the_list_at_one_time(
    size: int, events: list[str], wanted: set[int] | None, says_total: bool
) -> None:
    """Pages that fail are asked for again; a list that changed is pulled from its first page."""
    provider = Provider(size, says_total=says_total)
    names = None if wanted is None else tuple(f"f{n:04}" for n in sorted(wanted))
    with TemporaryDirectory() as place:
        trial = Trial(Path(place), provider, names)
        answer, coming = Answer(rest=FAILS), iter(events)
        while answer.rest.verdict is not Verdict.DELETED:
            assert answer.rest.verdict in (Verdict.MORE, Verdict.TRANSIENT)
            event = next(coming, "")
            provider.fails = event == "fails"
            if event == "changes":
                provider.change()
            answer = trial.call()
        meant = [one for one in provider.friends if names is None or one in names]
        assert answer.rest.note == str(len(meant))
        assert trial.keep(answer.rest.note) == meant


def test_a_list_that_never_stands_still_is_deferred(tmp_path: Path) -> None:
    """Pulled again so often, then not until the next round."""
    provider = Provider(20)
    trial = Trial(tmp_path, provider, None)
    rulings: list[Ruling] = []
    while len(rulings) < 100:
        rulings.append(trial.call().rest)
        provider.change()
        if rulings[-1].verdict is not Verdict.MORE:
            break
    assert (rulings[-1].verdict, rulings[-1].defer) == (Verdict.TRANSIENT, True)
    assert len(rulings) == 2 * (CHANGES_MOST + 1)


def test_a_list_without_end_is_not_pulled_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does not say how many there are, there is a most."""
    monkeypatch.setattr(pull, "_FRIENDS_MOST", 100)
    provider = Provider(10, says_total=False)
    provider.friends = [f"f{n:06}" for n in range(100_000)]
    trial = Trial(tmp_path, provider, None)
    calls = 1
    while trial.call().rest.verdict is Verdict.MORE:
        calls += 1
        assert calls < 100


def test_nothing_is_remembered_of_a_list_that_is_left(tmp_path: Path) -> None:
    """The next call asks for the first page."""
    trial = Trial(tmp_path, Provider(20), None)
    trial.call()
    assert trial.deed.command(trial.load).content == {"at": 20}
    trial.deed.leave(0)
    assert trial.deed.command(trial.load).content == {"at": 0}
