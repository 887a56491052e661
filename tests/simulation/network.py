"""The network between lanes and an emulated provider, without sockets, and a record of each call.

It keeps what `bulkdel.send.transport.Transport` promises: a call is sent once, departs with a
connection in hand, and comes back as a Reply or as the reason why there is none.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl

import orjson

from bulkdel.emulator.emulated import Emulated, Response
from bulkdel.emulator.faults import Cut, Span
from bulkdel.providers.protocol import Call
from bulkdel.send.transport import BODY_MOST, Depart, NoReply, Reply, Transport

EPOCH_S = 1_795_298_400.0
"""Unix seconds at the loop's 0: 2026-11-21 22:00 UTC."""

Edge = tuple[str, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Sent:
    """One call that left, as seen from outside of the engine.

    Attributes:
        account, ids, two_way: read from the request itself; `ids` is None for a whole list.
        left_at: virtual seconds.
        over_at: when its sender had its answer, gave up, or died; None while it waits.
        sitting: whose call it is.
        removed: entries of friend lists that it removed.
        reply: what came back to its sender, None where nothing did.
    """

    target: str
    account: str
    ids: tuple[str, ...] | None
    two_way: bool
    left_at: float
    sitting: int
    over_at: float | None = None
    removed: set[Edge] = field(default_factory=set)
    reply: Reply | None = None

    @property
    def waits(self) -> bool:
        """Whether its sender still waits for the answer."""
        return self.over_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How connections fare.

    Attributes:
        connect_s: the longest that connecting takes, in seconds.
        refused: odds that a connection is refused.
        dies: odds that a connection dies while its call waits to depart.
        outages: when nothing can be reached, in virtual seconds.
    """

    connect_s: float = 0.0
    refused: float = 0.0
    dies: float = 0.0
    outages: tuple[Span, ...] = ()


class Network:
    """One target's provider and the network before it; it outlives sittings.

    Attributes:
        sent: every call that left, in order.
        watch: called at each departure.
    """

    def __init__(self, target: str, emulated: Emulated, links: Links, seed: int) -> None:
        self.target = target
        self.emulated = emulated
        self.links = links
        self.sent: list[Sent] = []
        self.refused = 0
        self.watch: Callable[[Sent], None] = lambda _: None
        self._rng = random.Random(f"{seed}/{target}/roads")

    async def connect(self) -> str:
        """Empty once there is a connection, or why there is none."""
        rng, links = self._rng, self.links
        if links.connect_s:
            await asyncio.sleep(rng.random() ** 3 * links.connect_s)
        now = asyncio.get_running_loop().time()
        if any(span.holds(now) for span in links.outages) or rng.random() < links.refused:
            self.refused += 1
            return "could not connect: Connection refused"
        return ""

    def dies(self) -> bool:
        """Whether the connection has died meanwhile."""
        return self._rng.random() < self.links.dies

    def arrive(self, call: Call, sitting: int, answer: Callable[[Response], None]) -> Sent:
        """Take a call in; `answer` is called when its answer is out, if its sender still waits."""
        loop = asyncio.get_running_loop()
        query = dict(parse_qsl(call.query, keep_blank_values=True))
        sent = read(self.target, call, query, loop.time(), sitting)
        self.sent.append(sent)
        self.watch(sent)
        arrived = self.emulated.receive(
            call.method,
            call.path,
            query,
            call.body or b"",
            EPOCH_S + loop.time(),
            waits=lambda: sent.waits,
        )

        def carry_out() -> None:
            response = removed_by(self.emulated, sent, lambda: self.emulated.carry_out(arrived))
            loop.call_later(arrived.fate.after_s, release, response)

        def release(response: Response) -> None:
            self.emulated.release(arrived, response)
            if sent.waits:
                answer(response)

        if arrived.fate.before_s:
            loop.call_later(arrived.fate.before_s, carry_out)
        else:
            carry_out()
        return sent


class NetworkTransport(Transport):
    """A sitting's transport to one target."""

    def __init__(self, network: Network, *, sitting: int, timeout_s: float) -> None:
        super().__init__("http://simulated.invalid", max_in_flight=1, timeout_s=timeout_s)
        self._network = network
        self._sitting = sitting
        self._patience_s = timeout_s
        self.dead = False
        self._out: list[Sent] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def die(self) -> None:
        """The process is gone: nobody waits for an answer any more."""
        self.dead = True
        now = asyncio.get_running_loop().time()
        for sent in self._out:
            sent.over_at = now
        self._out.clear()

    async def send(self, call: Call, depart: Depart) -> Reply | NoReply:
        """As Transport promises."""
        while True:
            if trouble := await self._network.connect():
                return NoReply(reason=trouble, left=False)
            await depart()
            if self.dead:
                await asyncio.Event().wait()
            if not self._network.dies():
                return await self._hand_over(call)

    async def _hand_over(self, call: Call) -> Reply | NoReply:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Response] = loop.create_future()
        sent = self._network.arrive(call, self._sitting, answered.set_result)
        self._out.append(sent)
        try:
            async with asyncio.timeout(self._patience_s):
                response = await answered
        except TimeoutError:
            return NoReply(reason=f"no reply within {self._patience_s:g} s", left=True)
        finally:
            if sent.waits:
                sent.over_at = loop.time()
                self._out.remove(sent)
        if response.cut is not Cut.NO:
            return NoReply(reason="the connection was cut", left=True)
        if len(response.body) > BODY_MOST:
            return NoReply(reason=f"a reply larger than {BODY_MOST} bytes", left=True)
        asked = response.headers.get("Retry-After")
        sent.reply = Reply(
            status=response.status,
            retry_after_s=None if asked is None else float(asked),
            date_s=EPOCH_S + loop.time(),
            body=response.body,
        )
        return sent.reply


