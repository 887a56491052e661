"""Connections to a provider: how they are made, when they are handed out, how they end.

With transport.py the only door to aiohttp's client. Three promises are kept here.

Nothing arrives late. A call that was given up must not reach the provider afterwards, beside the
one that took its place. So a connection is never closed in the gentle way, in which the system goes
on delivering what was not out yet: it is aborted, and what it still held is dropped. The socket
itself says so (SO_LINGER of 0), so it holds for whatever ends this process, too. Where the system
knows TCP_USER_TIMEOUT it ends by itself a connection whose peer has acknowledged nothing for that
long, even while this process stands still. A system without that option needs no wait in its place:
what could arrive late is gone with the connection.

An answer belongs to its call. A connection on which anything waits, be it bytes, an end or an
error, is not handed out; bytes that nobody asked for end it.

What a peer sends is bounded before it is understood: heads in bytes and in number.

Nothing leaves beside a successor. Each time that bytes are given to the system, the fence is asked
in that very step, by the socket itself: whatever was decided before, and however long this process
stood still since, the call leaves only while its sender may send.

Through a proxy (tunnel.py) all of this holds of the way to the proxy: its socket is the
connection's. What the proxy has taken it may deliver after the connection was aborted; nothing here
can undo that.
"""

from __future__ import annotations

import asyncio
import fcntl
import select
import socket
import ssl
import struct
import sys
import termios
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohappyeyeballs import start_connection
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection

from bulkdel.lease.fence import no_fence
from bulkdel.send.tunnel import Proxy, TunnelError, open_tunnel

if TYPE_CHECKING:
    from aiohappyeyeballs import AddrInfoType
    from aiohttp import ClientTimeout
    from aiohttp.tracing import Trace

HEAD_MOST: Final = 64 * 1024
"""Bytes before the body of a reply begins."""
HEADS_MOST: Final = 8
"""Heads that one call is answered with: its own, and interim ones (1xx) before it."""
SLICE: Final = 16 * 1024
"""Bytes that are understood at a time: so many heads can stand in them at most."""
NEW_ONES_MOST: Final = 3
"""New connections that may turn out unusable, one after another, before a call is given up."""
LOOKS: Final = 4
"""Turns of the loop in which what waits on a connection may turn out to be TLS's own affair."""
EYEBALLS_S: Final = 0.25
"""Seconds that an address has to itself before the next one is tried as well (RFC 8305)."""
UNHEARD_S: Final = 0.5
"""Seconds after which what a call sent should be acknowledged: systems put off acknowledging by a
fifth of a second at most, and the way there and back takes less than the rest."""


_DROPS: Final = struct.pack("ii", 1, 0)
"""What SO_LINGER is set to: closing drops what is not out, and the peer is told so."""
_USER_TIMEOUT: Final[int | None] = getattr(socket, "TCP_USER_TIMEOUT", None)
_OUT_QUEUE: Final = termios.TIOCOUTQ if sys.platform == "linux" else None
"""Asks a socket how many bytes its peer has not acknowledged."""


NO_CONNECTION: Final = "no connection"
"""What a call waits for that has not left, unless more is known."""


class UnusableError(aiohttp.ClientError):
    """No connection could be had that stayed alive and silent until the call could leave."""


class Departure:
    """One call's way out: connecting, waiting to leave, out. Only two of the three are timed."""

    def __init__(
        self, depart: Callable[[], Awaitable[None]], limit: asyncio.Timeout, timeout_s: float
    ) -> None:
        self._depart = depart
        self._limit = limit
        self._timeout_s = timeout_s
        self.left = False
        self.lacks = NO_CONNECTION
        """What there is not yet, in words, as long as it has not left."""

    async def leave(self) -> None:
        """Wait for the call's turn, untimed; its time runs from here."""
        self._limit.reschedule(None)
        await self._depart()
        self._time_it()
        self.left = True

    def stay(self) -> None:
        """The connection was of no use: nothing left, and another is needed."""
        self.left = False
        self._time_it()

    def _time_it(self) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + self._timeout_s)


DEPARTURE: Final[ContextVar[Departure]] = ContextVar("departure")


