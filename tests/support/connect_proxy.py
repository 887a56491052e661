"""An HTTP proxy for CONNECT, and an authority that vouches for "localhost": both fail on demand."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress

import trustme

Fault = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What the proxy does in place of connecting, once it has the head of a CONNECT."""

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ConnectProxy:
    """Connects to whatever CONNECT names, until `fault` is set.

    Attributes:
        fault: what it does instead.
        heads: of each request, as they came.
        ends: how the client ended each tunnel: "end" or "reset".
        most: bytes from a client after which its tunnel is cut; None for none.
    """

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault
        self.heads: list[bytes] = []
        self.ends: list[str] = []
        self.most: int | None = None
        self.address = ""
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its address."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self.address
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """End every connection, of clients and of servers, at once."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self.fault is not None:
                await self.fault(reader, writer)
            else:
                await self._tunnel(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _tunnel(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        there, onward = await asyncio.open_connection(host.strip("[]"), int(port))
        self._writers.append(onward)
        writer.write(OPEN)
        back = asyncio.create_task(_copy(there, writer))
        try:
            self.ends.append(await _copy(reader, onward, self.most))
        finally:
            back.cancel()
            onward.transport.abort()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None
) -> str:
    copied = 0
    try:
        while piece := await reader.read(1 << 16):
            copied += len(piece)
            if most is not None and copied > most:
                return "cut"
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        return "reset"
    with suppress(ConnectionError):
        writer.close()
    return "end"


def says(answer: bytes, *, then: str = "hang up") -> Fault:
    """Answers CONNECT with these bytes, then hangs up, resets, or says nothing more."""

    async def fault(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        with suppress(ConnectionError):
            await writer.drain()
        if then == "silence":
            await reader.read()
        elif then == "reset":
            drops = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, drops)

    return fault


@asynccontextmanager
async def tls_before(address: str, authority: Authority) -> AsyncIterator[str]:
    """The address of a TLS server that hands all on to the plain one at `address`."""
    port = int(address.rpartition(":")[2])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, onward), _copy(there, writer), return_exceptions=True)
        for one in (onward, writer):
            one.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority.server)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@contextmanager
def in_thread(running: AbstractAsyncContextManager[str]) -> Iterator[str]:
    """What is running in a loop of its own, for as long as the block; its address."""
    up, address, down = threading.Event(), "", asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        nonlocal address
        async with running as address:
            up.set()
            await down.wait()
            await asyncio.sleep(0)  # what was accepted last gets its handler

    def work() -> None:
        asyncio.set_event_loop(loop)
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert up.wait(10)
        yield address
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(10)


class Authority:
    """Vouches for "localhost", to clients that trust it.

    Attributes:
        server: what a TLS server is set up with.
        client: what a client is set up with that trusts it.
        pem: its certificate.
    """

    def __init__(self) -> None:
        made = trustme.CA()
        self.pem = made.cert_pem
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.issue_cert("localhost").configure_cert(self.server)
        self.client = ssl.create_default_context()
        made.configure_trust(self.client)
