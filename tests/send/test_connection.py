"""Connections: nothing arrives late, an answer belongs to its call, heads are bounded."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bulkdel.providers.protocol import Call
from bulkdel.send import connection as module
from bulkdel.send.connection import Line
from bulkdel.send.transport import NoReply, Reply, Transport
from tests.support.raw_server import GET, OK, POST, Server, at_once

STALE = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"Code":0}'
LARGE = Call(method="POST", path="/", query="q", body=b"x" * 1_000_000, ids=1000)


def acquired(transport: Transport) -> list[Line]:
    """The connections that calls have in hand."""
    connector = transport._connector
    assert connector is not None
    return [one for one in connector._acquired if isinstance(one, Line)]


async def answer(_: int, __: object, writer: asyncio.StreamWriter) -> None:
    """What every call here is answered with in the end."""
    writer.write(OK)
    await writer.drain()


async def test_every_socket_drops_what_is_not_out() -> None:
    """Closing resets, and what nobody acknowledges ends the connection after timeout_s."""
    seen = []

    async with (
        Server(answer).running() as address,
        Transport(address, max_in_flight=1, timeout_s=2.5) as transport,
    ):

        async def depart() -> None:
            for line in acquired(transport):
                assert line.transport is not None
                at = line.transport.get_extra_info("socket")
                seen.append(at.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
                if sys.platform == "linux":
                    seen.append(at.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

        assert isinstance(await transport.send(POST, depart), Reply)
    assert seen[0] == struct.pack("ii", 1, 0)
    assert seen[1:] == ([2500] if sys.platform == "linux" else [])


@pytest.mark.parametrize("given_up", ["by its timeout", "by a stop"])
async def test_a_call_that_is_given_up_is_reset(given_up: str) -> None:
    """The server sees a reset and no orderly end: nothing more of the call is on its way."""
    ends: list[object] = []
    ended = asyncio.Event()

    async def hang(_: int, reader: asyncio.StreamReader, __: object) -> None:
        try:
            ends.append(await reader.read())
        except ConnectionResetError:
            ends.append("reset")
        ended.set()

    async with (
        Server(hang).running() as address,
        Transport(address, max_in_flight=1, timeout_s=0.5) as transport,
    ):
        call = asyncio.create_task(transport.send(POST, at_once))
        if given_up == "by a stop":
            await asyncio.sleep(0.2)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        else:
            assert await call == NoReply(reason="no reply within 0.5 s", left=True)
        await ended.wait()
    assert ends == ["reset"]


async def test_what_was_not_out_when_a_call_was_given_up_never_comes() -> None:
    """A server that reads too late finds part of the call at most, however long it goes on."""
    got = 0
    given_up, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport
        await given_up.wait()
        writer.transport.resume_reading()  # type: ignore[attr-defined]  # a socket's transport
        try:
            while piece := await reader.read(1 << 16):
                got += len(piece)
        except ConnectionResetError:
            pass
        ended.set()
        writer.close()

    async def depart() -> None:  # so that much of the call has not even reached the system
        for line in acquired(transport):
            assert line.transport is not None
            at = line.transport.get_extra_info("socket")
            at.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    assert LARGE.body is not None
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Transport(address, max_in_flight=1, timeout_s=0.5) as transport:
        reply = await transport.send(LARGE, depart)
        assert reply == NoReply(reason="no reply within 0.5 s", left=True)
        given_up.set()
        await ended.wait()
    assert got < len(LARGE.body)


def with_the_reply(more: bytes) -> Callable[..., Awaitable[None]]:
    """The first answer and what nobody asked for, in one go."""

    async def behave(number: int, _: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + more if number == 1 else OK)
        await writer.drain()

    return behave


def later(more: bytes) -> Callable[..., Awaitable[None]]:
    """The same, a while after the answer."""

    async def behave(number: int, _: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        if number == 1:
            asyncio.get_running_loop().call_later(0.05, writer.write, more)

    return behave


@pytest.mark.parametrize("how", [with_the_reply, later])
@pytest.mark.parametrize(
    "more", [STALE, STALE[:9], STALE[:40], b"x", b"HTTP/1.1 100 Continue\r\n\r\n", STALE * 3]
)
@pytest.mark.parametrize("pace_s", [0.0, 0.2])
async def test_what_nobody_asked_for_settles_nothing(
    how: Callable[[bytes], Callable[..., Awaitable[None]]], more: bytes, pace_s: float
) -> None:
    """The next call goes out on another connection and gets its own answer.

    Whether the bytes come with the reply, after it, or while the next call waits to leave.
    """
    server = Server(how(more))
    departed = 0

    async def depart() -> None:
        nonlocal departed
        departed += 1
        await asyncio.sleep(pace_s if departed > 1 else 0)

    async with (
        server.running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        first = await transport.send(GET, depart)
        if not pace_s:
            await asyncio.sleep(0.1)
        second = await transport.send(POST, depart)
    if more == b"x":  # what is no HTTP at all may spoil the answer it follows
        assert isinstance(first, Reply) or first.left
    else:
        assert isinstance(first, Reply)
        assert first.body == b"{}"
    assert isinstance(second, Reply)
    assert second.body == b"{}"
    assert [head[:4] for head in server.heads] == [b"GET ", b"POST"]
    assert server.connections == 2


async def test_what_nobody_asked_for_ends_a_resting_connection() -> None:
    """At once, not when the next call comes: nothing gathers on connections that rest."""
    ended = asyncio.Event()

    async def behave(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await asyncio.sleep(0.05)
        writer.write(STALE)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        ended.set()

    async with (
        Server(behave).running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        assert isinstance(await transport.send(POST, at_once), Reply)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_what_waits_in_the_socket_is_seen() -> None:
    """Bytes that came while this process was busy, and that the loop has not read, count too."""
    written = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(OK)
        await writer.drain()
        written.set()

    server = Server(behave)
    waits = 0

    async def depart() -> None:
        nonlocal waits
        waits += 1
        if waits == 2:  # no turn of the loop between this and leaving
            at = writers[0].get_extra_info("socket")
            with socket.socket(fileno=socket.dup(at.fileno())) as other:
                other.send(STALE)

    async with (
        server.running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        assert isinstance(await transport.send(POST, depart), Reply)
        reply = await transport.send(POST, depart)
    assert isinstance(reply, Reply)
    assert reply.body == b"{}"
    assert (waits, server.connections) == (3, 2)


async def test_an_end_that_waits_costs_no_call() -> None:
    """A server that hangs up after each answer, at the worst moment, gets every call once."""

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = Server(behave)
    async with (
        server.running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        replies = [await transport.send(GET, at_once) for _ in range(5)]
    assert all(isinstance(reply, Reply) for reply in replies)
    assert len(server.heads) == 5


async def test_a_server_that_speaks_first_is_not_called() -> None:
    """Three new connections, and no more; nothing left."""
    connections = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(STALE)

    async def depart() -> None:
        await asyncio.sleep(0.05)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Transport(address, max_in_flight=1, timeout_s=5) as transport:
        reply = await transport.send(POST, depart)
    words = "no connection stayed open and silent until the call could leave"
    assert reply == NoReply(reason=words, left=False)
    assert connections == 3


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 4000) for n in range(120)),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 2000,
    ],
)
async def test_heads_are_bounded(endless: bytes) -> None:
    """A reply that never comes to its body is cut short, and may have been carried out."""
    sent = 0

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        for start in range(0, len(endless), 4096):
            writer.write(endless[start : start + 4096])
            await writer.drain()
            sent = start

    async with Server(behave).running() as address:
        async with Transport(address, max_in_flight=1, timeout_s=5) as transport:
            reply = await transport.send(POST, at_once)
        assert isinstance(reply, NoReply)
        assert (reply.left, "within" in reply.reason) == (True, False)


async def test_a_body_is_bounded_by_what_its_call_carried() -> None:
    """One id cannot have the answer of a thousand."""
    body = b"x" * 600_000

    async def behave(_: int, __: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    async with (
        Server(behave).running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        small = await transport.send(POST, at_once)
        large = await transport.send(replace(POST, ids=1000), at_once)
    assert small == NoReply(reason="a reply larger than 132096 bytes", left=True)
    assert isinstance(large, Reply)


async def test_what_this_machine_cannot_open_is_its_own_trouble() -> None:
    """Without a free descriptor nothing left, and nobody else is blamed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with (
        Server(answer).running() as address,
        Transport(address, max_in_flight=1, timeout_s=5) as transport,
    ):
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            reply = await transport.send(POST, at_once)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    words = "this machine cannot open a connection: Too many open files"
    assert reply == NoReply(reason=words, left=False, ours=True)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what has arrived")
async def test_what_does_not_arrive_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that their receiver does not take stall the transport, until they are taken."""
    monkeypatch.setattr(module, "UNHEARD_S", 0.05)
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport
        await go_on.wait()
        writer.transport.resume_reading()  # type: ignore[attr-defined]  # a socket's transport
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(LARGE.body or b""))
        writer.write(OK)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Transport(address, max_in_flight=1, timeout_s=60) as transport:
        call = asyncio.create_task(transport.send(LARGE, at_once))
        await asyncio.sleep(0.01)
        assert not transport.stalled()
        time.sleep(0.1)  # noqa: ASYNC251  # the age of a call is real time
        assert transport.stalled()
        go_on.set()
        assert isinstance(await call, Reply)
        assert not transport.stalled()