class Line(ResponseHandler):
    """One connection. It is `ask`ed, answers once, and is silent until it is asked again."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._asked = False
        self._heads = 0
        self._head_bytes = 0
        self._body_begun = False
        self.fresh = True

    def ask(self) -> None:
        """A call leaves on it now."""
        self._asked = True
        self.fresh = False
        self._heads, self._head_bytes, self._body_begun = 0, 0, False

    async def silent(self) -> bool:
        """Whether it is alive, and nothing has come or waits that no call asked for."""
        for _ in range(LOOKS):
            if not self.is_connected() or self.should_close or self._has_begun_another():
                return False
            if not self._readable():
                return True
            await asyncio.sleep(0)
        return False

    @property
    def unacknowledged(self) -> bool:
        """Whether some of what a call sent has not arrived; False where the system cannot say."""
        at = self._socket()
        if self._heads or at is None or _OUT_QUEUE is None:
            return False
        try:
            queued = fcntl.ioctl(at, _OUT_QUEUE, bytes(4))
        except OSError:
            return False
        return any(queued)

    def close(self) -> None:
        """End it at once, and drop what is not out."""
        self.abort()

    def data_received(self, data: bytes) -> None:
        """Take what came, if it belongs to the answer of a call."""
        if not data:  # aiohttp's own: it goes on with what it has
            super().data_received(data)
            return
        for start in range(0, len(data), SLICE):
            if not self._asked or (self._body_begun and self._payload_done()):
                self._refuse()
            if self.transport is None or self.transport.is_closing():
                return
            piece = data[start : start + SLICE]
            super().data_received(piece)
            if not self._body_begun:
                self._head_bytes += len(piece)
            if self._head_bytes > HEAD_MOST + SLICE or self._heads > HEADS_MOST:
                self._refuse()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Count heads; the last one, which is no interim one, has a body after it."""
        self._heads += 1
        self._body_begun = data[0].code >= 200  # noqa: PLR2004  # 1xx are interim
        super().feed_data(data, size)

    def _refuse(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.abort()

    def _payload_done(self) -> bool:
        return self._payload is not None and self._payload.is_eof()

    def _has_begun_another(self) -> bool:
        """Whether part of a head came with the last answer. Its parser is not used again."""
        parser, self._parser = self._parser, None
        if parser is None:
            return False
        try:
            return parser.feed_eof() is not None
        except Exception:  # noqa: BLE001  # whatever it says of it: something is there
            return True

    def _readable(self) -> bool:
        at = self._socket()
        if at is None:
            return True
        poll = select.poll()
        poll.register(at, select.POLLIN)
        return bool(poll.poll(0))

    def _socket(self) -> int | None:
        open_socket = self.transport.get_extra_info("socket") if self.transport else None
        return open_socket.fileno() if open_socket and open_socket.fileno() >= 0 else None


class Connector(aiohttp.TCPConnector):
    """Hands a connection out when its call may leave, and asks for leave with it in hand."""

    def __init__(
        self,
        *,
        limit: int,
        timeout_s: float,
        proxy: Proxy | None = None,
        fence: Callable[[], None] = no_fence,
    ) -> None:
        self._made = partial(_socket, timeout_s=timeout_s, fence=fence)
        super().__init__(limit=limit, ttl_dns_cache=60, socket_factory=self._made)
        if not hasattr(self, "_factory"):
            raise RuntimeError(
                "this aiohttp's connector has no _factory: a reply that nobody asked for might "
                "settle a call; install a version that bulkdel's pyproject.toml allows"
            )
        self._factory = partial(_line, self._loop)
        self._unheard: dict[Line, float] = {}
        self._proxy = proxy

    def stalled(self) -> bool:
        """Whether a call has been out for UNHEARD_S and its bytes have not arrived."""
        now = time.monotonic()
        while self._unheard:
            line, left_at = next(iter(self._unheard.items()))
            if now - left_at < UNHEARD_S:
                return False
            if line.unacknowledged:
                return True
            del self._unheard[line]
        return False

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> Connection:
        """As aiohttp's, but silent connections only, and once the call may leave."""
        departure = DEPARTURE.get()
        unusable = 0
        while True:
            connection = await super().connect(req, traces, timeout)
            line = connection.protocol
            if not isinstance(line, Line):
                raise TypeError("a connection was not made by this connector")
            fresh = line.fresh
            try:
                left = await self._left_on(line, departure)
            except BaseException:
                connection.close()
                raise
            if left:
                return connection
            connection.close()
            unusable += fresh
            if unusable >= NEW_ONES_MOST:
                raise UnusableError

    async def _left_on(self, line: Line, departure: Departure) -> bool:
        """Whether the call leaves on this connection now; looked at before the wait and after."""
        if not await line.silent():
            return False
        await departure.leave()
        if not await line.silent():
            departure.stay()
            return False
        self._unheard.pop(line, None)  # it stands last from now on
        self._unheard[line] = time.monotonic()
        line.ask()
        return True

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> ResponseHandler:
        """A new connection: aiohttp's own, or the same over a tunnel."""
        if self._proxy is None:
            return await super()._create_connection(req, traces, timeout)
        departure = DEPARTURE.get()
        at = await self._reach(self._proxy, departure)
        host, port = (req.url.raw_host or "").rstrip("."), req.port or 443
        try:
            departure.lacks = f"no answer to CONNECT from the proxy {self._proxy.address}"
            await open_tunnel(at, self._proxy, host, port)
        except BaseException:
            at.close()
            raise
        departure.lacks = f"no TLS with {host} through the proxy {self._proxy.address}"
        try:
            _, line = await self._loop.create_connection(
                self._factory, sock=at, ssl=self._get_ssl_context(req), server_hostname=host
            )
        except ssl.SSLCertVerificationError as error:
            words = f"led to a certificate for {host} that is not trusted ({error.verify_message})"
            raise TunnelError(self._proxy, words) from None
        except ssl.SSLError as error:
            words = f"led to no TLS with {host} ({error.reason or type(error).__name__})"
            raise TunnelError(self._proxy, words) from None
        except OSError as error:
            words = f"broke the connection before TLS with {host} was agreed on"
            raise TunnelError(self._proxy, words, cause=error) from None
        departure.lacks = NO_CONNECTION
        return line

    async def _reach(self, proxy: Proxy, departure: Departure) -> socket.socket:
        """A socket that is connected to the proxy."""
        departure.lacks = f"no connection to the proxy {proxy.address}"
        try:
            hosts = await self._resolve_host(proxy.host, proxy.port)
        except OSError:
            raise TunnelError(proxy, "was not found (DNS)", resolving=True) from None
        try:
            infos = self._convert_hosts_to_addr_infos(hosts)
            return await start_connection(
                infos, happy_eyeballs_delay=EYEBALLS_S, socket_factory=self._made
            )
        except OSError as error:
            raise TunnelError(proxy, "cannot be connected to", cause=error) from None


def _line(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return Line(loop)


async def connected(infos: Sequence[AddrInfoType], *, timeout_s: float) -> socket.socket:
    """A socket that is connected to the first of these addresses that answers; it does not block.

    `timeout_s` is how long its peer may leave unacknowledged what was sent. Raises OSError.
    """
    return await start_connection(
        infos,
        happy_eyeballs_delay=EYEBALLS_S,
        socket_factory=partial(_socket, timeout_s=timeout_s),
    )


class _Fenced(socket.socket):
    """A socket that asks before it gives anything to the system; asyncio gives by these two."""

    fence: Callable[[], None] = staticmethod(no_fence)

    def send(self, *given: Any) -> int:
        """As a socket's, if the fence lets it."""
        self.fence()
        return super().send(*given)

    def sendmsg(self, *given: Any) -> int:
        """As a socket's, if the fence lets it."""
        self.fence()
        return super().sendmsg(*given)


def _socket(
    info: AddrInfoType, *, timeout_s: float, fence: Callable[[], None] = no_fence
) -> socket.socket:
    family, kind, protocol = info[:3]
    made = _Fenced(family, kind, protocol)
    made.fence = fence
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROPS)
        if _USER_TIMEOUT is not None:
            made.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, max(1, round(timeout_s * 1000)))
    except OSError:
        made.close()
        raise
    return made
