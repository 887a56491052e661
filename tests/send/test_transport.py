"""The transport: one request out for each call, bounded replies, nothing secret in its words."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from bulkdel.providers.protocol import Call
from bulkdel.send import transport as module
from bulkdel.send.transport import NoReply, Reply, Transport
from tests.support.raw_server import GET, OK, POST, Server, at_once


async def send(address: str, call: Call, *, timeout_s: float = 5.0) -> Reply | NoReply:
    """One call over a transport of its own."""
    async with Transport(address, max_in_flight=2, timeout_s=timeout_s) as transport:
        return await transport.send(call, at_once)


async def test_a_get_whose_connection_dies_is_sent_once() -> None:
    """The hidden re-send of a GET on a dead kept-alive connection is off."""

    async def behave(number: int, _: object, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            writer.write(OK)
            await writer.drain()
        else:
            writer.close()

    server = Server(behave)
    async with (
        server.running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        assert isinstance(await transport.send(GET, at_once), Reply)
        reply = await transport.send(GET, at_once)
    assert reply == NoReply(reason="the connection was cut", left=True)
    assert len(server.heads) == 2
    assert server.connections == 1


async def test_a_call_leaves_no_cycle() -> None:
    """What a call held is gone when it ends, without a search for cycles: those are pauses."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    class Carried:
        """Stands for all that a call holds, its task among it."""

        task: asyncio.Task[None]

        async def depart(self) -> None:
            """At once."""

    async def carry(transport: Transport) -> None:
        carried = Carried()
        carried.task = asyncio.current_task()  # type: ignore[assignment]  # it is one
        gone.append(weakref.ref(carried))
        assert isinstance(await transport.send(POST, carried.depart), Reply)

    gone: list[weakref.ref[Carried]] = []
    server = Server(behave)
    async with (
        server.running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        gc.disable()
        try:
            for _ in range(2):  # the connection itself keeps what it was made for
                await asyncio.create_task(carry(transport))
            assert gone[1]() is None
        finally:
            gc.enable()


async def test_the_query_goes_out_as_it_was_encoded() -> None:
    """A UserSig's * and - and an encoded & arrive unchanged."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    server = Server(behave)
    call = Call(method="GET", path="/", query="a=*-_&b=x%26y%2Bz%20%25", body=None)
    async with server.running() as address:
        reply = await send(address, call)
    assert isinstance(reply, Reply)
    assert server.heads[0].startswith(b"GET /?a=*-_&b=x%26y%2Bz%20%25 HTTP/1.1\r\n")


async def test_redirects_are_not_followed() -> None:
    """A redirect is a reply like any other."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 307 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    server = Server(behave)
    async with server.running() as address:
        reply = await send(address, POST)
    assert isinstance(reply, Reply)
    assert reply.status == 307
    assert len(server.heads) == 1


async def test_a_reply_is_read_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body without end costs no more memory than the bound, and is no reply."""
    monkeypatch.setattr(module, "BODY_MOST", 100_000)

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with Server(behave).running() as address:
        reply = await send(address, POST)
    assert reply == NoReply(reason="a reply larger than 100000 bytes", left=True)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "the connection was cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "the reply broke off"),
        (b"\x00\xff nonsense\r\n\r\n", "the reply was not HTTP"),
    ],
)
async def test_a_cut_is_no_reply_to_a_call_that_left(sent: bytes, reason: str) -> None:
    """Whatever is cut after leaving may have been carried out, and its words hold no URL."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()

    async with Server(behave).running() as address:
        reply = await send(address, POST)
    assert reply == NoReply(reason=reason, left=True)


async def test_silence_ends_at_the_timeout() -> None:
    """A hung call is given up after timeout_s and may have been carried out."""

    async def behave(_: int, reader: asyncio.StreamReader, __: object) -> None:
        await reader.read()

    async with Server(behave).running() as address:
        reply = await send(address, POST, timeout_s=0.2)
    assert reply == NoReply(reason="no reply within 0.2 s", left=True)


async def test_waiting_to_depart_is_not_part_of_the_timeout() -> None:
    """The clock of a call starts when it leaves."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    async def later() -> None:
        await asyncio.sleep(0.5)

    async with (
        Server(behave).running() as address,
        Transport(address, max_in_flight=1, timeout_s=0.2) as transport,
    ):
        assert isinstance(await transport.send(POST, later), Reply)


async def test_nothing_left_where_nothing_listens() -> None:
    """A refused connection sent nothing, and never asked to depart."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    asked = []

    async def depart() -> None:
        asked.append(1)

    async with Transport(f"http://127.0.0.1:{port}", max_in_flight=1, timeout_s=5) as transport:
        reply = await transport.send(POST, depart)
    assert reply == NoReply(reason="could not connect: Connection refused", left=False)
    assert asked == []


async def test_a_connection_that_dies_before_leaving_is_replaced() -> None:
    """What the server closes while a call waits to depart costs no call."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()

    server = Server(behave)
    waits = 0

    async with (
        server.running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        connector = transport._session.connector  # type: ignore[union-attr]  # it is open

        async def depart() -> None:
            nonlocal waits
            waits += 1
            if waits == 1:
                for protocol in list(connector._acquired):  # type: ignore[union-attr]  # aiohttp's
                    protocol.transport.close()
                await asyncio.sleep(0.05)

        reply = await transport.send(POST, depart)
    assert isinstance(reply, Reply)
    assert waits == 2
    assert len(server.heads) == 1


async def test_nothing_left_on_a_connection_that_died_for_good() -> None:
    """A call whose connection died while it waited, and found no other, was not sent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Transport(f"http://127.0.0.1:{port}", max_in_flight=1, timeout_s=5) as transport:
        connector = transport._session.connector  # type: ignore[union-attr]  # it is open

        async def depart() -> None:
            server.close()
            for protocol in list(connector._acquired):  # type: ignore[union-attr]  # aiohttp's
                protocol.transport.close()
            await asyncio.sleep(0.05)

        reply = await transport.send(POST, depart)
    assert reply == NoReply(reason="could not connect: Connection refused", left=False)


async def test_headers_that_matter_are_read() -> None:
    """Retry-After in seconds and the server's Date reach the lane."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 429 X\r\nRetry-After: 7\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            b"Content-Length: 0\r\n\r\n"
        )

    async with Server(behave).running() as address:
        reply = await send(address, POST)
    assert reply == Reply(status=429, retry_after_s=7.0, date_s=1767225600.0, body=b"")