def removed_by(emulated: Emulated, sent: Sent, carry_out: Callable[[], Response]) -> Response:
    """Carry a call out, and note what it removed."""
    before = _near(emulated, sent)
    response = carry_out()
    sent.removed = {edge for edge in before if not emulated.world.has(*edge)}
    return response


def read(target: str, call: Call, query: dict[str, str], now: float, sitting: int) -> Sent:
    """What a request asks for, as both providers document it; `query` is the decoded one."""
    body = orjson.loads(call.body) if call.body else {}
    ids: list[str] | None
    if call.path.startswith("/v4/sns/"):
        account, ids = body["From_Account"], body.get("To_Account")
        if call.path.endswith(("/friend_check", "/friend_get")):
            two_way = False  # it asks, and removes nothing
        else:
            two_way = body["DeleteType"] == "Delete_Type_Both"
            assert (ids is None) == call.path.endswith("/friend_delete_all")
    elif query["Action"] == "DeleteFriends":
        account, ids, two_way = body["FromUserId"], body["UserIds"], body["DeleteType"] == 0
    elif query["Action"] == "CheckFriendsRelation":
        account, ids, two_way = body["FromUserId"], body["UserIds"], False
    elif query["Action"] == "QueryFriendList":
        account, ids, two_way = query["FromUserId"], None, False
    else:
        assert query["Action"] == "DeleteAllFriends"
        account, ids, two_way = query["FromUserId"], None, query["DeleteType"] == "0"
    return Sent(
        target=target,
        account=account,
        ids=None if ids is None else tuple(ids),
        two_way=two_way,
        left_at=now,
        sitting=sitting,
    )


def _near(emulated: Emulated, sent: Sent) -> list[Edge]:
    """The entries of friend lists that a call may remove."""
    world = emulated.world
    others = list(world.of(sent.account)) if sent.ids is None else sent.ids
    edges = [(sent.account, other) for other in others] + [
        (other, sent.account) for other in others
    ]
    return [edge for edge in edges if world.has(*edge)]
