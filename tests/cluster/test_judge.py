"""The judge finds what must not be: it is tried by hand before it judges anything."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.app import digest
from tests.cluster.scene import FIRST_APP, SECRET, Scale, scene
from tests.cluster.seen import Judge
from tests.support.process import csv_text, toml

FRIENDS = [("a", "b"), ("a", "c"), ("b", "a")]


@pytest.fixture
def judge() -> Iterator[Judge]:
    """Of one app that checks nobody's secret and answers after 0.15 s."""
    with Judge({1: ("tencent", "")}, FRIENDS, latency_s=(0.15, 0.15)) as judge:
        yield judge


@pytest.fixture
def connect(judge: Judge) -> Iterator[Callable[[], Client]]:
    """What makes a connection to it; all are closed in the end."""
    with ExitStack() as clients:
        yield lambda: clients.enter_context(closing(Client(judge)))


class Client:
    """A connection to the judge."""

    def __init__(self, judge: Judge) -> None:
        host, _, port = judge.address.removeprefix("http://").partition(":")
        self._link = http.client.HTTPConnection(host, int(port), timeout=20)

    def call(self, account: str, *others: str) -> None:
        """Send a call, and do not wait for the answer."""
        content = {"From_Account": account, "To_Account": others}
        body = json.dumps({**content, "DeleteType": "Delete_Type_Single"})
        self._link.request("POST", "/v4/sns/friend_delete?sdkappid=1", body)

    def answer(self) -> Any:
        """The answer that is due."""
        return json.loads(self._link.getresponse().read())

    def close(self) -> None:
        """Hang up."""
        self._link.close()


def test_calls_of_one_account_at_once_are_an_overlap(
    judge: Judge, connect: Callable[[], Client]
) -> None:
    """Over two connections; one after the other, or of two accounts, they are none."""
    one, other = connect(), connect()
    one.call("a", "b")
    other.call("b", "a")
    one.answer()
    other.answer()
    one.call("a", "b")
    one.answer()
    assert not judge.seen()[1].overlaps
    one.call("a", "b")
    other.call("a", "c")
    one.answer()
    other.answer()
    assert len(judge.seen()[1].overlaps) == 1


def test_a_call_whose_client_has_closed_is_over(
    judge: Judge, connect: Callable[[], Client]
) -> None:
    """Also if it hangs for ever; while the connection stands it is in flight."""
    judge.break_with({"kind": "hang"})
    one, other = connect(), connect()
    one.call("a", "b")
    one.close()
    other.call("a", "b")
    assert not judge.seen()[1].overlaps
    connect().call("a", "b")
    while judge.seen()[1].calls < 3:
        time.sleep(0.01)
    assert len(judge.seen()[1].overlaps) == 1


def test_the_fullest_second_is_found_wherever_it_begins(
    judge: Judge, connect: Callable[[], Client]
) -> None:
    """By the kernel's clock: twelve calls within a second, and no thirteenth."""
    client = connect()
    for at in range(6):
        client.call(f"{at}", "b")
        client.answer()
    time.sleep(1)
    assert judge.seen()[1].fullest == 6


def test_deeds_are_counted_and_done(judge: Judge, connect: Callable[[], Client]) -> None:
    """Who is no friend is said so; what was deleted before was deleted again."""
    client = connect()
    client.call("a", "b", "x")
    assert [one["ResultCode"] for one in client.answer()["ResultItem"]] == [0, 31704]
    client.call("a", "b")
    client.answer()
    seen = judge.seen()[1]
    assert seen.again == 1
    assert judge.left(1) == {("a", "c"), ("b", "a")}
    assert seen.digest == digest([("b", "a"), ("a", "c")])


def test_one_process_keeps_every_promise_before_this_judge(tmp_path: Path) -> None:
    """With right secrets and both providers: what the judge asks for can be reached."""
    with scene(tmp_path, Scale(apps=5, accounts=10)) as one:
        one.place.write("pairs.csv", csv_text(one.pairs))
        limits = "qps = 20\nmax_in_flight = 8\nbatch_size = 1"
        one.place.write("job.toml", toml(one.judge.address, tencent=limits))
        done = one.place.run("run", "job.toml", "--yes", "--no-progress")
        assert done.code == 0, done.err
        one.kept()
        seen = one.judge.seen()
        assert seen[FIRST_APP].digest == digest(one.bystanders)
        assert seen[FIRST_APP].calls == len(one.pairs)
        assert seen[FIRST_APP + 1].calls == 0


def test_a_wrong_secret_is_refused() -> None:
    """A call that is not signed, or with another app's key, is answered so and not carried out."""
    with Judge({1: ("tencent", SECRET)}, FRIENDS) as judge, closing(Client(judge)) as client:
        client.call("a", "b")
        assert client.answer()["ErrorCode"] == 70009
        assert judge.seen()[1].refused == 1
        assert judge.seen()[1].left == len(FRIENDS)
