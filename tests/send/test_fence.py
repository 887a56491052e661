"""The fence where calls leave: it is asked in the step in which bytes are given to the system."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import NoReturn

import aiohttp.connector
import pytest

from bulkdel.lease.fence import Fence
from bulkdel.send.connection import Line
from bulkdel.send.transport import NoReply, Reply, Transport
from tests.support.connect_proxy import Authority
from tests.support.raw_server import OK, POST, Server
from tests.support.warm import ROOT, environment

TURNS = 8
"""Turns of the loop after the departure by which a call is out, in any version of aiohttp."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Whom both ends trust; made once: keys take time."""
    return Authority()


class Clock:
    """A clock that stands still until a test moves it, and a fence that goes by it."""

    def __init__(self) -> None:
        self.now_s, self.ends = 0.0, 0
        self.fence = Fence(clock=lambda: self.now_s, end=self._end)
        self.fence.stand_until(1.0)

    def _end(self) -> NoReturn:
        """What stands for the end of the process: what asked goes no further."""
        self.ends += 1
        raise ConnectionAbortedError

    def pass_after(self, turns: int) -> None:
        """Let the lease end so many turns of the loop from now."""
        if turns:
            asyncio.get_running_loop().call_soon(self.pass_after, turns - 1)
        else:
            self.now_s = 2.0


async def answer(_: int, __: object, writer: asyncio.StreamWriter) -> None:
    """What every call here is answered with."""
    writer.write(OK)
    await writer.drain()


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kept", [False, True], ids=["new connection", "kept connection"])
@pytest.mark.parametrize("turns", range(TURNS + 1))
async def test_nothing_leaves_behind_the_fence(
    turns: int, kept: bool, secure: bool, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever after its departure the lease ends, the call either is out already or never is."""
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", authority.client)
    clock, server = Clock(), Server(answer)

    async def open_departure() -> None:
        return

    async def depart() -> None:
        clock.pass_after(turns)

    async with (
        server.running(authority.server if secure else None) as address,
        Transport(address, max_in_flight=1, timeout_s=5, fence=clock.fence) as transport,
    ):
        if kept:
            assert isinstance(await transport.send(POST, open_departure), Reply)
        before = len(server.heads)
        reply = await transport.send(POST, depart)
        assert (len(server.heads) - before, isinstance(reply, Reply)) in {(1, True), (0, False)}
        assert isinstance(reply, Reply) is not bool(clock.ends)
        if turns == 0:
            assert isinstance(reply, NoReply), "the departure itself was the last look"
        if turns == TURNS:
            assert isinstance(reply, Reply)


async def test_the_rest_of_a_long_call_stays() -> None:
    """What the system did not take at once does not leave later either, once the lease is over."""
    clock, taken, go_on = Clock(), bytearray(), asyncio.Event()
    long = b"x" * 1_000_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport
        await go_on.wait()
        writer.transport.resume_reading()  # type: ignore[attr-defined]  # a socket's transport
        try:
            while piece := await reader.read(1 << 20):
                taken.extend(piece)
        except ConnectionError:
            pass
        writer.close()

    async def depart() -> None:
        connector = transport._connector
        assert connector is not None
        (line,) = [one for one in connector._acquired if isinstance(one, Line)]
        assert line.transport is not None
        line.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        asyncio.get_running_loop().call_later(0.05, pass_now)

    def pass_now() -> None:
        assert not clock.ends
        clock.pass_after(0)
        go_on.set()

    at = socket.create_server(("127.0.0.1", 0))
    at.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server = await asyncio.start_server(serve, sock=at)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    call = replace(POST, body=long)
    async with (
        server,
        Transport(address, max_in_flight=1, timeout_s=5, fence=clock.fence) as transport,
    ):
        assert isinstance(await transport.send(call, depart), NoReply)
        assert clock.ends
        assert len(taken) < len(long)


_STOPPED = """
import asyncio, os, signal, sys
from bulkdel.lease.fence import Fence, boottime_s, no_fence
from bulkdel.send.transport import Transport
from tests.support.raw_server import POST

fences = [no_fence]

async def depart():
    fence = Fence()
    fence.stand_until(boottime_s() + 0.3)
    fences.append(fence)
    os.kill(os.getpid(), signal.SIGSTOP)

async def work():
    asked = lambda: fences[-1]()
    async with Transport(sys.argv[1], max_in_flight=1, timeout_s=5, fence=asked) as transport:
        await transport.send(POST, depart)

asyncio.run(work())
"""


async def test_a_process_that_stood_still_sends_nothing() -> None:
    """Stopped between its departure and its first byte, it dies of SIGKILL when it goes on."""
    server = Server(answer)
    async with server.running() as address:
        child = subprocess.Popen(  # noqa: ASYNC220, S603  # begins at once; our own
            [sys.executable, "-c", _STOPPED, address], cwd=ROOT, env=environment()
        )
        try:
            _, status = await asyncio.to_thread(os.waitpid, child.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            await asyncio.to_thread(time.sleep, 0.4)  # its clock is the machine's
        finally:
            os.kill(child.pid, signal.SIGCONT)
        assert await asyncio.to_thread(child.wait) == -signal.SIGKILL
    assert server.connections == 1
    assert server.heads == []
