"""Every provider's calls against its double: pulled, deleted, asked for and put back."""

from __future__ import annotations

from itertools import count
from urllib.parse import parse_qsl

import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.habits import Habits
from bulkdel.emulator.wire import EmulatedApp
from bulkdel.emulator.world import World
from bulkdel.providers import PROVIDERS
from bulkdel.providers.operations import (
    Command,
    Cursor,
    Friend,
    OperationCalls,
    Page,
    ReadingT,
    SubjectT,
)
from bulkdel.providers.protocol import App, Secret
from bulkdel.words import Answer, Batch, Errand, Mode, Sweep, Verdict
from tests.support.asking import every_provider, said

NOW_S = 1_767_225_600.0
KEY = "0123456789abcdef" * 2
MANY = tuple(f"friend_{number:03d}" for number in range(250))


class Conversation:
    """Calls as they are written and signed, carried out by the double, and read."""

    def __init__(self, name: str, world: World, habits: Habits | None = None) -> None:
        self.provider = PROVIDERS[name]
        self.emulated = Emulated(
            name,
            app=EmulatedApp(app_id=1400000000, secret=KEY, admin="boss"),
            world=world,
            habits=habits,
        )
        self._app = App(app_id=1400000000, admin="boss", secret=Secret(KEY))
        self._numbers = count(1)

    def carry(self, command: Command) -> tuple[int, bytes]:
        """The status and body that the double answers."""
        number = next(self._numbers)
        call = self.provider.signed(
            command,
            app=self._app,
            credentials=self.provider.credentials(self._app, NOW_S),
            now_s=NOW_S,
            entropy=number.to_bytes(4, "big") * 2,
        )
        query = dict(parse_qsl(call.query, strict_parsing=True, keep_blank_values=True))
        # At most a call a second, so no rate is exceeded; a signature is good for ten minutes.
        now_s = NOW_S + number / 10
        response = self.emulated.handle(call.method, call.path, query, call.body or b"", now_s)
        return response.status, response.body

    def say(
        self, calls: OperationCalls[SubjectT, ReadingT], subject: SubjectT, mode: Mode
    ) -> ReadingT:
        """What the reply to one call is read as."""
        status, body = self.carry(calls.encode(subject, mode))
        return calls.decode(subject, status, body)

    def pull(self, account: str) -> list[Friend]:
        """The whole list, page by page."""
        friends: list[Friend] = []
        stamps = set()
        cursor = Cursor(account=account)
        while True:
            page = self.say(self.provider.pull_friends, cursor, Mode.TWO_WAY)
            assert isinstance(page, Page)
            friends += page.friends
            stamps.add(page.stamp)
            if page.following is None:
                assert len(stamps) == 1
                assert len(friends) == page.total
                return friends
            cursor = Cursor(account=account, at=page.following)

    def batches(self, account: str, friends: list[Friend], size: int) -> list[Batch]:
        """These friends as batches that carry their data."""
        chosen = sorted(friends, key=lambda one: one.account)
        parts = [chosen[at : at + size] for at in range(0, len(chosen), size)]
        return [
            Batch(
                0, account, tuple(one.account for one in part), data=tuple(one.data for one in part)
            )
            for part in parts
        ]


def world() -> World:
    """One with 250 friends, who all have him, and a stranger among others."""
    known = World({"me": set(MANY), "x": {"y"}})
    known.befriend((other, "me") for other in MANY)
    return known


def ask(talk: Conversation, account: str, others: tuple[str, ...], mode: Mode) -> list[str]:
    """Where each of them remains; "gone" if nowhere."""
    batch = Batch(0, account, others)
    answer = talk.say(talk.provider.on_batches(Errand.ASK, mode), batch, mode)
    found = []
    for other in others:
        ruling = said(answer, other)
        assert ruling.verdict in (Verdict.DELETED, Verdict.ALREADY_GONE)
        found.append("gone" if ruling.verdict is Verdict.DELETED else ruling.note)
    return found


