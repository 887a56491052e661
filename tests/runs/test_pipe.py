"""What a supervisor and a sender say to each other, over real pipes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO

import pytest

from bulkdel.errors import StoreAway
from bulkdel.lease.fence import Fence
from bulkdel.lease.values import Left, Nothing, Taken, Told
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.runs.pipe import GONE, Orders, Pipe, PipeStore
from tests.support.cut_runs import cut_run


class Ends:
    """Both ends of the pipes of a sender."""

    def __init__(self) -> None:
        reads_orders, orders = os.pipe()
        reads_messages, messages = os.pipe()
        self.orders: BinaryIO = os.fdopen(orders, "wb")
        self.messages: BinaryIO = os.fdopen(reads_messages, "rb")
        self.heard: Queue[Mapping[str, Any]] = Queue()
        self.inner = (os.fdopen(reads_orders, "rb"), os.fdopen(messages, "wb"))
        self.pipe = Pipe(*self.inner)
        self.pipe.listen(self.heard.put)

    def say(self, **message: Any) -> None:
        """As the supervisor."""
        self.orders.write(json.dumps(message).encode() + b"\n")
        self.orders.flush()

    def answers(self, *answers: Any) -> list[Mapping[str, Any]]:
        """What is asked, each answered in its turn, in a thread of its own."""
        asked: list[Mapping[str, Any]] = []

        def serve() -> None:
            for answer in answers:
                asked.append(json.loads(self.messages.readline()))
                self.say(answer=answer)

        Thread(target=serve, daemon=True).start()
        return asked


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Both ends, closed at the end."""
    both = Ends()
    yield both
    both.orders.close()
    assert both.heard.get(timeout=20) == GONE
    for end in (both.messages, *both.inner):
        end.close()


def test_orders_are_what_they_were_begun_with(tmp_path: Path) -> None:
    """One line holds the job and its cut as the command read them, and no line end within it."""
    job, cut = cut_run(tmp_path, plans=False)
    consent = Consent(how=Agreement.TRIAL, at_ms=5, command="bulkdel run")
    orders = Orders(job=job, cut=cut, consent=consent, go_on=True, leave={"1": 7}, session="me")
    line = orders.line()
    assert line.count(b"\n") == 1
    assert Orders.of(line) == orders


def test_a_sender_is_answered_what_the_table_says(ends: Ends) -> None:
    """A shard, or none now, or none ever; the fence stands open as long as the process lives."""
    ended: list[str] = []

    def end() -> Any:
        ended.append("killed")

    fence = Fence(end=end)
    store = PipeStore(ends.pipe, fence)
    asked = ends.answers(
        None, {"shard": "7", "epoch": 2, "follows": True}, {"over": False}, {"over": True}, None
    )
    store.join()
    fence()
    assert ended == []
    got = store.take(frozenset({"1", "2"}), 300.0)
    assert got == Taken(shard="7", epoch=2, follows=True)
    assert store.take(frozenset(), 2.0) == Nothing(over=False)
    assert store.take(frozenset(), 1.0) == Nothing(over=True)
    store.give_back(Taken(shard="7", epoch=2), Left.SETTLED)
    assert asked[1] == {"do": "take", "held": 2, "most_qps": 300.0}
    assert asked[4] == {"do": "give_back", "shard": "7", "left": "settled"}


def test_what_is_to_be_given_back_is_told_once(ends: Ends) -> None:
    """A pause and rates hold until something else is said; a shard may be taken again."""
    store = PipeStore(ends.pipe, Fence())
    store.hear({"paused": True, "by": "ann", "rates": {"a": 5.0}, "give_back": ["3"]})
    once = store.renew()
    assert once.give_back == {"3"}
    assert store.renew() == Told(paused=True, by="ann", rates={"a": 5.0})


def test_nobody_waits_for_an_answer_of_a_supervisor_that_is_gone(ends: Ends) -> None:
    """Whoever asks is told so, then and ever after."""
    ends.orders.close()
    for _ in range(2):
        with pytest.raises(StoreAway):
            ends.pipe.ask(do="take", held=0, most_qps=1.0)
