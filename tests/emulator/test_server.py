"""The HTTP face over real loopback sockets, in virtual time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faults import (
    CUT_AFTER,
    CUT_BEFORE,
    NO_FAULT,
    Always,
    Cut,
    Fate,
    Fault,
    Form,
    Span,
)
from bulkdel.emulator.server import BODY_BYTES, EmulatorServer
from bulkdel.emulator.world import World
from tests.emulator.calls import (
    NOW,
    TENCENT_APP,
    TENCENT_QUERY,
    ZEGO_APP,
    ZEGO_QUERY,
    tencent_body,
)

PATH = "/v4/sns/friend_delete"


def clock() -> float:
    """Virtual Unix seconds."""
    return NOW + asyncio.get_running_loop().time()


def emulated(fault: Fault = NO_FAULT, *, provider: str = "tencent") -> Emulated:
    """An app where a has b, c and d."""
    return Emulated(
        provider,
        app=TENCENT_APP if provider == "tencent" else ZEGO_APP,
        world=World({"a": {"b", "c", "d"}}),
        fault=fault,
    )


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that gives up after ten seconds."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
        yield client


async def post(session: aiohttp.ClientSession, address: str, *ids: str) -> tuple[int, bytes]:
    """A friend_delete of account a."""
    body = orjson.dumps(tencent_body("a", *ids))
    async with session.post(address + PATH, params=TENCENT_QUERY, data=body) as reply:
        return reply.status, await reply.read()


def now_is() -> float:
    """Virtual seconds so far, to the millisecond."""
    return round(asyncio.get_running_loop().time(), 3)


async def test_both_providers_share_a_port(session: aiohttp.ClientSession) -> None:
    """Paths tell them apart; each has its own world; other paths are 404."""
    apps = emulated(), emulated(provider="zego")
    async with EmulatorServer(*apps, clock=clock) as server:
        assert server.address.startswith("http://127.0.0.1:")
        status, body = await post(session, server.address, "b")
        assert (status, orjson.loads(body)["ErrorCode"]) == (200, 0)
        query = ZEGO_QUERY | {"Action": "DeleteAllFriends", "FromUserId": "a", "DeleteType": "1"}
        async with session.get(server.address + "/", params=query) as reply:
            assert (await reply.json())["Code"] == 0
            assert reply.content_type == "application/json"
        async with session.get(server.address + "/favicon.ico") as reply:
            assert reply.status == 404
    assert apps[0].world.friends == {"a": {"c", "d"}}
    assert apps[1].world.friends == {}


def test_two_apps_of_a_provider_cannot_share_a_port() -> None:
    """Their calls could not be told apart."""
    with pytest.raises(ValueError, match="one app of each provider"):
        EmulatorServer(emulated(), emulated())


@pytest.mark.parametrize("account", ["a&b=c#d+e%f g", "x/y?z", "é|~"])
async def test_accounts_in_a_query_are_decoded(
    session: aiohttp.ClientSession, account: str
) -> None:
    """What was percent-encoded reaches the world as it was meant."""
    app = emulated(provider="zego")
    app.world.befriend([(account, "b")])
    query = ZEGO_QUERY | {"Action": "DeleteAllFriends", "FromUserId": account, "DeleteType": "1"}
    async with (
        EmulatorServer(app, clock=clock) as server,
        session.get(server.address + "/", params=query) as reply,
    ):
        assert (await reply.json())["Code"] == 0
    assert not app.world.of(account)


async def test_delays_are_virtual(session: aiohttp.ClientSession) -> None:
    """An answer takes as long as its fate says, on the loop's clock."""
    app = emulated(Always(fate=Fate(before_s=2, after_s=3)))
    async with EmulatorServer(app, clock=clock) as server:
        assert (await post(session, server.address, "b"))[0] == 200
    assert now_is() == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize(("fate", "removed"), [(CUT_BEFORE, 0), (CUT_AFTER, 1)])
async def test_a_cut_connection(session: aiohttp.ClientSession, fate: Fate, removed: int) -> None:
    """The client gets no byte, whether or not the deletion took place."""
    app = emulated(Always(fate=fate))
    async with EmulatorServer(app, clock=clock) as server:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await post(session, server.address, "b")
        assert (app.world.removed, app.stats.cut, app.stats.answered) == (removed, 1, 0)


async def test_a_body_cut_in_the_middle(session: aiohttp.ClientSession) -> None:
    """Status and headers arrive, the body does not."""
    app = emulated(Always(fate=Fate(cut=Cut.MIDWAY)))
    async with EmulatorServer(app, clock=clock) as server:
        with pytest.raises(aiohttp.ClientPayloadError):
            await post(session, server.address, "b")
    assert app.world.removed == 1


@pytest.mark.parametrize(
    ("fate", "before_timeout", "at_last"),
    [
        (Fate(before_s=60), 0, 1),
        (Fate(after_s=60), 1, 1),
        (Fate(done=False, cut=Cut.SILENT, before_s=60), 0, 0),
    ],
)
async def test_a_client_that_gives_up_does_not_stop_the_deletion(
    session: aiohttp.ClientSession, fate: Fate, before_timeout: int, at_last: int
) -> None:
    """A hanging call deletes early, late, or never, whether or not anybody waits."""
    app = emulated(Always(fate=fate))
    async with EmulatorServer(app, clock=clock) as server:
        with pytest.raises(TimeoutError):
            await post(session, server.address, "b")
        assert (app.world.removed, app.in_flight) == (before_timeout, 1)
        await asyncio.sleep(60)
        assert (app.world.removed, app.in_flight) == (at_last, 0)