@every_provider
@pytest.mark.parametrize("both", [False, True])
def test_what_is_deleted_two_way_is_put_back_as_it_was(name: str, both: bool) -> None:
    """Both lists are afterwards what they were, field by field, but for what is named."""
    talk = Conversation(name, world(), Habits(add_writes_both=both))
    before = talk.emulated.world.snapshot()
    lists = {account: talk.pull(account) for account in ("me", *MANY[:3])}
    deletion = Batch(0, "me", MANY[:3])
    answer = talk.say(talk.provider.delete_friends, deletion, Mode.TWO_WAY)
    assert answer.rest.verdict is Verdict.DELETED
    assert ask(talk, "me", MANY[:4], Mode.TWO_WAY) == ["gone", "gone", "gone", "both"]

    kept = [one for one in lists["me"] if one.account in MANY[:3]]
    unset = set()
    for account, friends in (("me", kept), *((one, lists[one]) for one in MANY[:3])):
        for batch in talk.batches(account, friends, 20):
            back = talk.say(talk.provider.put_back.add, batch, Mode.ONE_WAY)
            for friend, data in zip(batch.to_accounts, batch.data or (), strict=True):
                ruling = said(back, friend)
                if ruling.verdict is Verdict.DELETED:
                    assert not ruling.note
                    continue
                assert ruling.verdict is Verdict.ALREADY_GONE
                unset |= set(talk.provider.put_back.unset(data))
                for fill in talk.provider.put_back.fill:
                    if fill.needed(data):
                        one = Batch(0, account, (friend,), data=(data,))
                        filled = talk.say(fill.calls, one, Mode.ONE_WAY)
                        assert (filled.rest.verdict, filled.rest.note) == (Verdict.DELETED, "")
    after = talk.emulated.world.snapshot()
    assert after.keys() == before.keys()
    for pair, fields in before.items():
        changed = {key for key, value in fields.items() if after[pair].get(key) != value}
        assert changed <= unset
    assert bool(unset) == (both and bool(talk.provider.put_back.fill))


@every_provider
def test_a_long_list_is_pulled_to_its_end(name: str) -> None:
    """250 friends over pages, each once; of nobody, an empty one."""
    talk = Conversation(name, world())
    friends = talk.pull("me")
    assert sorted(one.account for one in friends) == sorted(MANY)
    assert talk.pull("nobody") == []


@every_provider
@pytest.mark.parametrize("mode", list(Mode))
def test_where_a_friendship_remains(name: str, mode: Mode) -> None:
    """From's list, the other's, or both; one-way, only From's is looked at."""
    talk = Conversation(name, World({"me": {"a", "b"}, "b": {"me"}, "c": {"me"}, "d": set()}))
    two_way = ["from", "both", "to", "gone"]
    one_way = ["from", "from", "gone", "gone"]
    found = ask(talk, "me", ("a", "b", "c", "d"), mode)
    assert found == (two_way if mode is Mode.TWO_WAY else one_way)


@every_provider
def test_whether_a_list_is_empty(name: str) -> None:
    """Cleared it is, and before it had so many."""
    talk = Conversation(name, world())
    calls = talk.provider.on_lists(Errand.ASK_LIST)
    sweep = Sweep(0, "me")
    ruling = talk.say(calls, sweep, Mode.TWO_WAY).rest
    assert (ruling.verdict, ruling.note) == (Verdict.ALREADY_GONE, "250")
    cleared = talk.say(talk.provider.delete_all_friends, sweep, Mode.TWO_WAY)
    assert cleared.rest.verdict is Verdict.DELETED
    assert talk.say(calls, sweep, Mode.TWO_WAY) == Answer(rest=cleared.rest)


@every_provider
def test_an_account_that_does_not_exist(name: str) -> None:
    """It can be neither asked for, nor pulled, nor put back; the others of the call can."""
    known = World({"me": {"a"}}, existing={"me", "a", "b"})
    talk = Conversation(name, known)
    asked = talk.say(
        talk.provider.on_batches(Errand.ASK, Mode.TWO_WAY), Batch(0, "me", ("b", "z")), Mode.TWO_WAY
    )
    assert said(asked, "b").verdict is Verdict.DELETED
    assert said(asked, "z").verdict is Verdict.FAILED
    (batch,) = talk.batches(
        "me", [Friend(account="b", data="{}"), Friend(account="z", data="{}")], 20
    )
    back = talk.say(talk.provider.put_back.add, batch, Mode.ONE_WAY)
    assert said(back, "b").verdict is Verdict.DELETED
    assert said(back, "z").verdict is Verdict.FAILED
    page = talk.say(talk.provider.pull_friends, Cursor(account="z"), Mode.TWO_WAY)
    assert not isinstance(page, Page)
    assert page.verdict is Verdict.FAILED