async def test_a_retry_after_a_timeout_is_no_overlap(session: aiohttp.ClientSession) -> None:
    """The first call still hangs here, but nobody waits for it; two that are waited for do."""
    app = emulated(Always(fate=Fate(before_s=20)))
    async with EmulatorServer(app, clock=clock) as server:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await post(session, server.address, "b")
        assert app.stats.overlaps == 0
        app.fault = Always(fate=Fate(before_s=1))
        await asyncio.gather(post(session, server.address, "b"), post(session, server.address, "c"))
        assert app.stats.overlaps == 1
        await asyncio.sleep(60)
    assert app.stats.abandoned == 2


async def test_stopping_drops_what_hangs(session: aiohttp.ClientSession) -> None:
    """A stop waits for nothing: what was not carried out never is."""
    app = emulated(Always(fate=Fate(before_s=3000)))
    server = EmulatorServer(app, clock=clock)
    address = await server.start()
    call = asyncio.create_task(post(session, address, "b"))
    gone = asyncio.create_task(post(session, address, "c"))
    await asyncio.sleep(1)
    gone.cancel()
    await asyncio.sleep(1)
    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await call
    assert now_is() < 3
    assert (app.world.removed, app.in_flight) == (0, 0)


async def test_outages_refuse_connections(session: aiohttp.ClientSession) -> None:
    """While the port is closed nobody connects; afterwards it is the same port."""
    app = emulated()
    async with EmulatorServer(app, clock=clock, outages=[Span(from_s=5, until_s=8)]) as server:
        await post(session, server.address, "b")
        await asyncio.sleep(6)
        with pytest.raises(aiohttp.ClientConnectorError):
            await post(session, server.address, "c")
        await asyncio.sleep(3)
        await post(session, server.address, "d")
    assert app.world.friends == {"a": {"c"}}


async def test_an_outage_drops_connections(session: aiohttp.ClientSession) -> None:
    """A call under way loses its connection, and is carried out all the same."""
    app = emulated(Always(fate=Fate(before_s=3)))
    async with EmulatorServer(app, clock=clock) as server:
        call = asyncio.create_task(post(session, server.address, "b"))
        await asyncio.sleep(1)
        await server.close()
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await call
        await asyncio.sleep(3)
        assert app.world.removed == 1


async def test_large_bodies(session: aiohttp.ClientSession) -> None:
    """A huge answer is sent whole; a huge request is refused."""
    app = emulated(Always(fate=Fate(form=Form.HUGE)))
    async with EmulatorServer(app, clock=clock) as server:
        status, body = await post(session, server.address, "b")
        assert (status, len(body) > 16 * 1024 * 1024) == (200, True)
        data = io.BytesIO(b" " * (BODY_BYTES + 1))
        async with session.post(server.address + PATH, params=TENCENT_QUERY, data=data) as reply:
            assert reply.status == 413


async def test_a_client_that_leaves_while_sending(caplog: pytest.LogCaptureFixture) -> None:
    """Half a request is dropped without a word and without a call."""
    app = emulated()
    async with EmulatorServer(app, clock=clock) as server:
        port = int(server.address.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /v4/sns/friend_delete HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        await writer.drain()
        await asyncio.sleep(1)
        writer.close()
        await asyncio.sleep(1)
    assert app.stats.received == 0
    assert caplog.records == []


async def test_looking_inside(session: aiohttp.ClientSession) -> None:
    """Counters and graph can be read over HTTP, only where that is wanted."""
    app = emulated()
    async with EmulatorServer(app, clock=clock, inspect=True) as server:
        await post(session, server.address, "b", "x")
        async with session.get(server.address + "/_emulator/stats") as reply:
            stats = (await reply.json())["tencent"]
        assert (stats["received"], stats["answered"], stats["removed"]) == (1, 1, 1)
        assert (stats["items"], stats["overlaps"], stats["in_flight"]) == ({"31704": 1}, 0, 0)
        assert TENCENT_APP.secret not in str(stats)
        async with session.get(server.address + "/_emulator/graph?account=a") as reply:
            assert await reply.json() == {"tencent": {"account": "a", "friends": ["c", "d"]}}
        async with session.get(server.address + "/_emulator/graph") as reply:
            shown = (await reply.json())["tencent"]
        assert (shown["accounts"], shown["pairs"]) == (1, 2)
        assert sorted(shown["some"]) == [["a", "c"], ["a", "d"]]
        async with session.get(server.address + "/_emulator/data?account=a") as reply:
            assert await reply.json() == {
                "tencent": {friend: app.world.data("a", friend) for friend in ("c", "d")}
            }
        async with session.get(server.address + "/_emulator/secret") as reply:
            assert reply.status == 404
    async with (
        EmulatorServer(app, clock=clock) as server,
        session.get(server.address + "/_emulator/stats") as reply,
    ):
        assert reply.status == 404


async def test_a_taken_port_is_an_error() -> None:
    """Two servers cannot have one port."""
    async with EmulatorServer(emulated(), clock=clock) as server:
        port = int(server.address.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            await EmulatorServer(emulated(), clock=clock, port=port).start()


async def test_two_hundred_calls_a_second_in_virtual_time(
    session: aiohttp.ClientSession,
) -> None:
    """Calls 5 ms apart arrive as such: 200 in each second, none throttled."""
    app = emulated(Always(fate=Fate(before_s=0.05)))

    async def call(n: int) -> None:
        await asyncio.sleep(0.0001 + n * 0.005)
        await post(session, server.address, "b")

    async with EmulatorServer(app, clock=clock) as server:
        await asyncio.gather(*(call(n) for n in range(600)))
    assert app.stats.received == 600
    assert app.stats.throttled == 0
    assert 199 <= app.stats.most_in_any_second <= 201
